//! Who owns the files of a unit, from CODEOWNERS to the pull request.

use crate::support::{Repo, SIGN};

fn owned() -> Repo {
    let repo = Repo::with_packages(3)
        .file(
            ".github/CODEOWNERS",
            "* @acme/all\n/packages/p1/ @acme/one @ada\n/packages/p2/\n[section] @x\n",
        )
        .file("CODEOWNERS", "* @nobody\n")
        .commit("Owners");
    repo.git(["push", "--quiet"]);
    repo
}

#[test]
fn owners_stand_in_the_plan_the_pull_request_and_the_report() {
    let repo = owned();
    let output = repo.migrate().agent(SIGN).run().exits(0);
    assert!(output.stderr().contains("owners"), "{}", output.stderr());
    let page = repo.settled("prs/02-packages-p1-index-js.md");
    assert!(page.contains("Owned by `@acme/one`, `@ada`."), "{page}");
    assert!(
        !repo
            .settled("prs/03-packages-p2-index-js.md")
            .contains("Owned")
    );
    let report = repo.report();
    let owners = |unit: usize| report["units"][unit]["owners"].clone();
    assert_eq!(owners(0), serde_json::json!(["@acme/all"]));
    assert_eq!(owners(1), serde_json::json!(["@acme/one", "@ada"]));
    assert_eq!(owners(2), serde_json::json!([]));
}

#[test]
fn owners_written_by_hand_are_kept_and_the_base_decides_which_file_is_read() {
    let repo = owned();
    repo.write("CODEOWNERS", "* @me\n");
    let args = ["plan", "packages/", "sign", "-o", "-"];
    let plan = repo.batch(args).exits(0);
    assert!(plan.stdout().contains("\"@acme/one\",\n  \"@ada\",\n"));
    assert!(!plan.stdout().contains("@me"));
    let by_hand = plan.raw().replace("\"@ada\"", "\"@grace\"");
    repo.write("plan.toml", by_hand);
    let run = repo.run_saved("plan.toml").command_line("true").anywhere();
    let _ = run.with(["--dry-run"]).run().exits(0);
    assert!(repo.batch(["report", "--json"]).stdout().contains("@grace"));
}

#[test]
fn doctor_tells_what_of_the_owners_is_not_understood() {
    let said = owned().batch(["doctor"]);
    said.says(
        ".github/CODEOWNERS (3 rules); not understood, as by GitHub: \
         line 4: a pattern cannot contain '[' or ']'",
    );
}
