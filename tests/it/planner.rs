//! Plans that an agent is asked for: it reads the base in a place of its own, and what it proposes is made a plan that
//! holds, or is not used.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::support::gate::read;
use crate::support::session::Session;
use crate::support::{Output, Repo};

/// A proposal for six packages, with a little of everything that has to be mended.
const PROPOSAL: &str = r#"{
  "units": [
    {
      "title": "Helpers first",
      "files": ["packages/p0/index.js"],
      "description": "Write sign() here.",
      "create": ["packages/p0/sign.js"]
    },
    {
      "title": "The middle",
      "files": ["packages/p1/index.js", "packages/p2/", "packages/p0/index.js"],
      "needs": ["The end"]
    },
    {
      "title": "The end",
      "files": ["packages/p3/index.js", "packages/gone.js", "../etc/passwd"],
      "needs": ["The middle"]
    }
  ],
  "left_out": [{"files": ["packages/p4/index.js"], "reason": "is signed already"}],
  "prerequisite": "Helpers first",
  "key_files": [{"path": "README.md", "why": "says how to sign"}],
  "conventions": ["Sign with two slashes."],
  "recipe": "grep -r signed packages"
}"#;

/// The words that plan by an agent of this shell text.
fn asking(repo: &Repo, agent: &str, more: &[&str]) -> Vec<String> {
    let agent = repo.program("agent", agent);
    let mut args = vec!["plan", "packages/", "sign every file", "--planner", "agent"];
    let agent = agent.to_string_lossy();
    args.extend(["--units", "2..6", "--agent-cmd", &*agent]);
    args.extend_from_slice(more);
    args.into_iter().map(str::to_owned).collect()
}

/// What agents answer with by the word `answer`.
fn is_to_propose(repo: &Repo, text: &str) {
    fs::write(repo.root().join("answer"), text).expect("the answer");
}

/// Proposes what it is to propose.
const PROPOSES: &str = r#"cp "$here/answer" "$BATCH_PROPOSAL_FILE""#;

/// Proposes, and changes what it reads, which is nobody's.
const PROPOSES_AND_SPOILS: &str = r#"
cp "$here/answer" "$BATCH_PROPOSAL_FILE"
echo broken >packages/p0/index.js
rm packages/p1/index.js
test ! -e batch.toml"#;

/// Answers in prose, then in JSON that does not fit, and then as it is wanted: on standard output, among words.
const LEARNS: &str = r#"
if [ -z "${BATCH_FEEDBACK_FILE-}" ]; then
    echo "I would cut it in {two}."
    exit
fi
cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
if [ "$(grep -c . "$here/told")" = 1 ]; then
    echo '{"units": [{"title": "x"}]}'
    exit
fi
echo "Here it is:"
echo '```json'
cat "$here/answer"
echo '```'"#;

/// Tells that it reads, and never ends.
const READS_FOREVER: &str = r#"
echo >"$here/begun"
wait_forever"#;

/// Proposes where it is asked to, and signs otherwise.
const PROPOSES_THEN_SIGNS: &str = r#"
if [ -n "${BATCH_PROPOSAL_FILE-}" ]; then
    cp "$here/answer" "$BATCH_PROPOSAL_FILE"
    exit
fi
sign"#;

