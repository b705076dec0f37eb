//! Checks that fail: what failed before the change already, and what fails only now and then, fails no unit.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Migrate, Output, Repo, SIGN};

/// Runs with a check of this shell text, which stands in the repository's folder of temporary things.
fn run(repo: &Repo, check: &str, more: &[&str]) -> Output {
    checked(repo, check).with(more).run()
}

fn checked<'a>(repo: &'a Repo, check: &str) -> Migrate<'a> {
    let check = repo.program("check", check);
    repo.migrate().agent(SIGN).check(&check.to_string_lossy())
}

/// How often the check was run, and where: a unit's id, or `.base`.
fn ran(repo: &Repo) -> Vec<String> {
    let text = fs::read_to_string(repo.root().join("ran")).unwrap_or_default();
    let mut ran: Vec<String> = text.lines().map(str::to_owned).collect();
    ran.sort();
    ran
}

/// Writes down that it is run.
const TOLD: &str = r#"echo "$BATCH_UNIT" >>"$here/ran""#;

#[test]
fn what_failed_before_the_change_fails_no_unit_and_is_told() {
    let repo = Repo::with_packages(3);
    let check = format!("{TOLD}\necho 'not ok 1 - old one'\nexit 1");
    let output = run(&repo, &check, &["-j", "1"]).exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ 1 old failure │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ 1 old failure │ [DURATION]
     03-packages-p2-index-js │ published │ #3 │ 1 old failure │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ~ 01-packages-p0-index-js: `[TMP]/check` fails, as it did before the change (old one)
    ~ 02-packages-p1-index-js: `[TMP]/check` fails, as it did before the change (old one)
    ~ 03-packages-p2-index-js: `[TMP]/check` fails, as it did before the change (old one)

    3 of 3 units published · [DURATION]
    ");
    // Once on the base; once more only in the unit that failed before the base was known.
    let ran = ran(&repo);
    assert_eq!(ran.iter().filter(|unit| *unit == ".base").count(), 1);
    assert_eq!(ran.len(), 5, "{ran:?}");
    let page = repo
        .state_files(".md")
        .into_iter()
        .find(|path| path.parent().is_some_and(|folder| folder.ends_with("prs")))
        .expect("a page");
    let page = fs::read_to_string(page).expect("the page");
    assert!(
        page.contains("fails, as it did before this change"),
        "{page}"
    );
    assert!(page.contains("- `old one`"), "{page}");
    let report = repo.report();
    let check = &report["units"][0]["checks"][0];
    assert_eq!(check["verdict"], "old-failure");
    assert_eq!(check["tests"][0], "old one");
    assert!(!repo.worktrees().exists());
}

#[test]
fn a_new_failure_fails_the_unit_whatever_failed_before() {
    let repo = Repo::with_packages(2);
    let check = r#"
echo "not ok 1 - old one"
if grep -q signed packages/p1/index.js; then echo "not ok 2 - new one"; fi
exit 1"#;
    let output = run(&repo, check, &[]).exits(1);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ 1 old failure │ [DURATION]
     02-packages-p1-index-js │ failed │ – │ 1 failed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 02-packages-p1-index-js failed at check
      `[TMP]/check` failed: exit code 1
      failing, and not before:
        new one
        │ not ok 1 - old one
        │ not ok 2 - new one
      log       batch logs 02-packages-p1-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/check-1.log)
      changes   batch diff 02-packages-p1-index-js  ([TMP]/repo.batch/[RUN]/02-packages-p1-index-js)

    ~ 01-packages-p0-index-js: `[TMP]/check` fails, as it did before the change (old one)

    → batch retry --failed --run [RUN]  (02-packages-p1-index-js)

    1 of 2 units published, 1 failed · [DURATION]
    ");
}

#[test]
fn a_failure_that_goes_away_is_flaky_and_publishes() {
    let repo = Repo::with_packages(2);
    let check = format!(
        r#"{TOLD}
test "$BATCH_UNIT" = .base && exit
test -e "$0.$BATCH_UNIT" && exit
touch "$0.$BATCH_UNIT"
case "$BATCH_UNIT" in *p1*) echo "not ok 1 - now and then"; exit 1;; esac"#
    );
    let output = run(&repo, &check, &[]).exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ 1 passed │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ 1 flaky │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ~ 02-packages-p1-index-js: `[TMP]/check` is flaky: it failed once, and passed when it was run again \
        (now and then)

    2 of 2 units published · [DURATION]
    ");
}

