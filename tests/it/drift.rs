//! A saved plan after its base has gone ahead: `batch plan --check` and `--rebase`.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Repo, SIGN};

/// A plan of four packages, with a comment of a person's, and a base that is still where it was.
fn planned() -> Repo {
    let repo = Repo::with_packages(4);
    let args = ["plan", "packages/", "sign every file", "--units", "4"];
    assert_eq!(repo.batch(args).code(), 0);
    let text = repo.read("plan.toml");
    repo.write("plan.toml", format!("# Ours.\n{text}"));
    repo
}

/// The base goes ahead by one commit that changes, renames, deletes and adds.
fn ahead(repo: &Repo) {
    repo.write("packages/p0/index.js", "var p0 = 'other';\n");
    repo.git(["mv", "packages/p1/index.js", "packages/p1/main.js"]);
    repo.git(["rm", "--quiet", "packages/p2/index.js"]);
    repo.write("packages/p3/more.js", "var more;\n");
    repo.write("packages/new/index.js", "var fresh;\n");
    repo.git(["add", "packages"]);
    repo.git(["commit", "--quiet", "--message", "Move on"]);
    repo.git(["push", "--quiet"]);
}

#[test]
fn a_plan_holds_while_nothing_that_it_claims_moves() {
    let repo = planned();
    let mut seen = repo.transcript();
    seen.batch(["plan", "--check", "plan.toml"]);
    repo.write("README.md", "# more\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Elsewhere"]);
    repo.git(["push", "--quiet"]);
    seen.batch(["plan", "--check", "plan.toml"]);
    let before = repo.read("plan.toml");
    seen.batch(["plan", "--rebase", "plan.toml"]);
    assert_snapshot!(seen, @r"
    $ batch plan --check plan.toml
    its base is the current origin/main ([SHORT])
    the plan holds

    $ batch plan --check plan.toml
    origin/main is 1 commit ahead of its base ([SHORT] → [SHORT])
    the plan holds

    $ batch plan --rebase plan.toml
    ! origin/main is 1 commit ahead of its base ([SHORT] → [SHORT])
    ! Saved as plan.toml. Run it with: batch run plan.toml
    ");
    let head = repo.git(["rev-parse", "HEAD"]);
    let after = repo.read("plan.toml");
    assert!(after.starts_with("# Ours.\n") && after.contains(&head));
    let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    assert_eq!(changed.count(), 1, "nothing but the base is another one");
}

#[test]
fn what_moved_is_told_and_followed() {
    let repo = planned();
    ahead(&repo);
    let checked = repo.batch(["plan", "--check", "plan.toml"]).exits(1);
    assert_snapshot!(checked.stdout(), @r#"
    origin/main is 1 commit ahead of its base ([SHORT] → [SHORT])
      changed  packages/p0/index.js (01-packages-p0-index-js)
      renamed  packages/p1/index.js → packages/p1/main.js (02-packages-p1-index-js)
      gone     packages/p2/index.js (03-packages-p2-index-js)
      new      packages/new/index.js (in no unit)
      new      packages/p3/more.js (in no unit)
    the plan no longer holds; adapt it with: batch plan --rebase plan.toml
    "#);
    let told = repo
        .batch(["plan", "--check", "plan.toml", "--json"])
        .exits(1)
        .json();
    assert_eq!(told["holds"], json!(false));
    assert_eq!(
        told["new"],
        json!(["packages/new/index.js", "packages/p3/more.js"])
    );
    assert_eq!(told["renamed"][0]["to"], json!("packages/p1/main.js"));

    let elsewhere = ["plan", "--rebase", "plan.toml", "-o", "later.toml"];
    let rebased = repo.batch(elsewhere).exits(0);
    assert_snapshot!(rebased.stderr(), @r#"
    origin/main is 1 commit ahead of its base ([SHORT] → [SHORT])
      02-packages-p1-index-js: packages/p1/index.js is now packages/p1/main.js
      03-packages-p2-index-js: packages/p2/index.js is gone
      left out: packages/new/index.js is new, in a folder of no unit
      04-packages-p3-index-js: packages/p3/more.js is new, in a folder of this unit
      03-packages-p2-index-js: removed, because it has no files left
    Saved as later.toml. Run it with: batch run later.toml
    "#);
    assert_eq!(repo.batch(elsewhere).code(), 2, "later.toml exists");
    assert!(repo.read("later.toml").starts_with("# Ours.\n"));
    repo.batch(["plan", "--check", "later.toml"])
        .exits(0)
        .says("holds");
    let run = repo.run_saved("later.toml").agent(SIGN).anywhere();
    let _ = run.with(["--dry-run"]).run().exits(0);
}

#[test]
fn a_plan_is_held_against_the_base_that_is_named() {
    let repo = planned();
    let first = repo.git(["rev-parse", "HEAD"]);
    ahead(&repo);
    let check = ["plan", "--check", "plan.toml", "--base", &first];
    let mut seen = repo.transcript();
    seen.batch(check);
    repo.write("faulty.toml", "version = 1\n");
    seen.batch(["plan", "--check", "faulty.toml"]);
    seen.batch(["plan", "--check", "none.toml"]);
    seen.batch(["plan", "packages/"]);
    seen.batch(["plan"]);
    assert_snapshot!(seen, @r"
    $ batch plan --check plan.toml --base [COMMIT]
    its base is the current [COMMIT] ([SHORT])
    the plan holds

    $ batch plan --check faulty.toml
    ! error: faulty.toml: line 1: missing field `instruction`
    [exit code 2]

    $ batch plan --check none.toml
    ! error: the plan none.toml cannot be read: No such file or directory (os error 2)
    [exit code 2]

    $ batch plan packages/
    ! error: no files are named, or the instruction is missing: 'packages/' is the only word; give \
    !     GLOB... INSTRUCTION
    [exit code 2]

    $ batch plan
    ! error: the instruction is missing: give GLOB... INSTRUCTION, or --instruction-file FILE
    [exit code 2]
    ");
}

#[test]
fn a_plan_of_which_nothing_is_left_is_refused() {
    let repo = planned();
    repo.git(["rm", "--quiet", "-r", "packages"]);
    repo.git(["commit", "--quiet", "--message", "Empty"]);
    repo.git(["push", "--quiet"]);
    let before = repo.read("plan.toml");
    let refused = repo.batch(["plan", "--rebase", "plan.toml"]);
    assert_snapshot!(refused, @r"
    $ batch plan --rebase plan.toml
    ! error: no file of the plan is left in the later base: plan again
    [exit code 2]
    ");
    assert_eq!(repo.read("plan.toml"), before);
}
