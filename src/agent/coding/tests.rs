//! The adapters against transcripts that the real programs wrote, with a scripted model in the model's place.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::adapter::{Turn, TurnEnd};
use super::adapters::adapter;
use super::agent::{CodingAgent, judge};
use crate::agent::{Agent, AgentError, AgentEvent, Feedback, Limits, SessionId, Task, TaskKind};
use crate::config::{CodingAgentSpec, CodingKind};
use crate::plan::Claim;
use crate::process::{Ending, Environment};

fn task(folder: &Path) -> Task {
    Task {
        run: "r".into(),
        unit: "01-a".into(),
        instruction: "i".into(),
        prompt: "change a.js, and a b.txt".into(),
        claim: Claim {
            files: vec!["a.js".into()],
            create: Vec::new(),
        },
        worktree: folder.to_path_buf(),
        folder: folder.to_path_buf(),
        home: folder.join("home"),
        environment: Environment::for_worker(std::env::vars_os(), &[]),
        sandbox: crate::process::sandbox::Sandbox::off(),
        limits: Limits {
            time: Duration::from_secs(30),
            idle: None,
        },
        kind: TaskKind::Change,
        feedback: None,
    }
}

/// Reads a transcript, and returns its events and its end, one line each.
fn read_transcript(
    kind: CodingKind,
    transcript: &str,
    session: Option<&SessionId>,
    earlier: &[PathBuf],
) -> String {
    let folder = Path::new("/state");
    let mut reader = adapter(kind).reader(&Turn {
        task: &task(folder),
        model: Some("m"),
        prompt: folder,
        home: folder,
        session,
        earlier,
        keys: &[],
    });
    let mut events = Vec::new();
    for line in transcript.lines() {
        reader.line(line, &mut events);
    }
    let end = reader.end(&mut events);
    let mut lines: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
    lines.push(match end {
        Some(TurnEnd::Done { answer } | TurnEnd::Answered { answer }) => {
            format!("done: {answer:?}")
        }
        Some(TurnEnd::Paused { answer }) => format!("paused: {answer:?}"),
        Some(TurnEnd::Failed(error)) => format!("failed: {error:?}"),
        None => "no end".to_owned(),
    });
    lines.join("\n")
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
        let lines = read_transcript(kind, &transcript, None, &[]);
        writeln!(shown, "── {name}\n{lines}\n").unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_earlier_usage_of_a_session_is_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("1-transcript.jsonl");
    let first = concat!(
        r#"{"type":"turn.completed","#,
        r#""usage":{"input_tokens":2800,"cached_input_tokens":800,"output_tokens":60}}"#,
    );
    let second = concat!(
        r#"{"type":"turn.completed","#,
        r#""usage":{"input_tokens":5600,"cached_input_tokens":1800,"output_tokens":100}}"#,
    );
    std::fs::write(&earlier, first).unwrap();
    let lines = read_transcript(CodingKind::Codex, second, None, &[earlier]);
    let less = "input_tokens: Some(2800), cached_tokens: Some(1000), output_tokens: Some(40)";
    assert!(lines.contains(less), "{lines}");
}