#[test]
fn a_check_that_cannot_pass_verifies_nothing_and_holds_what_it_judged() {
    let repo = Repo::with_packages(2);
    let output = run(&repo, "no-such-program --all", &[]).exits(1);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ withheld │ – │ 1 verified nothing │ [DURATION]
     02-packages-p1-index-js │ withheld │ – │ 1 verified nothing │ [DURATION]

    ! `[TMP]/check` verified nothing in 2 units:
      its program cannot be started ([TMP]/check: 56: no-such-program: not found)
    ! withheld, because a check verified nothing: 01-packages-p0-index-js, 02-packages-p1-index-js

    → batch publish [RUN] --unverified draft  (01-packages-p0-index-js, 02-packages-p1-index-js; or \
        mend the check first, then batch retry)

    0 of 2 units published, 2 withheld · [DURATION]
    ");
    assert!(repo.pushed().is_empty());
    assert_eq!(
        repo.report()["units"][0]["checks"][0]["verdict"],
        "verified-nothing"
    );
    let drafts = ["publish", "--unverified", "draft"];
    repo.batch(drafts).exits(0).says("2 of 2 units published");
    let page = repo.settled("prs/01-packages-p0-index-js.md");
    assert!(page.contains("Pull request 1, draft:"), "{page}");
    assert!(
        page.contains("verified nothing: its program cannot be started"),
        "{page}"
    );
    // Nothing is green about it.
    repo.batch(["prs"])
        .exits(0)
        .says("#1 │ 01-packages-p0-index-js │ draft │ – │ – │");
}

#[test]
fn the_reason_why_nothing_was_verified_is_told_once() {
    for (check, why) in [
        (
            ": \"${SHOP_TOKEN:?not set}\"",
            "it asks for SHOP_TOKEN, which workers do not get",
        ),
        (
            "echo 'Error: Cannot find module left-pad'; exit 1",
            "it lacks something (Error: Cannot find module",
        ),
        ("exit 3", "it fails without the change as well"),
    ] {
        let repo = Repo::with_packages(3);
        let output = checked(&repo, check).env("SHOP_TOKEN", "x").run().exits(1);
        output.says("verified nothing in 3 units").says(why);
        assert_eq!(
            output.printed().matches(why).count(),
            1,
            "{}",
            output.printed()
        );
    }
}

#[test]
fn units_are_published_unverified_where_the_user_says_so() {
    let repo = Repo::with_packages(1);
    let output = run(&repo, "exit 1", &["--unverified", "publish"]).exits(0);
    output
        .says("1 verified nothing")
        .says("1 of 1 unit published");
}

#[test]
fn complaints_about_files_are_compared_file_by_file() {
    let lint = "grep -l var packages/*/index.js | sed 's/$/:1: no var/' && exit 1; exit 0";
    // Every file is wrong on the base; the first agent mends its own.
    let agent = "case \"$BATCH_UNIT\" in 01*) sed -i s/var/let/ packages/p0/index.js;;
                 *) echo >>packages/p1/index.js;; esac";
    let repo = Repo::with_packages(2);
    let migrate = repo.migrate().agent(agent).check(lint).units(2);
    let output = migrate.run().exits(1);
    output
        .says("01-packages-p0-index-js │ published │ #1 │ 1 old failure")
        .says("02-packages-p1-index-js │ failed")
        .says("it complains about files of this unit")
        .says("packages/p1/index.js");
}

#[test]
fn what_a_check_changes_is_put_right_and_told() {
    let repo = Repo::with_packages(2);
    let formats = repo.program(
        "formats",
        "sed -i s/var/let/ packages/*/index.js; echo x >made",
    );
    let looks = repo.program("looks", "test -e made && ! grep let packages/*/index.js");
    let migrate = repo.migrate().agent(SIGN).check(&formats.to_string_lossy());
    let output = migrate.check(&looks.to_string_lossy()).run().exits(0);
    output
        .says("a check changed 2 files, and what a check changes is not published: packages/p0/index.js, packages/p1")
        .says("`[TMP]/formats`");
    for branch in repo.branches() {
        assert!(!repo.git(["show", &branch]).contains("+let"));
    }
}

