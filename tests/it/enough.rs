//! How many units must succeed, and what is published when.

use crate::support::{Output, Repo, SIGN};

/// Three units, one after another; the one whose number is `bad` fails until the instruction says please.
fn run(repo: &Repo, bad: &str, more: &[&str]) -> Output {
    let remote = repo.remote_dir();
    let agent = format!(
        "git --git-dir '{}' for-each-ref refs/heads/batch/ >>\"$(dirname \"$0\")/seen\"\ncase \"$BATCH_UNIT $BATCH_INSTRUCTION\" in\n*please*) ;;\n{bad}*) exit 3;;\nesac\n{SIGN}",
        remote.display()
    );
    let mut args = vec!["--units", "3", "-j", "1"];
    args.extend_from_slice(more);
    repo.migrate_by(&agent, &args)
}

/// Whether an agent began when a branch had been pushed already.
fn was_early(repo: &Repo) -> bool {
    std::fs::metadata(repo.root().join("seen"))
        .expect("the agents' notes")
        .len()
        > 0
}

#[test]
fn after_all_nothing_is_published_before_everything_is_done() {
    let repo = Repo::with_packages(3);
    run(
        &repo,
        "02",
        &["--publish", "after-all", "--min-success", "2"],
    )
    .exits(0)
    .says("2 of 3 units published, 1 failed");
    assert!(!was_early(&repo));
    assert_eq!(repo.pushed().len(), 2);

    // Unasked, a branch is pushed while others work: the last agent goes on only when it has seen one.
    let repo = Repo::with_packages(3);
    let pushed = format!(
        "git --git-dir '{}' for-each-ref refs/heads/batch/",
        repo.remote_dir().display()
    );
    let agent = format!(
        "case \"$BATCH_UNIT\" in 03*)\ntries=0\nuntil [ -n \"$({pushed})\" ]; do\n[ $tries -lt 5000 ]\ntries=$((tries + 1))\ndone\nesac\n{SIGN}"
    );
    repo.migrate_by(&agent, &["--units", "3", "-j", "1"])
        .exits(0)
        .says("3 of 3 units published");
}

#[test]
fn too_few_are_withheld_until_a_retry_makes_them_enough() {
    let repo = Repo::with_packages(3);
    let output = run(
        &repo,
        "01",
        &["--publish", "after-all", "--min-success", "80%"],
    )
    .exits(1);
    output.says("0 of 3 units published, 1 failed, 2 withheld");
    output.says("withheld, because too few units succeeded: 02-packages-p1-index-js, 03-packages-p2-index-js");
    assert!(repo.pushed().is_empty());
    assert_eq!(repo.branches().len(), 3);

    let again = repo
        .batch(["retry", "--failed", "--instruction", "please"])
        .exits(0);
    again.says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
    let agents = again.stderr().matches("  agent").count();
    assert_eq!(agents, 1, "{}", again.stderr());
}

#[test]
fn publishing_ends_when_enough_cannot_be_reached() {
    let repo = Repo::with_packages(3);
    run(&repo, "02", &["--min-success", "3"])
        .exits(1)
        .says("1 of 3 units published, 1 failed, 1 withheld");
    let repo = Repo::with_packages(3);
    run(&repo, "02", &["--min-success", "60%"])
        .exits(0)
        .says("2 of 3 units published, 1 failed");
}

#[test]
fn a_stack_is_published_from_below() {
    let repo = Repo::with_packages(2);
    let units: [(&str, &[&str]); 2] = [("a", &[]), ("b", &["a"])];
    repo.run_plan(&units, SIGN, &["--publish", "after-all"])
        .exits(0)
        .says("2 of 2 units published");
    let page = repo.settled("prs/b.md");
    assert!(
        page.contains("→ `batch/[RUN]/a`") && page.contains("prs/a.md"),
        "{page}"
    );
}

#[test]
fn a_killed_run_publishes_together_all_the_same() {
    let killed_after = |moment: usize| {
        let repo = Repo::with_packages(2);
        let agent = repo.program("agent", SIGN);
        let agent = agent.to_string_lossy();
        let mut args = vec![
            "migrate",
            "packages/",
            "sign",
            "--yes",
            "--no-checks",
            "-j",
            "1",
        ];
        args.extend([
            "--forge",
            "local",
            "--publish",
            "after-all",
            "--min-success",
            "2",
        ]);
        args.extend(["--agent-cmd", &*agent]);
        let killed = repo.batch_with(args, &[("BATCH_CRASH", &format!("{moment}+"))]);
        if killed.code() == 0 {
            return false;
        }
        let _ = repo.batch(["resume"]);
        repo.batch(["status"]).says("2 of 2 units published");
        assert_eq!(repo.pushed().len(), 2, "killed after {moment}");
        true
    };
    let killed = (0..200)
        .step_by(3)
        .take_while(|moment| killed_after(*moment));
    assert!(killed.count() > 5);
}

#[test]
fn what_nobody_can_reach_is_refused() {
    let repo = Repo::with_packages(3);
    run(&repo, "x", &["--min-success", "4"])
        .exits(2)
        .says("--min-success asks for 4 units, and the plan has 3");
    run(&repo, "x", &["--min-success", "120%"])
        .exits(2)
        .says("write a number from 1, or a percentage like 80%");
}
