//! Units after which fewer tests judge the work than before: they are held, or told where the user lets them pass.

use crate::support::{Migrate, Repo};

/// Prints what Python's unittest prints, for the files of tests that are there.
const COUNTS: &str = r#"
echo "$BATCH_UNIT" >>"$here/ran"
tests=$(cat test_*.py 2>/dev/null | grep -c 'def test' || true)
echo "Ran $tests tests in 0.001s"
skipped=$(cat test_*.py 2>/dev/null | grep -c '@skip' || true)
if test "$skipped" != 0; then echo "OK (skipped=$skipped)"; else echo OK; fi"#;

/// One unit after the other, on each of which `agent` works.
fn migrate<'a>(repo: &'a Repo, agent: &str) -> Migrate<'a> {
    let check = repo.program("check", COUNTS);
    let migrate = repo.migrate().paths(["."]).in_order();
    migrate.agent(agent).check(&check.to_string_lossy())
}

fn two_files() -> Repo {
    let text = "def test_1(): pass\ndef test_2(): pass\n";
    let repo = Repo::new().file("test_a.py", text).file("test_b.py", text);
    repo.commit("base").with_remote()
}

/// In which checkouts the check ran.
fn ran(repo: &Repo, place: &str) -> usize {
    let ran = std::fs::read_to_string(repo.root().join("ran")).unwrap_or_default();
    ran.lines().filter(|line| line.starts_with(place)).count()
}

/// Takes a test from the first file, and changes the second.
const TAKES: &str = r"note
if claims test_a; then edit 1d; else edit s/pass/return/; fi";

#[test]
fn fewer_tests_hold_the_unit_until_the_user_lets_it_pass() {
    let repo = two_files();
    let held = migrate(&repo, TAKES).units(2).run().exits(1);
    held.says("1 of 2 units published")
        .says("its checks may prove less than before (fewer-tests):")
        .says("check` ran 4 tests before, and runs 3 now")
        .says("--tests-may-shrink");
    assert_eq!(repo.pushed().len(), 1);
    // Once for both units, which change files of tests.
    assert_eq!(ran(&repo, ".base"), 1);

    let resumed = repo.batch(["resume", "--tests-may-shrink"]).exits(0);
    resumed.says("test_a.py: `");
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!((ran(&repo, ".base"), ran(&repo, "")), (1, 3));
    assert_eq!(repo.worked().len(), 2);
    let report = repo.report();
    assert_eq!(report["units"][0]["findings"][0]["kind"], "fewer-tests");
    assert!(
        report["units"][1]["findings"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );
    let pages = repo.state_files(".md");
    let is_told = |page: &std::path::PathBuf| {
        let page = std::fs::read_to_string(page).unwrap_or_default();
        page.contains("ran 4 tests before, and runs 3 now")
    };
    let told = pages
        .iter()
        .filter(|page| page.parent().is_some_and(|it| it.ends_with("prs")));
    assert_eq!(told.filter(|page| is_told(page)).count(), 1);
}

#[test]
fn skipped_tests_go_back_to_the_agent_first() {
    let repo = two_files();
    let mends = r#"note
if test -n "${BATCH_FEEDBACK_FILE:-}"; then
    cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
    edit /@skip/d
    edit s/pass/return/
elif claims test_a; then
    { echo @skip; cat test_a.py; } >changed
    mv changed test_a.py
else edit s/pass/return/
fi"#;
    let output = migrate(&repo, mends)
        .units(2)
        .with(["--attempts", "2"])
        .run()
        .exits(0);
    output.says("2 of 2 units published");
    let told = std::fs::read_to_string(repo.root().join("told")).expect("the feedback");
    assert!(
        told.contains("it skipped none of its tests before, and skips 1 now")
            && told.contains("Every test that ran before must still run"),
        "{told}"
    );
    assert_eq!(repo.report()["units"][0]["sent_back"][0]["step"], "content");
}

/// One unit of a repository whose check is a script of its own.
fn scripted(agent: &str, more: &[&str]) -> (Repo, crate::support::Output) {
    let repo = Repo::new()
        .file("scripts/check.sh", "echo 'Ran 2 tests in 0.1s'\necho OK\n")
        .file("a.js", "a();\n")
        .commit("base")
        .with_remote();
    let migrate = repo.migrate().paths(["."]).units(1).agent(agent);
    let output = migrate.check("sh scripts/check.sh").with(more).run();
    (repo, output)
}

#[test]
fn a_changed_check_is_held_unless_its_numbers_prove_as_much() {
    let (repo, held) = scripted("note\necho true >scripts/check.sh", &[]);
    held.exits(1)
        .says("its checks may prove less than before (changed-check):")
        .says("scripts/check.sh: `sh scripts/check.sh` depends on this script, which is changed;")
        .says("it does not say how many tests it runs");
    assert!(repo.pushed().is_empty());

    let (repo, told) = scripted("note\nedit s/0.1/0.2/", &[]);
    told.exits(0)
        .says("which is changed; as many tests run as before");
    assert_eq!(repo.pushed().len(), 1);

    let (_, allowed) = scripted("note\necho true >scripts/check.sh", &["--tests-may-shrink"]);
    let _ = allowed
        .exits(0)
        .says("scripts/check.sh: `sh scripts/check.sh` depends on this script");
}

#[test]
fn a_file_of_tests_that_is_gone_holds_where_no_number_is_known() {
    let repo = two_files();
    let migrate = repo.migrate().paths(["test_b.py"]).units(1).check("true");
    let held = migrate.agent("note\nrm test_b.py").run().exits(1);
    held.says("test_b.py: these tests are gone, and `true` does not say how many it runs");
    assert!(repo.pushed().is_empty());
}

#[test]
fn code_that_is_no_test_never_touches_the_base() {
    let repo = two_files();
    repo.write("c.py", "old()\n");
    let repo = repo.commit("more");
    repo.git(["push", "--quiet"]);
    let migration = migrate(&repo, "note\nedit s/old/new/")
        .paths(["c.py"])
        .units(1);
    let _ = migration.run().exits(0).says("1 of 1 unit published");
    assert_eq!((ran(&repo, ".base"), ran(&repo, "")), (0, 1));
}
