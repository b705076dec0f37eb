//! Work that is found wanting goes back to the agent, which works on in the same worktree.

use std::fs;

use insta::assert_snapshot;

use crate::support::Repo;

/// Told nothing, it does half of its work; told of a failing check, the rest. It keeps what it was told.
const MENDS: &str = r#"
note
word=half
if test -n "${BATCH_FEEDBACK_FILE:-}"; then
    cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
    word=whole
fi
sign "$word""#;

fn text(repo: &Repo, name: &str) -> String {
    fs::read_to_string(repo.root().join(name)).unwrap_or_default()
}

/// Passes on the base, and where no half of the work is missing.
const WANTS_THE_WHOLE: &str = r#"
test "$BATCH_UNIT" != .base || exit 0
grep -q whole packages/*/*.js || { echo 'only half of it'; exit 1; }"#;

#[test]
fn a_failing_check_is_told_to_the_agent_which_mends_it() {
    let repo = Repo::with_packages(2);
    let check = repo.program("check", WANTS_THE_WHOLE);
    let output = repo
        .migrate()
        .agent(MENDS)
        .check(&check.to_string_lossy())
        .with(["--attempts", "3"])
        .run()
        .exits(0);
    output.says("2 of 2 units published");
    assert!(output.stderr().contains("sent back to the agent at check"));
    assert_eq!(text(&repo, "worked").lines().count(), 4);
    let told = text(&repo, "told");
    assert!(
        told.contains("A check that must pass does not pass"),
        "{told}"
    );
    assert!(told.contains("only half of it"), "{told}");
    let branch = &repo.pushed()[0];
    let file = repo.published(branch, "packages/p0/index.js");
    assert_eq!(file, "var p0 = 0;\n// half\n// whole");
    let logs = repo.batch(["logs", "p0"]).exits(0).stdout();
    let places = ["agent.1 ──", "check-1 ──", "agent ──", "check-1.2 ──"].map(|log| {
        logs.find(&format!("── {log}"))
            .unwrap_or_else(|| panic!("{log}: {logs}"))
    });
    assert!(places.is_sorted(), "{logs}");
    let report = repo.report();
    assert_eq!(report["units"][0]["attempts"], 2);
    assert_eq!(report["units"][0]["sent_back"][0]["step"], "check");
}

#[test]
fn after_the_last_attempt_the_unit_fails_with_the_last_reason() {
    let repo = Repo::with_packages(1);
    let check = r#"
test "$BATCH_UNIT" = .base && exit
echo said
exit $(grep -c '' packages/p0/index.js)"#;
    let check = repo.program("check", check);
    let check = &*check.to_string_lossy();
    let migrate = repo.migrate().agent(MENDS).check(check);
    let output = migrate.with(["--attempts", "3"]).run();
    assert_snapshot!(output.exits(1).printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ failed │ – │ 1 failed │ [DURATION]

    ✗ 01-packages-p0-index-js failed at check, after 3 attempts
      `[TMP]/check` failed: exit code 4
        │ said
      log       batch logs 01-packages-p0-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-index-js/check-1.3.log)
      changes   batch diff 01-packages-p0-index-js  ([TMP]/repo.batch/[RUN]/01-packages-p0-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-index-js)

    0 of 1 unit published, 1 failed · [DURATION]
    ");
    assert_eq!(text(&repo, "worked").lines().count(), 3);
    assert!(repo.pushed().is_empty());
}

/// Leaves its claim, and takes that back when it is told: in the unit with the first package only wholly.
const STRAYS_FIRST: &str = r#"
if test -z "${BATCH_FEEDBACK_FILE:-}"; then
    sign
    echo more >>README.md
    echo new >new.txt
else
    cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
    git checkout -q README.md
    if claims packages/p0/; then rm new.txt; fi
fi"#;

#[test]
fn what_lies_outside_is_told_and_never_published() {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(STRAYS_FIRST);
    let migrate = migrate.with(["--scope", "listed"]);
    let output = migrate.with(["--attempts", "2"]).run().exits(1);
    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ failed │ – │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 02-packages-p1-index-js failed at scope, after 2 attempts
      it changed what is not its own, so nothing of it is published:
        new.txt: this unit may not create files there
      changes   batch diff 02-packages-p1-index-js  ([TMP]/repo.batch/[RUN]/02-packages-p1-index-js)

    → batch retry --failed --run [RUN]  (02-packages-p1-index-js)

    1 of 2 units published, 1 failed · [DURATION]
    ");
    let told = text(&repo, "told");
    assert!(told.contains("You changed what is not yours"), "{told}");
    assert!(
        told.contains("README.md") && told.contains("new.txt"),
        "{told}"
    );
    for branch in repo.pushed() {
        assert_eq!(repo.published_changes(&branch), "M\tpackages/p0/index.js");
    }
}

#[test]
fn a_command_and_the_codemod_work_once_unless_asked() {
    let repo = Repo::with_packages(1);
    let check = r#"test "$BATCH_UNIT" = .base"#;
    let _ = repo.migrate().agent(MENDS).check(check).run().exits(1);
    assert_eq!(text(&repo, "worked").lines().count(), 1);
    let migrate = repo.migrate().regex("var", "let").check(check);
    let output = migrate.with(["--attempts", "3"]).run().exits(1);
    output.says("failed at check");
    assert!(!output.stdout().contains("attempts"), "{output:?}");
}

/// Makes a repository without a commit, which git refuses to add, and takes it away when told so.
const NESTS_A_REPOSITORY: &str = r#"
if test -n "${BATCH_FEEDBACK_FILE-}"; then
    grep -q 'does not have a commit checked out' "$BATCH_FEEDBACK_FILE"
    rm -rf nested
else
    sign
    git init -q nested
fi"#;

#[test]
fn what_git_cannot_read_goes_back_to_the_agent() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(NESTS_A_REPOSITORY);
    let _ = migrate.with(["--attempts", "2"]).run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
}