/// Only the user's own checkout is left, and nothing beside it.
#[track_caller]
fn leaves_nothing(repo: &Repo) {
    let worktrees = repo.git(["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
    assert!(!repo.worktrees().exists());
}

/// The plan was made without a proposal, for this reason.
#[track_caller]
fn follows_the_imports(repo: &Repo, output: &Output, reason: &str) {
    output.says("so the units follow the imports").says(reason);
    assert!(repo.read("plan.toml").contains("01-packages-p0"));
    assert!(!repo.read("plan.toml").contains("[research]"));
    leaves_nothing(repo);
}

#[test]
fn a_proposal_becomes_a_plan_that_holds_and_every_repair_is_said() {
    let repo = Repo::with_packages(6);
    let before = repo.snapshot();
    is_to_propose(&repo, PROPOSAL);
    let asking = asking(&repo, PROPOSES_AND_SPOILS, &[]);
    let output = repo.batch(asking).exits(0);
    assert_snapshot!(output, @r#"
    $ batch plan packages/ 'sign every file' --planner agent --units 2..6 --agent-cmd [TMP]/agent
    ! command: [TMP]/agent reads the base to propose the units (--planner graph plans without an agent)
    ! command: [TMP]/agent proposed 3 units (its usage is not known); its output is in \
    !     [TMP]/repo/.git/batch/research/[RUN]
    !   repaired: packages/gone.js ("The end") is dropped: the base has no such file
    !   repaired: ../etc/passwd ("The end") is dropped: it is not a path from the root of the repository
    !   repaired: packages/p0/index.js was in "Helpers first" and "The middle": it is now only in \
    !     "Helpers first"
    !   repaired: 1 file was in no unit and tied to none: put together as without the proposal \
    !     (packages/p5/index.js)
    !   repaired: "The end" cannot need "The middle", which needs it: the need is dropped
    ! plan · 3 units, 5 files
    ! sign every file
    ! base   origin/main ([SHORT])
    ! plan   command: [TMP]/agent
    ! agent  command: [TMP]/agent
    ! waves  1 unit, then 1, then 1
    !
    !  unit │ title │ files │ lines │ needs
    ! ──┼──┼──┼──┼──
    !  01-helpers-first │ Helpers first │ 1 │ 1 │
    !  02-the-middle │ The middle │ 2 │ 2 │ 03-the-end
    !  03-the-end │ The end │ 2 │ 2 │ 01-helpers-first
    !
    ! left out: 1 file
    !   is signed already (1): packages/p4/index.js
    !
    ! Saved as plan.toml. Run it with: batch run plan.toml
    "#);
    leaves_nothing(&repo);
    let plan = repo.read("plan.toml");
    let research = plan.split("[research]").nth(1).expect("the research");
    let research = research.replace(&*repo.root().to_string_lossy(), "[TMP]");
    assert_snapshot!(
        research,
        @r#"
    by = "command: [TMP]/agent"
    conventions = [
      "Sign with two slashes.",
      "README.md: says how to sign",
    ]
    recipe = "grep -r signed packages"

    # 1 file, 1 line, 12 bytes
    [[unit]]
    id = "01-helpers-first"
    title = "Helpers first"
    description = "Write sign() here."
    files = [
      "packages/p0/index.js",
    ]
    # Where it may create files: below a folder (with a closing /), or at an exact path.
    create = [
      "packages/p0/sign.js",
    ]

    # 2 files, 2 lines, 24 bytes
    [[unit]]
    id = "02-the-middle"
    title = "The middle"
    # Starts only when these are finished.
    needs = [
      "03-the-end",
    ]
    files = [
      "packages/p1/index.js",
      "packages/p2/index.js",
    ]

    # 2 files, 2 lines, 24 bytes
    [[unit]]
    id = "03-the-end"
    title = "The end"
    # Starts only when these are finished.
    needs = [
      "01-helpers-first",
    ]
    files = [
      "packages/p3/index.js",
      "packages/p5/index.js",
    ]

    # These files match too, but are in no unit. Only a record.

    [[left-out]]
    reason = "is signed already"
    files = [
      "packages/p4/index.js",
    ]
    "#
    );
    fs::remove_file(repo.dir().join("plan.toml")).expect("the plan");
    assert_eq!(before, repo.snapshot());
    let record = fs::read_to_string(&repo.state_files("research.json")[0]).expect("a record");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    assert_eq!(record["fault"], serde_json::Value::Null);
    assert!(
        record["repairs"]
            .as_array()
            .is_some_and(|all| all.len() > 3)
    );
}

#[test]
fn an_answer_that_cannot_be_used_is_asked_for_again_with_the_fault() {
    let repo = Repo::with_packages(6);
    is_to_propose(&repo, PROPOSAL);
    let output = repo.batch(asking(&repo, LEARNS, &[])).exits(0);
    output.says("proposed 3 units");
    let told = fs::read_to_string(repo.root().join("told")).expect("what it was told");
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].contains("there is no JSON object with \"units\""),
        "{told}"
    );
    assert!(lines[1].contains("missing field `files`"), "{told}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn after_three_useless_answers_the_imports_decide() {
    let repo = Repo::with_packages(6);
    let asking = asking(&repo, "note asked; echo no", &[]);
    let output = repo.batch(asking).exits(0);
    follows_the_imports(&repo, &output, "its answer could not be used, 3 times");
    assert_eq!(repo.worked(), ["asked"; 3]);
}

#[test]
fn an_agent_that_fails_is_told_of_and_the_imports_decide() {
    for (agent, more, reason) in [
        (
            "echo no key >&2; exit 77",
            vec![],
            "not logged in, or its key is wrong: no key",
        ),
        (
            "echo slow down >&2; exit 75",
            vec![],
            "limits the rate of requests: slow down",
        ),
        ("exit 3", vec![], "the agent failed: exit code 3"),
        (
            "wait_forever",
            vec!["--agent-timeout", "300ms"],
            "it was not done within",
        ),
    ] {
        let repo = Repo::with_packages(6);
        repo.fifo("never");
        let output = repo.batch(asking(&repo, agent, &more)).exits(0);
        follows_the_imports(&repo, &output, reason);
    }
}

/// The program while its agent reads.
fn reading(repo: &Repo) -> Session {
    let begun = repo.fifo("begun");
    repo.fifo("never");
    let session = repo.start(asking(repo, READS_FOREVER, &[]));
    read(&begun);
    session
}

#[test]
fn ctrl_c_ends_the_research_and_nothing_is_planned() {
    let repo = Repo::with_packages(6);
    let session = reading(&repo);
    session.interrupt();
    let output = session.finish().exits(130);
    output.says("interrupted, so nothing was planned");
    assert!(!repo.dir().join("plan.toml").exists());
    leaves_nothing(&repo);
}

/// A repository in which the program was killed while its agent read.
fn killed() -> Repo {
    let repo = Repo::with_packages(6);
    reading(&repo).kill();
    assert!(repo.worktrees().exists());
    repo
}

#[test]
fn what_a_killed_research_left_is_taken_away_by_the_next() {
    let repo = killed();
    is_to_propose(&repo, PROPOSAL);
    let _ = repo.batch(asking(&repo, PROPOSES, &[])).exits(0);
    leaves_nothing(&repo);
}

#[test]
fn what_a_killed_research_left_is_cleaned_away() {
    let repo = killed();
    let dry = repo.batch(["clean", "--dry-run"]).exits(0);
    dry.says("would delete: [TMP]/repo.batch/");
    let _ = repo.batch(["clean", "--older-than", "1d"]).exits(0);
    assert!(repo.worktrees().exists());
    repo.batch(["clean"])
        .exits(0)
        .says("deleted: [TMP]/repo.batch/");
    leaves_nothing(&repo);
}

#[test]
fn what_was_found_out_reaches_the_agents_that_work() {
    let repo = Repo::with_packages(6);
    is_to_propose(&repo, PROPOSAL);
    let migrate = repo.migrate().agent(PROPOSES_THEN_SIGNS);
    let planned = migrate.with(["--planner", "agent", "--units", "2..6"]);
    let output = planned.run().exits(0);
    output.says("3 of 3 units published");
    let prompts: Vec<String> = repo
        .state_files("prompt.md")
        .iter()
        .filter(|path| path.to_string_lossy().contains("/runs/"))
        .map(|path| fs::read_to_string(path).expect("a prompt"))
        .collect();
    assert_eq!(prompts.len(), 3);
    for prompt in &prompts {
        assert!(
            prompt.contains("- Sign with two slashes.\n- README.md: says how to sign\n"),
            "{prompt}"
        );
        assert!(prompt.contains("> grep -r signed packages"), "{prompt}");
    }
    let with_description = prompts
        .iter()
        .filter(|prompt| prompt.contains("> Write sign() here."));
    assert_eq!(with_description.count(), 1);
}

#[test]
fn what_cannot_plan_is_refused() {
    let repo = Repo::with_packages(2);
    let codemod = ["--regex", "var", "--to", "let"];
    let plan = ["plan", "packages/", "x", "--planner", "agent"];
    let mut seen = repo.transcript();
    seen.batch(plan.iter().chain(&codemod));
    seen.batch(plan);
    assert_snapshot!(seen, @r"
    $ batch plan packages/ x --planner agent --regex var --to let
    ! error: a codemod reads nothing, so it cannot plan: give --planner graph, or name a coding agent or \
    !     a command
    [exit code 2]

    $ batch plan packages/ x --planner agent
    ! error: no agent was named: give --agent claude (or codex, gemini, opencode, aider, copilot, auto), \
    !     --agent-cmd 'program args', or a codemod (--rewrite … --to …, --regex … --to …, --rule FILE), or an \
    !     [agent] table in batch.toml
    [exit code 2]
    ");
    assert!(!repo.dir().join("plan.toml").exists());
}

/// Stands for claude: it keeps how it was started, and prints a transcript.
const CLAUDE: &str = r#"
echo "$@" >>"$here/args"
cat >/dev/null
cat "$here/transcript""#;

/// The path of such a program whose answer is the proposal.
fn claude(repo: &Repo) -> String {
    let begun = json!({ "type": "system", "subtype": "init", "session_id": "s1" });
    let ended = json!({
        "type": "result",
        "subtype": "success",
        "is_error": false,
        "num_turns": 4,
        "result": format!("Here:\n```json\n{PROPOSAL}\n```"),
        "stop_reason": "end_turn",
        "session_id": "s1",
        "total_cost_usd": 0.31,
        "usage": {
            "input_tokens": 40_000,
            "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 0,
            "output_tokens": 2_000
        }
    });
    let transcript = format!("{begun}\n{ended}\n");
    fs::write(repo.root().join("transcript"), transcript).expect("the transcript");
    repo.program("claude", CLAUDE).display().to_string()
}

#[test]
fn a_coding_agent_is_asked_unless_that_is_not_wanted() {
    let repo = Repo::with_packages(6);
    let claude = claude(&repo);
    let plan = |more: &[&str]| {
        let args = [
            "plan",
            "packages/",
            "sign",
            "--agent",
            "claude",
            "--force",
            "--units",
            "2..6",
        ];
        let args = args
            .into_iter()
            .chain(["--agent-cmd", &claude])
            .chain(more.iter().copied());
        repo.batch(args.map(str::to_owned).collect::<Vec<_>>())
            .exits(0)
    };
    let started = || fs::read_to_string(repo.root().join("args")).unwrap_or_default();
    plan(&["--planner", "graph"]);
    plan(&["--by", "folder"]);
    assert_eq!(started(), "");
    let output = plan(&[]);
    output
        .says("claude reads the base to propose the units (--planner graph plans without an agent)")
        .says("claude proposed 3 units (43k tokens (2% of the input from a cache), 4 turns, $0.31)")
        .says("plan   claude: 43k tokens");
    let args = started();
    assert!(
        args.contains("--tools Read,Grep,Glob") && !args.contains("--dangerously"),
        "{args}"
    );
    assert!(
        repo.state_files("transcript.jsonl")[0]
            .to_string_lossy()
            .contains("/research/")
    );
    leaves_nothing(&repo);
}
