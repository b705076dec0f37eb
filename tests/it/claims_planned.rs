//! Plans that a person writes by hand: units that only create files, and files that nearly all units change.

use crate::support::Repo;

/// The plan that docs/claims.md shows, for this base.
fn plan_of_the_docs(base: &str) -> String {
    let docs = include_str!("../../docs/claims.md");
    let (_, section) = docs
        .split_once("## Units that create")
        .expect("the section");
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    let plan = lines.fold(String::new(), |plan, line| plan + line + "\n");
    plan.replace("0123456789abcdef0123456789abcdef01234567", base)
}

#[test]
fn a_shared_library_is_made_first_and_each_phase_sees_the_one_before() {
    let repo = Repo::new()
        .file("api/cart.js", "tax\n")
        .file("api/invoice.js", "tax\n")
        .commit("base")
        .with_remote();
    let base = repo.git(["rev-parse", "main"]);
    repo.write("../plan.toml", plan_of_the_docs(&base));
    let work = r"
case $BATCH_UNIT in
library) mkdir -p libs/tax; echo rate >libs/tax/rate.js ;;
cart | invoice) test -e libs/tax/rate.js; sed -i s/tax/rate/ api/$BATCH_UNIT.js ;;
tests) grep -q rate api/cart.js; grep -q rate api/invoice.js; mkdir tests; echo test >tests/tax.js ;;
esac";
    let output = repo.run_saved("../plan.toml").agent(work).run().exits(0);
    output.says("4 of 4 units published");
    let report = repo.report();
    assert_eq!(report["units"][0]["created"][0], "libs/tax/rate.js");
    let last = repo.pushed().pop().expect("a branch");
    assert_eq!(
        repo.published_changes(&last),
        "M\tapi/cart.js\nM\tapi/invoice.js\nA\tlibs/tax/rate.js\nA\ttests/tax.js"
    );
}

#[test]
fn nobody_else_creates_files_where_a_unit_that_only_creates_will() {
    let repo = Repo::new().file("a.js", "x\n").commit("base").with_remote();
    let base = repo.git(["rev-parse", "main"]);
    let plan = format!(
        "version = 1\ninstruction = \"x\"\nbase = \"{base}\"\n\n[[unit]]\nid = \"library\"\nfiles = []\n\
         create = [\"libs/\"]\n\n[[unit]]\nid = \"app\"\nfiles = [\"a.js\"]\n"
    );
    repo.write("../plan.toml", plan);
    let work = "mkdir -p libs; echo $BATCH_UNIT >libs/$BATCH_UNIT.js";
    let run = repo.run_saved("../plan.toml").agent(work);
    let output = run.with(["--scope", "listed"]).run().exits(1);
    output
        .says("libs/app.js: it belongs to unit 'library'")
        .says("1 of 2 units published");
}

#[test]
fn a_plan_may_end_with_a_unit_that_starts_from_the_work_of_all_others() {
    let repo = Repo::new()
        .file("api/cart.js", "x\n")
        .file("api/invoice.js", "x\n")
        .file("router.js", "x\n")
        .commit("base")
        .with_remote();
    let base = repo.git(["rev-parse", "main"]);
    let plan = format!(
        r#"version = 1
instruction = "add the endpoints"
base = "{base}"
base-name = "origin/main"

[[unit]]
id = "wire"
title = "Wire the endpoints"
description = "Wire the new endpoints into the router."
integrates = true
files = ["router.js"]

[[unit]]
id = "cart"
files = ["api/cart.js"]

[[unit]]
id = "invoice"
files = ["api/invoice.js"]
"#
    );
    repo.write("../plan.toml", plan);
    let work = r#"
case $BATCH_UNIT in
wire) grep -q endpoint api/cart.js; grep -q endpoint api/invoice.js; echo "// $BATCH_INSTRUCTION" >>router.js ;;
*) for f in $(tr '\0' ' ' <"$BATCH_FILES"); do echo endpoint >>"$f"; done ;;
esac"#;
    let run = repo.run_saved("../plan.toml").agent(work);
    let output = run.run().exits(0);
    output
        .says("last: wire starts from the work of all others: Wire the endpoints")
        .says("3 of 3 units published");
    let last = repo.pushed().pop().expect("a branch");
    assert!(last.ends_with("/wire"), "{last}");
    assert_eq!(
        repo.published_changes(&last),
        "M\tapi/cart.js\nM\tapi/invoice.js\nM\trouter.js"
    );
    assert_eq!(
        repo.published(&last, "router.js"),
        "x\n// Wire the new endpoints into the router."
    );
    let twice = repo.run_saved("../plan.toml").agent(work);
    let output = twice.with(["--integrate", "again"]).run().exits(2);
    output.says("unit 'wire' of the plan integrates, and --integrate");
}
