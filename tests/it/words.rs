//! What people see, whole: a change of it is a decision, so it is held in snapshots.

use insta::assert_snapshot;

use crate::support::Repo;

#[test]
fn the_help_of_the_program() {
    assert_snapshot!(Repo::folder().batch(["--help"]).exits(0).stdout());
}

#[test]
fn the_help_of_migrate() {
    assert_snapshot!(
        Repo::folder()
            .batch(["migrate", "--help"])
            .exits(0)
            .stdout()
    );
}

#[test]
fn a_run_from_its_plan_to_its_report() {
    let repo = Repo::with_packages(4)
        .file("packages/p0/made.js", "// @generated\nvar made = 1;\n")
        .file("packages/p0/photo.js", b"\x89\0\0")
        .commit("More");
    repo.git(["push", "--quiet"]);
    let check =
        "if grep -q const packages/p1/index.js; then echo p1 must stay as it is; exit 1; fi";
    let output = repo
        .migrate()
        .paths(["packages/", "!packages/p3/"])
        .saying("from var to const")
        .rewrite("var $A = $B", "const $A = $B")
        .check(check)
        .units(3)
        .in_order()
        .run()
        .exits(1);

    assert_snapshot!("the_plan_of_a_run", output.plan());
    assert_snapshot!("the_end_of_a_run", output.stdout());
    assert_snapshot!("the_page_of_the_report", repo.settled("report.md"));
    assert_snapshot!(
        "the_page_of_a_pull_request",
        repo.settled("prs/01-packages-p0-index-js.md")
    );
    assert_eq!(
        repo.batch(["status"]).stdout().trim(),
        output.stdout().trim()
    );
}
