//! What the readers make of transcripts that the real programs wrote, with a scripted model in the model's place.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::agent::{Errand, Feedback, Limits};
use crate::plan::Claim;
use crate::process::Environment;

fn task(folder: &Path) -> Task {
    Task {
        run: "r".into(),
        unit: "01-a".into(),
        title: "a".into(),
        instruction: "i".into(),
        prompt: "change a.js, and a b.txt".into(),
        claim: Claim {
            files: vec!["a.js".into()],
            create: Vec::new(),
        },
        worktree: folder.to_path_buf(),
        folder: folder.to_path_buf(),
        environment: Environment::for_worker(std::env::vars_os(), &[]),
        limits: Limits {
            time: Duration::from_secs(30),
            idle: None,
        },
        errand: Errand::Change,
        follow_up: None,
    }
}

/// The events of a transcript and its end, one line each.
fn understood(kind: CodingKind, transcript: &str, earlier: Option<&Path>) -> String {
    let folder = Path::new("/state");
    let mut reader = cli(kind).reader(&Ask {
        task: &task(folder),
        model: Some("m"),
        prompt: folder,
        home: folder,
        session: None,
        earlier,
        keys: &[],
    });
    let mut events = Vec::new();
    for line in transcript.lines() {
        reader.line(line, &mut events);
    }
    let end = reader.end(&mut events);
    let mut told: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
    told.push(match end {
        Some(End::Done { answer } | End::Answered { answer }) => format!("done: {answer:?}"),
        Some(End::Failed(error)) => format!("failed: {error:?}"),
        None => "no end".to_owned(),
    });
    told.join("\n")
}

