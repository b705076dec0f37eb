//! What units of a run have in common: names that finished units introduced, failures with the same cause, and helpers
//! that several units wrote.

use std::fs;

use crate::support::{Migrate, Repo};

/// Adds a helper to the first unit's file, which has another name in the second unit, unless it is told to share it.
const HELPERS: &str = r#"
change
name=format
case "$BATCH_UNIT" in 02*) name=money ;; esac
case "$BATCH_UNIT $prompt" in
03*|*'share one helper'*) ;;
*) echo "export function $name(value) { return value.toFixed(2) + ' ' + value.unit; }" >>"$(files 1)" ;;
esac"#;

fn told(repo: &Repo, unit: &str) -> String {
    fs::read_to_string(repo.root().join(format!("told-{unit}"))).expect("the prompts of the unit")
}

#[test]
fn later_units_are_told_the_names_that_finished_units_introduced() {
    let repo = Repo::with_packages(2);
    let turn = "
change
case $BATCH_UNIT in 01*) echo 'export const format = 1;' >packages/p0/money.js ;; esac";
    let migrate = repo.migrate().claude(turn).units(2).in_order();
    migrate.run().exits(0).says("2 of 2 units published");
    let line = "- `01-packages-p0-index-js`: packages/p0/money.js (new): format\n";
    let first = told(&repo, "01-packages-p0-index-js");
    assert!(!first.contains("finished parts"), "{first}");
    let second = told(&repo, "02-packages-p1-index-js");
    assert_eq!(second.matches(line).count(), 1, "{second}");
    // A later process knows them, too, and a unit is not told its own.
    let _ = repo.batch(["retry", "01", "02"]).exits(0);
    let second = told(&repo, "02-packages-p1-index-js");
    assert_eq!(second.matches(line).count(), 2, "{second}");
    let first = told(&repo, "01-packages-p0-index-js");
    assert!(!first.contains("finished parts"), "{first}");
}

#[test]
fn the_same_helper_under_two_names_is_told_and_done_again_for_all_its_units() {
    let repo = Repo::with_packages(3);
    let migrate = repo.migrate().claude(HELPERS).units(3).in_order();
    let output = migrate.run().exits(0);
    let page = repo.settled("report.md");
    for text in [&output.printed(), &page] {
        assert!(
            text.contains("2 units wrote the same helper under different names: format in"),
            "{text}"
        );
        assert!(
            text.contains("batch retry --like 01-packages-p0-index-js"),
            "{text}"
        );
    }
    let double = &repo.report()["helper_doubles"][0]["places"];
    assert_eq!(double[0]["name"], "format");
    assert_eq!(double[1]["unit"], "02-packages-p1-index-js");

    let again = ["retry", "--like", "02", "--instruction", "share one helper"];
    let output = repo.batch(again).exits(0);
    assert!(output.stderr().contains("retries 2 units"), "{output:?}");
    assert!(!output.printed().contains("the same helper"), "{output:?}");
    assert!(repo.report()["helper_doubles"].is_null());
}

/// A check that complains in each unit's own file, about the same name in all but the first.
const COMPLAINS: &str = r#"
test "$BATCH_UNIT" != .base || exit 0
! grep -q please packages/*/index.js || exit 0
name=Foo
case "$BATCH_UNIT" in 01*) name=$FIRST ;; esac
package=${BATCH_UNIT#*packages-}
echo "packages/${package%%-*}/index.js(${#BATCH_UNIT},1): error TS2304: Cannot find name '$name'."
echo "Found 1 error in packages/${package%%-*}/index.js"
exit 2"#;

/// Units whose agents do it right when the instruction says please.
fn complaining<'a>(repo: &'a Repo, first: &str, units: usize) -> Migrate<'a> {
    let check = repo.program("check", &COMPLAINS.replace("$FIRST", first));
    let agent = "
case $BATCH_INSTRUCTION in *please*) sign please ;; *) sign ;; esac";
    let migrate = repo.migrate().agent(agent).units(units).in_order();
    migrate.check(&check.to_string_lossy())
}

#[test]
fn failures_with_the_same_cause_stand_first_and_are_done_again_together() {
    let repo = Repo::with_packages(4);
    let output = complaining(&repo, "Bar", 4).run().exits(1);
    let page = repo.settled("report.md");
    for text in [&output.printed(), &page] {
        let cluster = text.find("3 units: Cannot find name 'Foo' (").expect(text);
        let first = text.find("failed at check").expect(text);
        assert!(cluster < first, "{text}");
        assert!(!text.contains("1 unit: "), "{text}");
    }
    output.says("→ batch retry --like 02-packages-p1-index-js --run ");
    let cluster = &repo.report()["failure_clusters"][0];
    assert_eq!(cluster["cause"], "Cannot find name 'Foo'");
    assert_eq!(cluster["failed"].as_array().map(Vec::len), Some(3));

    let again = ["retry", "--like", "03", "--instruction", "please"];
    let output = repo.batch(again).exits(1);
    output.says("3 of 4 units published, 1 failed");
    assert!(repo.report()["failure_clusters"].is_null());
    let output = repo.batch(["retry", "--like", "03"]).exits(2);
    output.says("no unit is like 03-packages-p2-index-js");
    assert_eq!(repo.report()["units"][0]["outcome"], "failed");
}

#[test]
fn what_the_breaker_skipped_belongs_to_the_failures_that_it_saw() {
    let repo = Repo::with_packages(5);
    let output = complaining(&repo, "Foo", 5).run().exits(1);
    output.says("3 failed, 2 skipped (the first units failed alike)");
    output.says("5 units: Cannot find name 'Foo' (");
    let cluster = &repo.report()["failure_clusters"][0];
    assert_eq!(cluster["spared"][1], "05-packages-p4-index-js");
    let again = ["retry", "--like", "05", "--instruction", "please"];
    let output = repo.batch(again).exits(0);
    output.says("5 of 5 units published");
}

#[test]
fn a_corrected_codemod_does_a_whole_cluster_again() {
    let repo = Repo::with_packages(4);
    let script = r#"
test "$BATCH_UNIT" != .base || exit 0
! grep -q lett packages/*/index.js || { echo 'FAIL: lett is no word'; exit 1; }"#;
    let check = repo.program("check", script);
    let migrate = repo.migrate().regex("var", "lett").units(4).in_order();
    let output = migrate.check(&check.to_string_lossy()).run().exits(1);
    output.says("4 units: FAIL: lett is no word (");
    let again = ["retry", "--like", "04", "--regex", "var", "--to", "let"];
    let output = repo.batch(again).exits(0);
    output.says("4 of 4 units published");
}
