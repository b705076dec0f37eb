//! `batch verify`: counts what is left of the old code at a commit.

use insta::assert_snapshot;

use crate::support::Repo;

fn repo() -> Repo {
    Repo::new()
        .file("packages/p0/a.js", "var a = 1;\nvar b = 2;\n")
        .file("packages/p1/a.js", "var a = 1;\n")
        .file("packages/p2/a.js", "const a = 1;\n")
        .file("packages/p2/made.js", "// @generated\nvar a = 1;\n")
        .file("docs/a.js", "var a = 1;\n")
        .commit("Start")
        .with_remote()
}

#[test]
fn what_is_left_is_counted_at_any_commit() {
    let repo = repo();
    let until = ["verify", "packages/", "--until", "var $A = $B"];
    let output = repo.batch(until).exits(1);
    assert_snapshot!(output.stdout(), @r"
    3 old uses in 2 of 4 files at origin/main ([SHORT])
      packages/p0/a.js: 2
      packages/p1/a.js: 1
    not counted in 1 file, generated: packages/p2/made.js
    ");
    for package in ["p0", "p1"] {
        repo.write(format!("packages/{package}/a.js"), "const a = 1;\n");
    }
    repo.git(["commit", "--quiet", "--all", "--message", "Done"]);
    let _ = repo.batch(until).exits(1);
    let done = repo.batch(until.into_iter().chain(["--at", "HEAD", "--json"]));
    let done = done.exits(0).json();
    assert_eq!((&done["left"], &done["matched"]), (&0.into(), &4.into()));
    let old = repo.batch([
        "verify",
        "--until-regex",
        r"\bvar\b",
        "--at",
        "HEAD~1",
        "--json",
    ]);
    assert_eq!(old.exits(1).json()["files"][0]["path"], "packages/p0/a.js");
}

#[test]
fn a_run_and_a_plan_know_what_is_to_be_gone() {
    let repo = repo();
    let agent = "if claims packages/p1/; then exit 1; fi\nedit 's/var/const/'";
    let flags = ["--units", "2", "--until", "var $A = $B"];
    let _ = repo.migrate().agent(agent).with(flags).run().exits(1);
    let left = repo.batch(["verify", "--json"]).exits(1).json();
    assert_eq!(left["left"], 3);
    repo.git(["merge", "--quiet", &repo.branches()[0]]);
    let left = repo
        .batch(["verify", "--at", "HEAD", "--json"])
        .exits(1)
        .json();
    assert_eq!(left["left"], 1);
}

#[test]
fn a_count_that_could_not_find_anything_is_refused() {
    let repo = repo();
    let nowhere = repo.batch(["verify", "source/", "--until", "var $A = $B"]);
    nowhere.exits(2).says("source/");
    let nothing = repo.batch(["verify", "packages/"]);
    nothing
        .exits(2)
        .says("name it with --until or --until-regex");
    let _ = repo.migrate().agent("edit 's/var/const/'").run().exits(0);
    let without = repo.batch(["verify"]).exits(2);
    without.says("does not say what is to be gone");
}
