//! Work that is found wanting goes back to the agent, which works on in the same worktree.

use std::fs;

use crate::support::Repo;

/// Told nothing, it does half of its work; told of a failing check, the rest. It keeps what it was told.
const MENDS: &str = r#"here=$(dirname "$0")
echo "$BATCH_UNIT" >>"$here/worked"
word=half
if test -n "${BATCH_FEEDBACK_FILE:-}"; then cat "$BATCH_FEEDBACK_FILE" >>"$here/told"; word=whole; fi
xargs -0 sh -c 'for file; do echo "// $0" >>"$file"; done' "$word" <"$BATCH_FILES""#;

fn text(repo: &Repo, name: &str) -> String {
    fs::read_to_string(repo.root().join(name)).unwrap_or_default()
}

#[test]
fn a_failing_check_is_told_to_the_agent_which_mends_it() {
    let repo = Repo::with_packages(2);
    let check = "if grep -q whole packages/*/*.js; then exit; fi; echo 'only half of it'; exit 1";
    let check = format!("test \"$BATCH_UNIT\" = .base && exit; {check}");
    let output = repo.migrate_by(MENDS, &["--check", &check, "--attempts", "3"]);
    let output = output.exits(0);
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
    let check =
        "test \"$BATCH_UNIT\" = .base && exit; echo said; exit $(grep -c '' packages/p0/index.js)";
    let output = repo.migrate_by(MENDS, &["--check", check, "--attempts", "3"]);
    output
        .exits(1)
        .says("failed at check, after 3 attempts")
        .says("exit code 4");
    assert_eq!(text(&repo, "worked").lines().count(), 3);
    assert!(repo.pushed().is_empty());
}

#[test]
fn what_lies_outside_is_told_and_never_published() {
    let repo = Repo::with_packages(2);
    let agent = r#"here=$(dirname "$0")
xargs -0 sh -c 'for file; do grep -q signed "$file" || echo "// signed" >>"$file"; done' sh <"$BATCH_FILES"
if test -z "${BATCH_FEEDBACK_FILE:-}"; then
    echo more >>README.md; echo new >new.txt
else
    cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
    git checkout -q README.md
    case "$BATCH_UNIT" in *p0*) rm new.txt;; esac
fi"#;
    let output = repo.migrate_by(agent, &["--attempts", "2"]).exits(1);
    let output = output.says("1 of 2 units published, 1 failed");
    output.says("failed at scope, after 2 attempts");
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
    let check = "test \"$BATCH_UNIT\" = .base";
    let _ = repo.migrate_by(MENDS, &["--check", check]).exits(1);
    assert_eq!(text(&repo, "worked").lines().count(), 1);
    let output = repo.batch([
        "migrate",
        "packages/",
        "from var to let",
        "--regex",
        "var",
        "--to",
        "let",
        "--yes",
        "--forge",
        "local",
        "--attempts",
        "3",
        "--check",
        check,
    ]);
    let output = output.exits(1);
    output.says("failed at check");
    assert!(!output.stdout().contains("attempts"), "{output:?}");
}
