//! Units that are done anew in the same run: what failed is kept, what was published is replaced only where it is ours.

use std::fs;

use insta::assert_snapshot;

use crate::support::agents::FAIL;
use crate::support::{Output, Repo, SIGN};

/// Fails for the second of three units until the instruction says please, and leaves a note in its worktree.
const POLITE: &str = r#"
note
case "$BATCH_UNIT $BATCH_INSTRUCTION" in
02*please*) ;;
02*) echo half >>packages/p1/index.js; exit 3 ;;
esac
sign"#;

fn polite(repo: &Repo) -> Output {
    repo.migrate().agent(POLITE).units(3).run()
}

fn times_worked(repo: &Repo, unit: &str) -> usize {
    let text = fs::read_to_string(repo.root().join("worked")).expect("the agents' notes");
    text.lines().filter(|line| line.starts_with(unit)).count()
}

#[test]
fn a_failed_unit_is_done_anew_and_its_earlier_work_is_kept() {
    let repo = Repo::with_packages(3);
    let _ = polite(&repo).exits(1);
    let mut seen = repo.transcript();
    seen.batch(["retry", "--failed"]);
    seen.batch(["retry", "02", "--instruction", "please"]);
    assert_snapshot!(seen, @r"
    $ batch retry --failed

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ failed │ – │ – │ [DURATION]
     03-packages-p2-index-js │ published │ #3 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 02-packages-p1-index-js failed at agent
      the agent failed: exit code 3, after it had changed 1 file; if this code means success, allow it \
        with --agent-exit 0,3
      log       batch logs 02-packages-p1-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/agent.log)
      changes   batch diff 02-packages-p1-index-js  ([TMP]/repo.batch/[RUN]/02-packages-p1-index-js)

    → batch retry --failed --run [RUN]  (02-packages-p1-index-js)

    2 of 3 units published, 1 failed · [DURATION]
    ! +[DURATION]  run [RUN] retries 1 unit, [JOBS] at once
    ! +[DURATION]  02-packages-p1-index-js  worktree
    ! +[DURATION]  02-packages-p1-index-js  the earlier attempt is kept: its worktree in \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js, its logs in \
    !     [TMP]/repo/.git/batch/runs/[RUN]/earlier/02-packages-p1-index-js
    ! +[DURATION]  02-packages-p1-index-js  agent
    ! +[DURATION]  02-packages-p1-index-js  failed at agent: the agent failed: exit code 3, after it had \
    !     changed 1 file; if this code means success, allow it with --agent-exit 0,3 · [DURATION]
    ! report: [TMP]/repo/.git/batch/runs/[RUN]/report.md
    ! failures: [TMP]/repo/.git/batch/runs/[RUN]/migration-failures.md
    [exit code 1]

    $ batch retry 02 --instruction please

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]
     03-packages-p2-index-js │ published │ #3 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    3 of 3 units published · [DURATION]
    ! +[DURATION]  run [RUN] retries 1 unit, [JOBS] at once
    ! +[DURATION]  02-packages-p1-index-js  worktree
    ! +[DURATION]  02-packages-p1-index-js  the earlier attempt is kept: its worktree in \
    !     [TMP]/repo/.git/batch/trash/batch-[RUN]-02-packages-p1-index-js.2, its logs in \
    !     [TMP]/repo/.git/batch/runs/[RUN]/earlier/02-packages-p1-index-js.2
    ! +[DURATION]  02-packages-p1-index-js  agent
    ! +[DURATION]  02-packages-p1-index-js  scope
    ! +[DURATION]  02-packages-p1-index-js  commit
    ! +[DURATION]  02-packages-p1-index-js  push
    ! +[DURATION]  02-packages-p1-index-js  pull request
    ! +[DURATION]  02-packages-p1-index-js  published  PR #2 · [DURATION]
    ! report: [TMP]/repo/.git/batch/runs/[RUN]/report.md
    ");

    assert_eq!(repo.pushed().len(), 3);
    assert_eq!(times_worked(&repo, "01"), 1);
    assert_eq!(times_worked(&repo, "02"), 3);
    for attempt in ["", ".2"] {
        let kept = repo.state_files(&format!(
            "02-packages-p1-index-js{attempt}/packages/p1/index.js"
        ));
        let [kept] = &kept[..] else {
            panic!("not kept: {kept:?}");
        };
        assert!(repo.read(kept).contains("half"));
    }
    let prompts = repo.state_files("prompt.md");
    let asked = |part: &str| {
        let prompt = prompts
            .iter()
            .find(|path| path.to_string_lossy().contains(part));
        repo.read(prompt.unwrap_or_else(|| panic!("no {part}: {prompts:?}")))
    };
    assert!(!asked("earlier/02-packages-p1-index-js.2/").contains("please"));
    assert!(
        repo.settled("prs/02-packages-p1-index-js.md")
            .contains("please")
    );
    assert!(
        !repo
            .settled("prs/01-packages-p0-index-js.md")
            .contains("please")
    );
}

