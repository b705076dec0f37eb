//! What agents do to a worktree, of all kinds: each is published, or kept and told, and never more than its own unit.

use insta::assert_snapshot;

use crate::support::agents::NEVER_DONE;
use crate::support::{Output, Repo, SIGN};

/// The one branch that was pushed.
#[track_caller]
fn only_branch(repo: &Repo) -> String {
    let mut branches = repo.pushed();
    assert_eq!(branches.len(), 1, "{branches:?}");
    branches.remove(0)
}

/// The one unit failed, and nothing was pushed. Gives what a person sees at the end.
#[track_caller]
fn failed(repo: &Repo, output: Output) -> String {
    let output = output.exits(1);
    assert_eq!(repo.pushed(), Vec::<String>::new());
    output.printed()
}

/// Commits its work, leaves its branch, and works on.
const COMMITS: &str = "
sign
git add --all
commit_as_agent mine
git checkout --quiet --detach
echo '// and more' >>packages/p0/index.js";

#[test]
fn a_commit_of_its_own_becomes_the_units_one_commit() {
    let repo = Repo::with_packages(1);
    let _ = repo.migrate().agent(COMMITS).run().exits(0);

    let branch = only_branch(&repo);
    repo.git(["fetch", "--quiet"]);
    let log = repo.git(["log", "--format=%an: %B", &format!("main..origin/{branch}")]);
    assert_eq!(log.matches("Batch-Unit:").count(), 1, "{log}");
    assert!(log.starts_with("Ada: ") && !log.contains("mine"), "{log}");
    assert_eq!(
        repo.published(&branch, "packages/p0/index.js"),
        "var p0 = 0;\n// signed\n// and more"
    );
}

#[test]
fn a_claimed_file_may_be_deleted() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .agent(r#"xargs -0 rm <"$BATCH_FILES""#)
        .run()
        .exits(0);
    assert_eq!(
        repo.published_changes(&only_branch(&repo)),
        "D\tpackages/p0/index.js"
    );
}

#[test]
fn a_claimed_file_may_be_renamed_where_files_may_be_created() {
    let repo = Repo::with_packages(1);
    let agent = "
mkdir packages/p0/src
mv packages/p0/index.js packages/p0/src/main.js";
    let _ = repo.migrate().agent(agent).run().exits(0);
    assert_eq!(
        repo.published_changes(&only_branch(&repo)),
        "D\tpackages/p0/index.js\nA\tpackages/p0/src/main.js"
    );
}

