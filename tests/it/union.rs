//! All units are checked together before any is published.

use crate::support::{Migrate, Output, Repo};

const CHANGES: &str = r#"
case "$BATCH_INSTRUCTION" in
*please*) edit s/var/const/ ;;
*) edit s/var/let/ ;;
esac"#;

/// Fails where packages 1 and 4 are both changed to `let`.
const PAIR: &str = r#"
note "$BATCH_UNIT"
if grep -q let packages/p1/index.js && grep -q let packages/p4/index.js; then
    echo 'not ok 1 - p1 and p4 agree'
    exit 1
fi
echo 'ok 1 - p1 and p4 agree'"#;

const UNITS: usize = 6;

fn changing<'a>(repo: &'a Repo, check: &str) -> Migrate<'a> {
    let check = repo.program("check", check);
    let migrate = repo.migrate().saying("from var to let").agent(CHANGES);
    let migrate = migrate.check(&check.to_string_lossy()).units(UNITS);
    migrate.in_order().with(["--publish", "after-union"])
}

/// How often the check ran on the union.
fn runs(repo: &Repo) -> usize {
    let worked = repo.worked();
    worked.iter().filter(|line| *line == ".union").count()
}

fn facts(repo: &Repo, fact: &str) -> Vec<serde_json::Value> {
    let lines = repo.batch(["export"]).exits(0).raw().to_owned();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"));
    let is_it = |line: &serde_json::Value| line["fact"] == fact;
    lines.filter(is_it).collect()
}

/// The pair is named and held, and the others are published.
#[track_caller]
fn assert_pair_held(repo: &Repo, output: &Output) {
    output.says("4 of 6 units published, 2 withheld");
    output.says("02-packages-p1-index-js, 05-packages-p4-index-js break together, and are held");
    output.says("p1 and p4 agree");
    let held = ["02-packages-p1-index-js", "05-packages-p4-index-js"];
    for branch in repo.pushed() {
        assert!(!held.iter().any(|unit| branch.ends_with(unit)), "{branch}");
    }
    assert_eq!(repo.pushed().len(), 4);
}

#[test]
fn a_pair_that_breaks_together_is_held_until_it_fits() {
    let repo = Repo::with_packages(UNITS);
    let output = changing(&repo, PAIR).run().exits(1);
    assert_pair_held(&repo, &output);
    output.says("→ batch retry 02-packages-p1-index-js 05-packages-p4-index-js --run");
    let union = &repo.report()["union"];
    assert_eq!(union["result"], "green");
    assert_eq!(union["units"].as_array().unwrap().len(), 4);
    let pair = ["02-packages-p1-index-js", "05-packages-p4-index-js"];
    assert_eq!(union["culprits"][0]["units"], serde_json::json!(pair));
    let page = repo.settled("prs/01-packages-p0-index-js.md");
    assert!(page.contains("Tested together with 3 others"), "{page}");

    // Nothing is checked again that was seen already.
    let before = runs(&repo);
    let _ = repo.batch(["resume"]).exits(1);
    assert_eq!(runs(&repo), before);

    let again = repo
        .batch(["retry", pair[0], "--instruction", "please"])
        .exits(0);
    again.says("6 of 6 units published");
    assert_eq!(repo.pushed().len(), UNITS);
    assert!(!repo.worktrees().exists());
}

#[test]
fn a_person_may_publish_what_breaks_together() {
    let repo = Repo::with_packages(UNITS);
    let _ = changing(&repo, PAIR).run().exits(1);
    let before = runs(&repo);
    repo.batch(["publish"])
        .exits(0)
        .says("6 of 6 units published");
    assert_eq!(runs(&repo), before);
}

#[test]
fn one_unit_that_breaks_the_whole_is_named() {
    let repo = Repo::with_packages(UNITS);
    let whole = repo.program("whole", "! grep -q let packages/p2/index.js");
    let output = changing(&repo, "exit 0")
        .with(["--union-check", &whole.to_string_lossy()])
        .run()
        .exits(1);
    output.says("before anything is published, all that succeeded is checked together");
    output.says("5 of 6 units published, 1 withheld");
    output.says("held: 03-packages-p2-index-js; the others pass together");
    // One of all, a bisection, one alone, twice, and one of the others.
    let checked = facts(&repo, "union-checked").len();
    assert!(checked <= 1 + 3 + 2 + 1, "{checked}");
}

#[test]
fn what_fails_already_on_the_base_breaks_nothing() {
    let repo = Repo::with_packages(2);
    let check = repo.program("old", "echo 'not ok 1 - old'; exit 1");
    let migrate = repo.migrate().saying("from var to let").agent(CHANGES);
    migrate
        .check(&check.to_string_lossy())
        .units(2)
        .with(["--publish", "after-union"])
        .run()
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(facts(&repo, "union-checked").len(), 1);
}

#[test]
fn a_kill_while_the_union_is_checked_costs_no_verdict() {
    let whole = Repo::with_packages(UNITS);
    let _ = changing(&whole, PAIR).run().exits(1);
    let events = whole.batch(["export"]).exits(0).raw().to_owned();
    let is_checked = |(_, line): &(usize, &str)| line.contains("\"union-checked\"");
    let checked: Vec<usize> = events
        .lines()
        .enumerate()
        .filter(is_checked)
        .map(|(at, _)| at)
        .collect();

    let repo = Repo::with_packages(UNITS);
    changing(&repo, PAIR).killed_at(&format!("{}+", checked[2]));
    let resumed = repo.batch(["resume"]).exits(1);
    assert_pair_held(&repo, &resumed);
    assert_eq!(facts(&repo, "union-checked").len(), checked.len());
    assert_eq!(facts(&repo, "union-begun").len(), 1);
    assert!(!repo.worktrees().join(".union").exists());
}

#[test]
fn without_checks_there_is_no_union() {
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().saying("from var to let").agent(CHANGES);
    let migrate = migrate.units(2).with(["--publish", "after-union"]);
    migrate.run().exits(0).says("2 of 2 units published");
    assert!(facts(&repo, "union-begun").is_empty());
}