fn transcripts() -> Vec<(String, CodingKind, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/agent/coding/transcripts");
    let mut all: Vec<(String, CodingKind, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let kind = CodingKind::ALL
                .into_iter()
                .find(|kind| name.starts_with(&kind.to_string()))
                .unwrap();
            (name, kind, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn every_transcript_is_understood() {
    let mut shown = String::new();
    for (name, kind, transcript) in transcripts() {
        let told = understood(kind, &transcript, None);
        writeln!(shown, "── {name}\n{told}\n").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_a_session_used_before_is_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("1-transcript.jsonl");
    let first = r#"{"type":"turn.completed","usage":{"input_tokens":2800,"cached_input_tokens":800,"output_tokens":60}}"#;
    let second = r#"{"type":"turn.completed","usage":{"input_tokens":5600,"cached_input_tokens":1800,"output_tokens":100}}"#;
    std::fs::write(&earlier, first).unwrap();
    let told = understood(CodingKind::Codex, second, Some(&earlier));
    let less = "input_tokens: Some(2800), cached_tokens: Some(1000), output_tokens: Some(40)";
    assert!(told.contains(less), "{told}");
}

#[test]
fn what_is_told_in_a_file_is_read_at_the_end_and_less_what_the_session_used_before() {
    let folder = tempfile::tempdir().unwrap();
    let tell = |input: u64| {
        let told = format!(
            r#"{{"modelMetrics":{{"m":{{"usage":{{"inputTokens":{input},"cacheReadTokens":400,"outputTokens":30}}}}}}}}"#
        );
        std::fs::write(folder.path().join("copilot-usage.json"), told).unwrap();
    };
    let session = SessionId("s".into());
    let used = |session| {
        tell(1400);
        let mut reader = cli(CodingKind::Copilot).reader(&Ask {
            task: &task(folder.path()),
            model: None,
            prompt: folder.path(),
            home: folder.path(),
            session,
            earlier: None,
            keys: &[],
        });
        tell(4200);
        let mut events = Vec::new();
        reader.line(r#"{"type":"result","exitCode":0}"#, &mut events);
        reader.end(&mut events);
        match events.pop() {
            Some(AgentEvent::Usage(used)) => (used.input_tokens, used.cached_tokens),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(used(None), (Some(4200), Some(400)));
    assert_eq!(used(Some(&session)), (Some(2800), Some(0)));
}

#[test]
fn an_exit_code_alone_is_no_success() {
    let done = || {
        Some(End::Done {
            answer: Some(" ok \n".into()),
        })
    };
    let judged = |ending, end| match judge(ending, end, "t".into()) {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    };
    assert_eq!(judged(Ending::Exit(0), done()), "Some(\"ok\")");
    assert!(judged(Ending::Exit(0), None).contains("without saying that it was done"));
    assert!(judged(Ending::Exit(1), done()).contains("exit code 1"));
    assert_eq!(judged(Ending::Cancelled, done()), "stopped");
    for killed in [Ending::Signal(9), Ending::Exit(137)] {
        assert!(judged(killed, None).contains("something outside batch killed the agent"));
        assert_eq!(judged(killed, done()), "Some(\"ok\")");
        let answered = Some(End::Answered { answer: None });
        assert!(judged(killed, answered).contains("something outside batch killed the agent"));
        let refused = Some(End::Failed(AgentError::Cancelled));
        assert_eq!(judged(killed, refused), "stopped");
    }
    let other = "the agent failed: ended by SIGSEGV";
    assert_eq!(judged(Ending::Signal(11), None), other);
}

#[test]
fn whoever_is_to_change_nothing_is_started_otherwise_than_for_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for kind in CodingKind::ALL {
        let started = |errand| {
            let mut task = task(folder);
            task.errand = errand;
            let ask = Ask {
                task: &task,
                model: None,
                prompt: folder,
                home: folder,
                session: None,
                earlier: None,
                keys: &[],
            };
            format!("{:?}", cli(kind).invocation(&ask).unwrap())
        };
        assert_ne!(started(Errand::Answer), started(Errand::Change), "{kind}");
    }
}

/// A program that stands in for the real one.
fn stand_in(folder: &Path, script: &str) -> CodingAgent {
    let path = folder.join("stand-in");
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    let spec = CodingAgentSpec {
        kind: CodingKind::Claude,
        command: vec![path.to_str().unwrap().to_owned()],
        model: Some("m".into()),
        args: vec!["--extra".into()],
    };
    let parent = [
        ("ANTHROPIC_API_KEY", "mine"),
        ("OPENAI_API_KEY", "another's"),
    ];
    let parent = parent.map(|(name, value)| (name.into(), value.into()));
    CodingAgent::new(&spec, &BTreeMap::new(), folder, parent.into_iter()).unwrap()
}

#[tokio::test]
async fn it_reads_its_prompt_sees_its_own_key_only_and_goes_on_in_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"cat >told; echo "$ANTHROPIC_API_KEY/$OPENAI_API_KEY $*" >seen
echo '{"type":"system","subtype":"init","session_id":"s1"}'
echo 'not for us'
echo '{"type":"result","is_error":false,"result":"well done","stop_reason":"end_turn","num_turns":2}'"#;
    let agent = stand_in(folder.path(), script);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let mut task = task(folder.path());
    let (events, mut heard) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let work = agent.work(&task, &events, &cancel).await.unwrap();
    assert_eq!(work.summary.as_deref(), Some("well done"));
    assert_eq!(work.session, Some(SessionId("s1".into())));
    assert_eq!(work.usage.turns, Some(2));
    assert!(matches!(heard.recv().await, Some(AgentEvent::Session(_))));
    assert!(read("told").contains("a.js"));
    assert!(read("seen").starts_with("mine/ -p "));

    task.follow_up = Some(Feedback {
        session: work.session,
        text: "the tests fail".into(),
    });
    agent.work(&task, &events, &cancel).await.unwrap();
    assert_eq!(read("told"), "the tests fail");
    assert!(read("seen").contains("--resume s1 --extra"));
    assert_eq!(read("transcript.jsonl"), read("1-transcript.jsonl"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_line_breaks_a_reader(
        reader in 0..CodingKind::ALL.len(),
        transcript in proptest::sample::select(transcripts()),
        cut in 0_usize..4000,
        junk in ".{0,40}",
    ) {
        // Also when the transcript is another agent's.
        let (_, _, transcript) = transcript;
        let cut = (0..=cut.min(transcript.len()))
            .rev()
            .find(|at| transcript.is_char_boundary(*at));
        let broken = format!("{}{junk}\n{transcript}", &transcript[..cut.unwrap_or(0)]);
        understood(CodingKind::ALL[reader], &broken, None);
    }
}
