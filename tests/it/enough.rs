//! How many units must succeed, and what is published when.

use insta::assert_snapshot;

use crate::support::{Output, Repo, SIGN};

/// Notes which branches were pushed before it, and fails in one unit until the instruction says please.
const POLITE: &str = r#"
git --git-dir "$here/origin.git" for-each-ref refs/heads/batch/ >>"$here/seen"
case "$BATCH_UNIT $BATCH_INSTRUCTION" in
*please*) ;;
BAD*) exit 3 ;;
esac
sign"#;

/// Three units, one after another; the one whose number is `bad` fails until the instruction says please.
fn run(repo: &Repo, bad: &str, more: &[&str]) -> Output {
    let agent = POLITE.replace("BAD", bad);
    let migrate = repo.migrate().agent(&agent).units(3).in_order();
    migrate.with(more).run()
}

/// Goes on in the last unit only when a branch has been pushed.
const AWAITS_A_PUSH: &str = r#"
pushed() {
    git --git-dir "$here/origin.git" for-each-ref refs/heads/batch/
}
tries=0
case "$BATCH_UNIT" in
03*)
    until [ -n "$(pushed)" ]; do
        [ $tries -lt 5000 ]
        tries=$((tries + 1))
    done
    ;;
esac
sign"#;

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
    let migrate = repo.migrate().agent(AWAITS_A_PUSH).units(3).in_order();
    migrate.run().exits(0).says("3 of 3 units published");
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
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ – │ [DURATION]
     02-packages-p1-index-js │ withheld │ – │ – │ [DURATION]
     03-packages-p2-index-js │ withheld │ – │ – │ [DURATION]

    ✗ 01-packages-p0-index-js failed at agent
      the agent failed: exit code 3
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/agent.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    ! withheld, because too few units succeeded: 02-packages-p1-index-js, 03-packages-p2-index-js

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js, 02-packages-p1-index-js, \
        03-packages-p2-index-js)

    0 of 3 units published, 1 failed, 2 withheld · [DURATION]
    ");
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
    repo.run_plan(&units)
        .agent(SIGN)
        .with(["--publish", "after-all"])
        .run()
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
        let killed = repo
            .migrate()
            .agent(SIGN)
            .in_order()
            .with(["--publish", "after-all", "--min-success", "2"])
            .env("BATCH_CRASH", &format!("{moment}+"))
            .run();
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
    let mut seen = repo.transcript();
    seen.add(&run(&repo, "x", &["--min-success", "4"]));
    seen.add(&run(&repo, "x", &["--min-success", "120%"]));
    assert_snapshot!(seen, @r#"
    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks \
    >     --units 3 -j 1 --min-success 4
    ! error: --min-success asks for 4 units, and the plan has 3
    [exit code 2]

    $ batch migrate packages/ 'sign every file' --yes --forge local --agent-cmd [TMP]/agent --no-checks \
    >     --units 3 -j 1 --min-success 120%
    ! error: invalid value '120%' for '--min-success <N|P%>': "120%" is not a number of units: write a \
    !     number from 1, or a percentage like 80%
    !
    ! For more information, try '--help'.
    [exit code 2]
    "#);
}