#[test]
fn a_check_that_mends_what_it_finds_does_not_pass_the_second_time() {
    let repo = Repo::with_packages(1);
    let check = "grep -q signed packages/p0/index.js || exit 0; sed -i /signed/d packages/p0/index.js; exit 1";
    let output = run(&repo, check, &[]).exits(1);
    output.says("01-packages-p0-index-js │ failed").says(
        "a check changed 1 file, and what a check changes is not published: packages/p0/index.js",
    );
    assert_eq!(repo.report()["units"][0]["checks"][0]["verdict"], "fail");
    assert!(repo.pushed().is_empty());
}

#[test]
fn a_run_whose_checks_pass_never_touches_the_base() {
    let repo = Repo::with_packages(2);
    let _ = run(&repo, TOLD, &[]).exits(0);
    assert_eq!(ran(&repo).len(), 2, "{:?}", ran(&repo));
    let events = repo.batch(["export"]).exits(0);
    assert!(!events.stdout().contains("base-checked"));
}

#[test]
fn the_base_is_prepared_as_the_units_are() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", "*.env\n")
        .file(".worktreeinclude", "*.env\n")
        .commit("Ignore");
    repo.write("own.env", "brought\n");
    let check = r#"
echo 'not ok 1 - old one'
test -e own.env && test -e set-up && test -z "$(git status --porcelain packages)" && exit 1
echo "not prepared as the base is"
exit 2"#;
    // Fails with 1 on a base that was prepared, and with 2 where it was not, or where there are changes.
    let output = run(&repo, check, &["--setup", "touch set-up"]).exits(0);
    output.says("1 old failure");
    let events = repo.batch(["export"]).exits(0);
    let events = events.stdout();
    let base = events
        .lines()
        .find(|line| line.contains("base-checked"))
        .expect("the base was checked");
    assert!(base.contains(r#""ending":{"exit":1}"#), "{base}");
}

#[test]
fn where_the_base_cannot_be_asked_everything_counts_as_new() {
    let repo = Repo::with_packages(1);
    let setup = r#"test "$BATCH_UNIT" != .base"#;
    let output = run(&repo, "exit 1", &["--setup", setup]).exits(1);
    output
        .says("whether it failed before could not be found out")
        .says("the setup command failed on the base");
}

#[test]
fn what_a_killed_check_had_changed_is_no_part_of_the_work() {
    let check = "! grep half packages/p0/index.js";
    let whole = Repo::with_packages(1);
    let _ = run(&whole, check, &[]).exits(0);
    let events = whole.batch(["export"]).exits(0).stdout();
    let place = events
        .lines()
        .position(|line| line.contains("checks-begun"))
        .expect("the checks began");
    let repo = Repo::with_packages(1);
    checked(&repo, check).killed_at(&format!("{place}+"));
    // As a check would that was killed with the run.
    let file = format!("{}/packages/p0/index.js", repo.only_worktree());
    fs::write(file, "half\n").expect("the file");
    repo.batch(["resume"])
        .exits(0)
        .says("1 of 1 unit published");
    assert_eq!(repo.changed_on(&repo.pushed()[0]), ["packages/p0/index.js"]);
}

/// A run of two units that was killed when it had just written down what the check says of the base.
fn killed_after_the_base() -> Repo {
    let check = format!("{TOLD}\necho 'not ok 1 - old one'\nexit 1");
    let whole = Repo::with_packages(2);
    let _ = run(&whole, &check, &["-j", "1"]).exits(0);
    let events = whole.batch(["export"]).exits(0).stdout();
    let place = events
        .lines()
        .position(|line| line.contains("base-checked"))
        .expect("the base was checked");
    let repo = Repo::with_packages(2);
    let migrate = checked(&repo, &check).in_order();
    migrate.killed_at(&format!("{place}+"));
    repo
}

#[test]
fn what_the_journal_knows_of_the_base_is_not_found_out_again() {
    let repo = killed_after_the_base();
    let times = || ran(&repo).iter().filter(|unit| *unit == ".base").count();
    assert_eq!(times(), 1);
    repo.batch(["resume"])
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(times(), 1);
    assert!(!repo.worktrees().exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn what_a_killed_run_left_of_the_base_is_cleaned_away() {
    let repo = killed_after_the_base();
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 3);
    let _ = repo.batch(["clean", "--all"]).exits(0);
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}