#[test]
fn another_agent_does_only_what_is_retried() {
    let repo = Repo::with_packages(3);
    let _ = polite(&repo).exits(1);
    let other = r#"
echo "$BATCH_UNIT" >>"$0.worked"
sign other"#;
    let other = repo.program("other", other);
    let other = other.to_string_lossy();
    let _ = repo
        .batch(["retry", "--failed", "--agent-cmd", &other])
        .exits(0);
    let worked = fs::read_to_string(format!("{other}.worked")).expect("notes");
    assert_eq!(worked, "02-packages-p1-index-js\n");
    assert!(
        repo.settled("prs/02-packages-p1-index-js.md")
            .contains("other")
    );
}

#[test]
fn what_was_blocked_by_a_failed_unit_goes_on_with_it() {
    let repo = Repo::with_packages(4);
    let agent = r#"
test "$BATCH_UNIT" != a || test -e "$0.ok"
sign"#;
    let units: [(&str, &[&str]); 4] = [("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])];
    repo.run_plan(&units)
        .agent(agent)
        .run()
        .exits(1)
        .says("1 of 4 units published, 1 failed, 2 blocked");
    fs::write(repo.root().join("agent.ok"), "").expect("a file");
    repo.batch(["retry", "a"])
        .exits(0)
        .says("4 of 4 units published");
    repo.batch(["retry", "a"])
        .exits(2)
        .says("unit b builds on the work of unit a");
}

#[test]
fn what_was_published_is_replaced_unless_somebody_went_on_with_it() {
    let repo = Repo::with_packages(2);
    let _ = repo.migrate().agent(SIGN).units(2).run().exits(0);
    let [first, second] = &repo.pushed()[..] else {
        panic!("two branches");
    };
    // Somebody adds a commit to the second branch.
    let remote = repo.remote_dir();
    let remote = remote.to_string_lossy();
    let tree = repo.git(["rev-parse", &format!("{second}^{{tree}}")]);
    let theirs = repo.git(["commit-tree", &tree, "-p", second, "-m", "More"]);
    repo.git([
        "push",
        "--quiet",
        &remote,
        &format!("{theirs}:refs/heads/{second}"),
    ]);

    let other = repo.program("other", "sign other");
    let other = other.to_string_lossy();
    let _ = repo.batch(["retry", "01", "--agent-cmd", &*other]).exits(0);
    assert!(
        repo.published(first, "packages/p0/index.js")
            .ends_with("other")
    );
    let left = format!("refs/batch/left/{}", first.trim_start_matches("batch/"));
    assert!(
        repo.git(["show", &format!("{left}:packages/p0/index.js")])
            .ends_with("signed")
    );

    repo.batch(["retry", "02", "--agent-cmd", &*other])
        .exits(1)
        .says("failed at push");
    let stands = repo.git(["ls-remote", &remote, &format!("refs/heads/{second}")]);
    assert!(stands.starts_with(&theirs), "{stands}");
}

#[test]
fn a_retry_that_is_killed_goes_on_with_the_same_orders() {
    let killed_after = |moment: usize| {
        let repo = Repo::with_packages(2);
        let _ = polite(&repo).exits(1);
        let retry = ["retry", "--failed", "--instruction", "please"];
        let killed = repo.batch_with(retry, &[("BATCH_CRASH", &format!("{moment}+"))]);
        if killed.code() == 0 {
            return false;
        }
        let again = repo.batch(["resume"]);
        // The last event is the run's end, after which there is nothing to resume.
        if again.code() != 2 {
            let _ = again.exits(0);
        }
        repo.batch(["status"]).says("2 of 2 units published");
        assert_eq!(repo.pushed().len(), 2, "killed after {moment}");
        assert!(
            repo.settled("prs/02-packages-p1-index-js.md")
                .contains("please"),
            "killed after {moment}"
        );
        true
    };
    let killed = (0..200).take_while(|moment| killed_after(*moment));
    assert!(killed.count() > 10);
}

#[test]
fn a_worktree_that_somebody_locked_is_left_alone() {
    let repo = Repo::with_packages(2);
    let _ = polite(&repo).exits(1);
    let worktree = repo.worktrees().join(
        repo.branches()[1]
            .strip_prefix("batch/")
            .expect("a branch of ours"),
    );
    let worktree = worktree.to_string_lossy();
    repo.git(["worktree", "lock", &worktree]);
    repo.batch(["retry", "--failed"])
        .exits(2)
        .says("was locked or moved by somebody");
    repo.git(["worktree", "unlock", &worktree]);
    let _ = repo
        .batch(["retry", "--failed", "--instruction", "please"])
        .exits(0);
}

#[test]
fn what_cannot_be_retried_is_refused() {
    let repo = Repo::with_packages(2);
    let _ = repo.migrate().agent(SIGN).units(2).run().exits(0);
    let mut seen = repo.transcript();
    seen.batch(["retry", "--failed"]);
    seen.batch(["retry", "nobody"]);
    seen.batch(["retry", "01", "--agent-cmd", "no-such-program"]);
    seen.batch(["retry"]);
    seen.batch(["resume"]);
    assert_snapshot!(seen, @r#"
    $ batch retry --failed
    ! error: no unit of run [RUN] has failed, so there is nothing to retry
    [exit code 2]

    $ batch retry nobody
    ! error: run [RUN] has no unit "nobody"; it has 01-packages-p0-index-js, 02-packages-p1-index-js
    [exit code 2]

    $ batch retry 01 --agent-cmd no-such-program
    ! error: the agent cannot be used: cannot start 'no-such-program': no such program on PATH; install \
    !     it, or name it by its full path
    [exit code 2]

    $ batch retry
    ! error: name the units to do again, or give --failed or --like UNIT
    [exit code 2]

    $ batch resume
    ! error: run [RUN] has ended, so there is nothing to resume: `batch report [RUN]` shows its results
    [exit code 2]
    "#);
}

#[test]
fn all_runs_are_listed_the_latest_first() {
    let repo = Repo::with_packages(2);
    assert_snapshot!(repo.batch(["list"]), @r"
    $ batch list
    ! there has been no run in this repository yet
    ");
    assert_eq!(repo.batch(["list", "--json"]).exits(0).raw().trim(), "[]");
    let _ = repo.migrate().agent(FAIL).units(2).run().exits(1);
    let _ = repo.migrate().agent(SIGN).units(2).run().exits(0);
    assert_snapshot!(repo.batch(["list"]).exits(0).stdout(), @r"
    [RUN]  [TIME]  ended  2 of 2 units published            sign every file
    [RUN]  [TIME]  ended  0 of 2 units published, 2 failed  sign every file
    ");
    let list = repo
        .batch(["list", "--json", "--number", "1"])
        .exits(0)
        .json();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["status"], "ended");
    assert_eq!(list[0]["totals"]["published"], 2);
}