/// The last line of a turn of Claude that read and wrote so much itself, with its totals and the cost so far.
fn claude_result(
    (read, wrote): (u64, u64),
    (read_in_all, wrote_in_all): (u64, u64),
    cost: f64,
) -> String {
    let begin = r#""type":"result","session_id":"s","is_error":false,"result":"ok","stop_reason":"end_turn""#;
    let usage = format!(r#""input_tokens":{read},"output_tokens":{wrote}"#);
    let cache = r#""cache_read_input_tokens":0,"cache_creation_input_tokens":0"#;
    let model = format!(r#""inputTokens":{read_in_all},"outputTokens":{wrote_in_all}"#);
    let model_cache = r#""cacheReadInputTokens":0,"cacheCreationInputTokens":0"#;
    format!(r#"{{{begin},"num_turns":2,"total_cost_usd":{cost},"usage":{{{usage},{cache}}},"#)
        + &format!(r#""modelUsage":{{"m":{{{model},{model_cache}}}}}}}"#)
}

#[test]
fn the_totals_of_a_continued_claude_session_are_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let session = SessionId("s".into());
    let earlier = folder.path().join("1-transcript.jsonl");
    std::fs::write(&earlier, claude_result((2800, 60), (2800, 60), 0.25)).unwrap();
    let own = "input_tokens: Some(1400), cached_tokens: Some(0), output_tokens: Some(30)";
    let used = |last: &str, earlier: &[PathBuf]| {
        read_transcript(CodingKind::Claude, last, Some(&session), earlier)
    };
    // 2.1.328 counts the session, 2.1.197 counts the turn.
    for in_all in [(4200, 90), (1400, 30)] {
        let cost = if in_all.0 == 4200 { 0.375 } else { 0.125 };
        let last = claude_result((1400, 30), in_all, cost);
        let lines = used(&last, std::slice::from_ref(&earlier));
        assert!(lines.contains(own), "{lines}");
        assert!(lines.contains("Usd { micros: 125000 }"), "{lines}");
    }
    // Where nobody knows what the session had used, the turn's own sum counts, and its cost is unknown.
    let lines = used(&claude_result((1400, 30), (4200, 90), 0.375), &[]);
    assert!(
        lines.contains(own) && lines.contains("cost: None"),
        "{lines}"
    );
}

#[test]
fn what_claude_reads_counts_while_it_works() {
    let usage = concat!(
        r#""input_tokens":1000,"cache_read_input_tokens":400,"#,
        r#""cache_creation_input_tokens":0,"output_tokens":1"#
    );
    let answer = |id: &str| {
        let message = format!(r#"{{"id":"{id}","usage":{{{usage}}},"content":[]}}"#);
        format!(r#"{{"type":"assistant","message":{message}}}"#)
    };
    let transcript = [answer("a"), answer("a"), answer("b")].join("\n");
    let lines = read_transcript(CodingKind::Claude, &transcript, None, &[]);
    let last =
        "turns: Some(2), input_tokens: Some(2800), cached_tokens: Some(800), output_tokens: None";
    assert!(lines.contains(last), "{lines}");
}

#[test]
fn each_item_of_codex_counts_as_a_turn_unless_another_one_is_under_way() {
    let item = |kind: &str, id: u32| {
        format!(
            r#"{{"type":"item.{kind}","item":{{"id":"{id}","type":"command_execution","command":"true"}}}}"#
        )
    };
    let transcript = [
        item("started", 1),
        item("started", 2),
        item("completed", 1),
        item("completed", 2),
        item("started", 3),
    ];
    let lines = read_transcript(CodingKind::Codex, &transcript.join("\n"), None, &[]);
    assert!(
        lines.contains("turns: Some(2)") && !lines.contains("turns: Some(3)"),
        "{lines}"
    );
}

#[tokio::test]
async fn an_agent_that_is_refused_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"cat >/dev/null
echo '{"type":"system","subtype":"api_retry","attempt":1,"error_status":401,"error":"authentication_failed"}'
sleep 600"#;
    let agent = stand_in(folder.path(), script);
    let task = task(folder.path());
    let cancel = CancellationToken::new();
    let error = agent
        .work(&task, &mpsc::channel(16).0, &cancel)
        .await
        .unwrap_err();
    let said = "the agent is not logged in, or its key is wrong: authentication_failed";
    assert_eq!(error.to_string(), said);
    assert!(!cancel.is_cancelled());
}

#[test]
fn the_first_refusal_is_known_though_the_program_tries_again() {
    let folder = Path::new("/state");
    let task = task(folder);
    for (name, kind, transcript) in transcripts() {
        let retries = matches!(
            kind,
            CodingKind::Claude | CodingKind::Codex | CodingKind::Copilot
        );
        if !(retries && name.ends_with("bad-key")) {
            continue;
        }
        let mut reader = adapter(kind).reader(&Turn {
            task: &task,
            model: None,
            prompt: folder,
            home: folder,
            session: None,
            earlier: &[],
            keys: &[],
        });
        let mut lines = transcript.lines();
        let refusal = lines.find_map(|line| {
            reader.line(line, &mut Vec::new());
            reader.refusal()
        });
        let said = refusal.map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("or its key is wrong"), "{name}: {said}");
        // The program goes on to try.
        assert!(lines.any(|line| line.contains("401")), "{name}");
    }
}

#[test]
fn a_key_that_was_right_is_not_refused_at_once() {
    let folder = Path::new("/state");
    let task = task(folder);
    let mut reader = adapter(CodingKind::Claude).reader(&Turn {
        task: &task,
        model: None,
        prompt: folder,
        home: folder,
        session: None,
        earlier: &[],
        keys: &[],
    });
    for line in [
        r#"{"type":"assistant","message":{"id":"a","content":[]}}"#,
        r#"{"type":"system","subtype":"api_retry","attempt":1,"error_status":401,"error":"authentication_failed"}"#,
    ] {
        reader.line(line, &mut Vec::new());
    }
    assert!(reader.refusal().is_none());
}

#[test]
fn a_usage_file_is_read_at_the_end_and_without_the_earlier_usage_of_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let report = |input: u64| {
        let usage = format!(
            concat!(
                r#"{{"modelMetrics":{{"m":{{"#,
                r#""usage":{{"inputTokens":{input},"cacheReadTokens":400,"outputTokens":30}}}}}}}}"#,
            ),
            input = input,
        );
        std::fs::write(folder.path().join("copilot-usage.json"), usage).unwrap();
    };
    let session = SessionId("s".into());
    let used = |session| {
        report(1400);
        let mut reader = adapter(CodingKind::Copilot).reader(&Turn {
            task: &task(folder.path()),
            model: None,
            prompt: folder.path(),
            home: folder.path(),
            session,
            earlier: &[],
            keys: &[],
        });
        report(4200);
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
        Some(TurnEnd::Done {
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
        let answered = Some(TurnEnd::Answered { answer: None });
        assert!(judged(killed, answered).contains("something outside batch killed the agent"));
        let refused = Some(TurnEnd::Failed(AgentError::Cancelled));
        assert_eq!(judged(killed, refused), "stopped");
    }
    let other = "the agent failed: ended by SIGSEGV";
    assert_eq!(judged(Ending::Signal(11), None), other);
}

#[test]
fn a_task_without_changes_has_an_invocation_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for kind in CodingKind::ALL {
        let started = |kind_of_task: TaskKind| {
            let mut task = task(folder);
            task.kind = kind_of_task;
            let turn = Turn {
                task: &task,
                model: None,
                prompt: folder,
                home: folder,
                session: None,
                earlier: &[],
                keys: &[],
            };
            format!("{:?}", adapter(kind).invocation(&turn).unwrap())
        };
        assert_ne!(
            started(TaskKind::Answer),
            started(TaskKind::Change),
            "{kind}"
        );
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
async fn an_agent_reads_its_prompt_sees_only_its_own_key_and_continues_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"cat >prompt; echo "$ANTHROPIC_API_KEY/$OPENAI_API_KEY $*" >seen
echo '{"type":"system","subtype":"init","session_id":"s1"}'
echo 'not for us'
echo '{"type":"result","is_error":false,"result":"well done","stop_reason":"end_turn","num_turns":2}'"#;
    let agent = stand_in(folder.path(), script);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let mut task = task(folder.path());
    let (events, mut reported) = mpsc::channel(16);
    let cancel = CancellationToken::new();
    let work = agent.work(&task, &events, &cancel).await.unwrap();
    assert_eq!(work.summary.as_deref(), Some("well done"));
    assert_eq!(work.session, Some(SessionId("s1".into())));
    assert_eq!(work.usage.turns, Some(2));
    assert!(matches!(
        reported.recv().await,
        Some(AgentEvent::Session(_))
    ));
    assert!(read("prompt").contains("a.js"));
    assert!(read("seen").starts_with("mine/ -p "));

    task.feedback = Some(Feedback {
        session: work.session,
        text: "the tests fail".into(),
    });
    agent.work(&task, &events, &cancel).await.unwrap();
    assert_eq!(read("prompt"), "the tests fail");
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
        read_transcript(CodingKind::ALL[reader], &broken, None, &[]);
    }
}

#[test]
fn claude_tells_the_end_of_a_limit_apart_from_its_message() {
    let soon = jiff::Timestamp::now().as_second() + 7_200;
    let limited = |status: &str| {
        let transcript = format!(
            r#"{{"type":"rate_limit_event","rate_limit_info":{{"status":"{status}","resetsAt":{soon}}}}}
{{"type":"result","is_error":true,"api_error_status":429,"result":"You've hit your session limit"}}"#
        );
        read_transcript(CodingKind::Claude, &transcript, None, &[])
    };
    let told = limited("rejected");
    assert!(told.contains("wait: Some(7199"), "{told}");
    let warned = limited("allowed_warning");
    assert!(warned.contains("wait: None"), "{warned}");
}
