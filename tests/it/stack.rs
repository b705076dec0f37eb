//! Units that need others: where they start, where their pull requests go, and what happens when a need fails.

use insta::assert_snapshot;

use crate::support::Repo;

/// Where the pull request of a unit goes, as its page says.
fn target(repo: &Repo, unit: &str) -> String {
    let page = repo.settled(&format!("prs/{unit}.md"));
    let line = page.lines().nth(2).expect("a line of branches");
    line.rsplit_once(" → ").expect("an arrow").1.to_owned()
}

#[test]
fn a_unit_starts_from_what_it_needs() {
    let repo = Repo::with_packages(4);
    let agent = "
is_signed() { grep -q signed packages/p$1/index.js; }
case $BATCH_UNIT in
b) is_signed 0 ;;
d) is_signed 0; is_signed 2 ;;
esac
sign";
    let units: [(&str, &[&str]); 4] = [("a", &[]), ("b", &["a"]), ("c", &[]), ("d", &["a", "c"])];
    repo.run_plan(&units)
        .agent(agent)
        .run()
        .exits(0)
        .says("4 of 4 units published");

    // One need: a stack. Two: the base's branch, since no one branch holds both.
    assert_eq!(target(&repo, "a"), "`main`");
    assert_eq!(target(&repo, "b"), "`batch/[RUN]/a`");
    assert_eq!(target(&repo, "d"), "`main`");
    let page = repo.settled("prs/d.md");
    let first = page.split("### Merge first").nth(1).expect("a heading");
    assert!(first.contains("`a`") && first.contains("`c`"), "{page}");

    let d = repo.pushed().pop().expect("four branches");
    assert_eq!(
        repo.published_changes(&d),
        "M\tpackages/p0/index.js\nM\tpackages/p2/index.js\nM\tpackages/p3/index.js"
    );
}

#[test]
fn a_need_that_fails_blocks_only_those_that_need_it() {
    let repo = Repo::with_packages(4);
    let agent = r#"
test "$BATCH_UNIT" != a
sign"#;
    let units: [(&str, &[&str]); 4] = [("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &[])];
    let output = repo.run_plan(&units).agent(agent).run().exits(1);
    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     a │ failed │ – │ – │ [DURATION]
     b │ blocked │ – │ – │ –
     c │ blocked │ – │ – │ –
     d │ published │ #4 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ a failed at agent
      the agent failed: exit code 1
      log       batch logs a  ([TMP]/repo/.git/batch/runs/[RUN]/a/agent.log)
      changes   batch diff a  ([TMP]/repo.batch/[RUN]/a)

    ! b is blocked: it needs a
    ! c is blocked: it needs b

    → batch retry --failed --run [RUN]  (a, b, c)

    1 of 4 units published, 1 failed, 2 blocked · [DURATION]
    ");

    let pushed = repo.pushed();
    assert!(pushed.len() == 1 && pushed[0].ends_with("/d"), "{pushed:?}");
}

#[test]
fn a_need_with_nothing_to_do_blocks_nobody() {
    let repo = Repo::with_packages(2);
    let agent = r#"
if test "$BATCH_UNIT" = a; then exit 0; fi
sign"#;
    let run = repo.run_plan(&[("a", &[]), ("b", &["a"])]).agent(agent);
    let output = run.run().exits(0);
    output.says("1 of 2 units published");
    assert_eq!(target(&repo, "b"), "`main`");
}