#[test]
fn a_file_renamed_to_elsewhere_is_outside() {
    let repo = Repo::with_packages(1);
    let output = repo
        .migrate()
        .agent("mv packages/p0/index.js index.js")
        .with(["--scope", "listed"])
        .run();
    assert_snapshot!(failed(&repo, output), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at scope
      it changed what is not its own, so nothing of it is published:
        index.js: this unit may not create files there
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

#[test]
fn a_symlink_that_leads_out_is_not_published() {
    let repo = Repo::with_packages(1);
    let output = repo
        .migrate()
        .agent("sign; ln -s ../../../secrets packages/p0/notes")
        .run();
    assert_snapshot!(failed(&repo, output), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at scope
      it changed what is not its own, so nothing of it is published:
        packages/p0/notes: a symlink that leads out of the repository is never published
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

/// Makes a repository with a commit in its unit's folder.
const MAKES_A_REPOSITORY: &str = "
git init --quiet packages/p0/inner
cd packages/p0/inner
echo x >x
git add x
commit_as_agent inner";

#[test]
fn a_repository_in_the_repository_is_not_published() {
    let repo = Repo::with_packages(1);
    let output = repo.migrate().agent(MAKES_A_REPOSITORY).run();
    assert_snapshot!(failed(&repo, output), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at scope
      it changed what is not its own, so nothing of it is published:
        packages/p0/inner: a repository inside the repository is never published
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

#[test]
fn an_agent_that_changes_nothing_publishes_nothing() {
    let repo = Repo::with_packages(1);
    let output = repo
        .migrate()
        .agent(r#"echo 'nothing to do' >"$BATCH_SUMMARY_FILE""#)
        .run()
        .exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ no change │ – │ – │ [DURATION]

    – 01-packages-p0-index-js needed no change: nothing to do

    0 of 1 unit published, 1 without change · [DURATION]
    ");
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

#[test]
fn an_agent_that_takes_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    repo.fifo("never");
    let output = repo
        .migrate()
        .agent(NEVER_DONE)
        .with(["--agent-timeout", "1s"])
        .run();
    assert_snapshot!(failed(&repo, output), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at agent
      stopped because it was not done within [DURATION]
        │ waiting for word
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/agent.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

#[test]
fn all_agents_of_a_run_are_told_the_same_first() {
    let repo = Repo::with_packages(3);
    repo.write(
        ".batch/prompts/unit.md",
        "# Yours: {{ files | join(' ') }}\n",
    );
    repo.write(".git/info/exclude", "/.batch\n");
    let migrate = || repo.migrate().agent(SIGN).units(3);
    // Agents obey it, so it needs an approval.
    let hash = migrate().run().exits(3).hash_to_approve();
    let _ = migrate().with(["--approve", &hash]).run().exits(0);

    let prompts: Vec<String> = repo
        .state_files("prompt.md")
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a prompt"))
        .collect();
    assert_eq!(prompts.len(), 3);
    let common = |prompt: &str| prompt.split("# Yours: ").next().map(str::to_owned);
    assert!(
        prompts
            .iter()
            .all(|prompt| common(prompt) == common(&prompts[0]))
    );
    for (number, prompt) in prompts.iter().enumerate() {
        let own = format!("# Yours: packages/p{number}/index.js\n");
        assert!(
            prompt.contains("## The change") && prompt.ends_with(&own),
            "{prompt}"
        );
    }
}

#[test]
fn an_agent_may_say_that_there_is_nothing_to_do() {
    let repo = Repo::with_packages(1);
    let agent = r#"echo 'none — all is signed' >"$BATCH_SUMMARY_FILE""#;
    let output = repo.migrate().agent(agent).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ no change │ – │ – │ [DURATION]

    – 01-packages-p0-index-js needed no change: all is signed

    0 of 1 unit published, 1 without change · [DURATION]
    ");
}

/// Signs, and says that this was not all.
const GIVES_UP: &str = r#"
sign
echo 'failed — there is no compiler' >"$BATCH_SUMMARY_FILE""#;

#[test]
fn an_agent_may_say_that_it_cannot_do_its_part() {
    let repo = Repo::with_packages(1);
    let output = repo.migrate().agent(GIVES_UP).run().exits(1);
    output.says("the agent gave up: there is no compiler");
    output.says("0 of 1 unit published, 1 failed");
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

/// Signs, and says what that took.
const COUNTS: &str = r#"
sign
use_up '"turns": 2, "input_tokens": 1000, "output_tokens": 500, "cost_usd": 0.25'"#;

#[test]
fn what_agents_used_up_stands_in_the_report() {
    let repo = Repo::with_packages(2);
    let output = repo.migrate().agent(COUNTS).units(2).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION] │ 1.5k │ $0.25
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION] │ 1.5k │ $0.25

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    2 of 2 units published · [DURATION] · 3k tokens, 4 turns, $0.50
    ");
    let report = repo.report();
    assert_eq!(report["usage"]["input_tokens"], 2000);
    assert_eq!(report["usage"]["cached_tokens"], serde_json::Value::Null);
    assert_eq!(report["usage"]["cost_usd"], 0.5);
}

/// Starts a process in a session of its own, and ends before it.
const LEAVES_A_PROCESS: &str = r#"
sign
setsid sh -c 'echo $$ >"$0"; exec sleep 600' "$here/left.pid" >/dev/null 2>&1 &
until [ -s "$here/left.pid" ]; do sleep 0.01; done"#;

/// Fails while that process works. A zombie is gone too; nobody may have collected it yet.
const IS_GONE: &str = r#"
! grep -q '^State:.[^Z]' "/proc/$(cat "$here/left.pid")/status" 2>/dev/null"#;

#[test]
fn what_an_agent_leaves_running_in_a_session_of_its_own_is_ended_before_its_work_is_looked_at() {
    let repo = Repo::with_packages(1);
    let is_gone = repo.program("is-gone", IS_GONE);
    let _ = repo
        .migrate()
        .agent(LEAVES_A_PROCESS)
        .check(&is_gone.to_string_lossy())
        .run()
        .exits(0);
}

#[test]
fn an_agent_that_is_silent_for_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    repo.fifo("never");
    let output = repo
        .migrate()
        .agent(NEVER_DONE)
        .with(["--idle-timeout", "500ms"])
        .run();
    assert_snapshot!(failed(&repo, output), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at agent
      stopped because it was silent for [DURATION]
        │ waiting for word
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/agent.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

/// Never ends where the file is signed. What hangs on the base as well would be nothing new.
const HANGS: &str = "
grep -q signed packages/p0/index.js || exit 0
echo testing
wait_forever";

#[test]
fn a_check_that_takes_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    repo.fifo("never");
    let check = repo.program("check", HANGS);
    let output = repo
        .migrate()
        .agent(SIGN)
        .check(&check.to_string_lossy())
        .with(["--check-timeout", "1s"])
        .run();
    assert_snapshot!(failed(&repo, output), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ 1 failed │ [DURATION]

    ✗ 01-packages-p0-index-js failed at check
      `[TMP]/check` failed: not done within [DURATION]
        │ testing
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/check-1.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
}

#[test]
fn what_an_agent_writes_where_git_ignores_it_is_kept_and_said() {
    let repo = Repo::new()
        .file(".gitignore", "*.gen.js\n")
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .commit("Start")
        .with_remote();
    let agent = "echo precious >packages/p0/index.gen.js";
    let output = repo.migrate().agent(agent).run().exits(0);
    output.says("packages/p0/index.gen.js");
    let kept = walkdir::WalkDir::new(repo.state().join("trash"))
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name() == "index.gen.js")
        .expect("the file is kept");
    assert_eq!(
        std::fs::read_to_string(kept.path()).expect("the file"),
        "precious\n"
    );
}

/// A program that appends what it sees of some variables to the file of its unit.
const TELL: &str = r#"
secrets="${NPM_TOKEN-held} ${DEPLOY_SECRET-held} ${GH_TOKEN-held}"
echo "// $secrets ${MODE-unset} ${LANG-unset}" >>packages/p0/index.js"#;

#[test]
fn secrets_are_held_back_unless_they_are_passed_by_name() {
    let repo = Repo::with_packages(1).settings(
        "[environment]\npass = [\"NPM_TOKEN\", \"GH_TOKEN\"]\nset = { MODE = \"fast\" }\n",
    );
    let _ = repo
        .migrate()
        .agent(TELL)
        .env("NPM_TOKEN", "npm-1")
        .env("DEPLOY_SECRET", "deploy-2")
        .env("GH_TOKEN", "gh-3")
        .env("LANG", "en")
        .run()
        .exits(0);
    // A token of the forge stays behind even then.
    assert_eq!(
        repo.published(&only_branch(&repo), "packages/p0/index.js"),
        "var p0 = 0;\n// npm-1 held held fast en"
    );
}
