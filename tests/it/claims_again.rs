//! What units own beyond their claims, where a person starts units again, stops them, or lets several works compete.

use crate::support::Repo;
use crate::support::agents::each;

/// Three sources and a list that all of them change.
fn sharing() -> Repo {
    ["a", "b", "c"]
        .iter()
        .fold(Repo::new(), |repo, it| {
            repo.file(format!("src/{it}.js"), "x\n")
        })
        .file("list", "z\n")
        .commit("base")
        .with_remote()
}

/// Adds a line of the unit's own to the list.
fn join_list() -> String {
    each(r#"echo y >>"$f"; echo "$(basename "$f")" >>list"#)
}

/// All pushed branches merge one after another; returns the lines of the list, sorted.
fn merged_list(repo: &Repo) -> Vec<String> {
    repo.git(["checkout", "--quiet", "-b", "all", "main"]);
    repo.git(["fetch", "--quiet", "origin"]);
    for branch in repo.pushed() {
        let branch = format!("origin/{branch}");
        repo.git(["merge", "--quiet", "--message", "merged", &*branch]);
    }
    let text = repo.read("list");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_unit_on_which_others_stand_may_be_started_again() {
    let repo = sharing();
    let migrate = repo
        .migrate()
        .paths(["src/"])
        .agent(&join_list())
        .in_order();
    migrate.run().exits(0).says("3 of 3 units published");
    let agent = repo.program("other", &format!("{}\necho again >>list", join_list()));
    repo.batch(["retry", "01"])
        .exits(2)
        .says("name both to do both again");
    let command = ["--agent-cmd", &*agent.to_string_lossy()];
    let retry = ["retry", "01", "02", "03"].into_iter().chain(command);
    repo.batch(retry).exits(0).says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
    assert!(repo.published(&repo.pushed()[0], "list").contains("again"));
}

/// Fails where a source uses what the manifest does not name any more.
const STILL_USED: &str = r#"
if grep -q moment src/*.js && ! grep -q moment package.json; then echo "src: uses moment"; exit 1; fi"#;

#[test]
fn removals_of_one_unit_wait_for_the_work_of_all_and_may_be_made_again() {
    for more in [&[][..], &["--best-of", "2"]] {
        let manifest =
            "{\n  \"dependencies\": {\n    \"dayjs\": \"1\",\n    \"moment\": \"2\"\n  }\n}\n";
        let repo = ["a", "b", "c"]
            .iter()
            .fold(Repo::new(), |repo, it| {
                repo.file(format!("src/{it}.js"), "moment\n")
            })
            .file("package.json", manifest)
            .commit("base")
            .with_remote();
        let check = repo.program("check", STILL_USED);
        let first = r"case $BATCH_UNIT in 01-*) sed -i '/moment/d; s/,$//' package.json ;; esac";
        let work = format!("{first}\n{}", each(r#"echo dayjs >"$f""#));
        let migrate = repo.migrate().paths(["src/"]).agent(&work);
        let migrate = migrate.with(more);
        let migrate = migrate.check(&check.to_string_lossy());
        migrate.run().exits(0).says("4 of 4 units published");
        let is_taken_away = || {
            let last = repo.pushed().pop().expect("a branch");
            assert!(last.ends_with("/removals"), "{last}");
            let text = repo.published(&last, "package.json");
            assert!(!text.contains("moment") && text.contains("dayjs"), "{text}");
        };
        is_taken_away();
        repo.batch(["retry", "removals"])
            .exits(0)
            .says("4 of 4 units published");
        is_taken_away();
    }
}

#[test]
fn who_waits_for_a_unit_that_a_person_stops_goes_on_without_it() {
    let repo = sharing();
    let gate = repo.gate();
    repo.fifo("never");
    // The first unit has changed the list when its check begins, and the second one waits until then.
    let check = repo.program(
        "check",
        "case $BATCH_UNIT in 01-*) echo $$ >$here/started; wait_forever ;; esac",
    );
    let work = format!(
        "case $BATCH_UNIT in 02-*) read -r word <$here/go ;; esac\n{}",
        join_list()
    );
    let migrate = repo.migrate().paths(["src/a.js", "src/b.js"]).agent(&work);
    let migrate = migrate.with(["-j", "2"]).check(&check.to_string_lossy());
    let mut run = migrate.start();
    gate.wait();
    gate.let_go("go");
    run.wait_for("starts again");
    let _ = repo.batch(["cancel", "--unit", "01"]).exits(0);
    let _ = run.finish();
    repo.batch(["status"]).says("1 of 2 units published");
    assert_eq!(merged_list(&repo), ["b.js", "z"]);
}

#[test]
fn works_that_compete_share_and_order_what_they_change() {
    let repo = sharing();
    let migrate = repo.migrate().paths(["src/"]).agent(&join_list());
    let output = migrate.with(["--best-of", "2"]).run().exits(0);
    output.says("3 of 3 units published");
    assert_eq!(merged_list(&repo), ["a.js", "b.js", "c.js", "z"]);
}

#[test]
fn after_all_others_the_last_unit_is_published_too() {
    let repo = sharing();
    let work = format!(
        "case $BATCH_UNIT in integration) cp list all; exit ;; esac\n{}",
        join_list()
    );
    let migrate = repo.migrate().paths(["src/"]).agent(&work);
    let migrate = migrate.with(["--publish", "after-all", "--integrate", "join"]);
    migrate.run().exits(0).says("4 of 4 units published");
    assert_eq!(repo.pushed().len(), 4);
    assert_eq!(merged_list(&repo), ["a.js", "b.js", "c.js", "z"]);
    assert_eq!(repo.read("all"), repo.read("list"));
}

/// Fails in every unit as it fails on the base, so that a pull request can be sent back.
const OLD_FAILURE: &str = "echo 'not ok 1 - old trouble'; exit 1";

#[test]
fn a_follow_up_goes_on_with_what_its_unit_created_and_adopted() {
    let repo = sharing();
    let check = repo.program("check", OLD_FAILURE);
    let work = each(
        r#"
n=$(basename "$f" .js)
test -z "${BATCH_FEEDBACK_FILE:-}" || { echo again >>"src/$n.test.js"; echo more >"src/$n.more.js"; echo "$n" >>list; }
test -n "${BATCH_FEEDBACK_FILE:-}" || { echo y >>"$f"; echo test >"src/$n.test.js"; echo "$n" >>list; }"#,
    );
    let migrate = repo.migrate().paths(["src/"]).agent(&work).in_order();
    let migrate = migrate.check(&check.to_string_lossy());
    migrate.run().exits(0).says("3 of 3 units published");
    repo.batch(["prs", "fix", "--all"])
        .exits(0)
        .says("3 done, 0 unchanged, 0 failed");
    let first = repo.pushed()[0].clone();
    assert_eq!(repo.published(&first, "src/a.test.js"), "test\nagain");
    assert_eq!(repo.published(&first, "src/a.more.js"), "more");
    assert_eq!(repo.published(&first, "list"), "z\na\na");
}

#[test]
fn a_follow_up_may_not_take_what_another_unit_holds_by_now() {
    let repo = sharing();
    let check = repo.program("check", OLD_FAILURE);
    let work = each(
        r#"
test -z "${BATCH_FEEDBACK_FILE:-}" || echo mine >>list
test -n "${BATCH_FEEDBACK_FILE:-}" || echo y >>"$f"
case $f in */c.js) echo theirs >>list ;; esac"#,
    );
    let migrate = repo.migrate().paths(["src/"]).agent(&work).in_order();
    let migrate = migrate.check(&check.to_string_lossy());
    migrate.run().exits(0).says("3 of 3 units published");
    let output = repo.batch(["prs", "fix", "--all"]).exits(1);
    output.says("1 done, 0 unchanged, 2 failed");
    assert_eq!(repo.published(&repo.pushed()[0], "list"), "z");
}

#[test]
fn what_the_first_unit_changes_beyond_its_claim_is_told_before_the_others_begin() {
    let repo = sharing();
    let work = each(r#"echo y >>"$f"; echo y >>"$f.test"; basename "$f" >>list"#);
    let migrate = repo.migrate().paths(["src/"]).agent(&work);
    migrate.with(["--canary"]).killed_at("0+");
    let output = repo.batch(["resume"]).exits(3);
    output
        .says("also creates src/b.js.test, and changes list")
        .says("It also changes list, which no unit claims.");
    repo.batch(["resume", "--yes"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(merged_list(&repo), ["a.js", "b.js", "c.js", "z"]);
}
