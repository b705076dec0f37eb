//! Merged pull requests undone by others: as pages in the repository, and on a GitHub on loopback.

use insta::assert_snapshot;
use serde_json::Value;

use crate::server::{ENV, Fault, GitHub};
use crate::support::{Output, Repo, SIGN};

/// A repository with pull requests of these units on a server.
fn there(units: &[(&str, &[&str])]) -> (Repo, GitHub) {
    let repo = Repo::with_packages(units.len());
    let server = GitHub::of(&repo);
    let run = repo.run_plan(units).agent(SIGN).in_order();
    let labelled = run.with(["--label", "migration"]);
    let _ = labelled.on_github().run().exits(0);
    (repo, server)
}

const STACK: [(&str, &[&str]); 4] = [
    ("01-a", &[]),
    ("02-b", &["01-a"]),
    ("03-c", &["02-b"]),
    ("04-d", &[]),
];

fn batch(repo: &Repo, args: &[&str]) -> Output {
    repo.batch_with(args, &ENV)
}

fn is_signed(repo: &Repo, branch: &str, number: usize) -> bool {
    let path = format!("packages/p{number}/index.js");
    repo.published(branch, &path).contains("// signed")
}

/// Somebody's commit on a branch of the remote that gives this file this text.
fn commit_there(repo: &Repo, branch: &str, file: &str, text: &str) {
    let place = repo.root().join("elsewhere");
    let place = place.to_string_lossy();
    let remote = repo.remote_dir();
    let remote = remote.to_string_lossy();
    repo.git(["clone", "--quiet", "--branch", branch, &remote, &place]);
    std::fs::write(repo.root().join("elsewhere").join(file), text).expect("the file");
    repo.git(["-C", &place, "add", "--all"]);
    repo.git(["-C", &place, "commit", "--quiet", "--message", file]);
    repo.git(["-C", &place, "push", "--quiet"]);
    std::fs::remove_dir_all(&*place).expect("gone");
}

#[test]
fn merged_work_is_undone_however_it_came_and_what_stands_on_it_first() {
    for method in ["merge", "squash", "rebase"] {
        let (repo, server) = there(&STACK[..2]);
        batch(&repo, &["prs", "merge", "--all", "--method", method])
            .exits(0)
            .says("2 done");
        let before = repo.snapshot();
        batch(&repo, &["revert", "--dry-run"])
            .exits(0)
            .says("02-b: would be undone in main: 1 file")
            .says("2 would be done, 0 unchanged, 0 failed");
        assert_eq!(server.state().pulls.len(), 2);
        let said = batch(
            &repo,
            &["revert", "--message", "It breaks the login.", "--draft"],
        )
        .exits(0)
        .stderr();
        let place = |unit: &str| said.find(unit).expect("it is told");
        assert!(
            place("02-b: to be undone by #") < place("01-a: to be undone by #"),
            "{said}"
        );
        assert_eq!(repo.snapshot(), before);
        {
            let mut state = server.state();
            assert_eq!(state.pulls.len(), 4);
            assert!(
                state.pulls[2..]
                    .iter()
                    .all(|it| it.base == "main" && it.draft)
            );
            let below = state.of("02-b-revert").number;
            let first = state.of("01-a-revert").clone();
            assert!(
                first.title.starts_with("Revert \"01-a: "),
                "{}",
                first.title
            );
            assert!(
                first.body.contains("It breaks the login."),
                "{}",
                first.body
            );
            assert!(first.body.contains("### Merge first"), "{}", first.body);
            let link = format!("/pull/{below})");
            assert!(first.body.contains(&link), "{}", first.body);
            assert_eq!(first.labels, ["migration"]);
        }
        // Once more, nothing is opened twice.
        batch(&repo, &["revert"])
            .exits(0)
            .says("02-b: already has the open revert #")
            .says("0 done, 2 unchanged, 0 failed");
        assert_eq!(server.state().pulls.len(), 4);

        batch(&repo, &["prs", "ready", "--all"])
            .exits(0)
            .says("2 done");
        batch(&repo, &["prs", "merge", "01-a-revert"])
            .exits(0)
            .says("01-a-revert: waits for #");
        batch(&repo, &["prs", "merge", "--all", "--method", method])
            .exits(0)
            .says("2 done, 2 unchanged, 0 failed");
        assert!((0..2).all(|number| !is_signed(&repo, "main", number)));
        batch(&repo, &["revert"])
            .exits(0)
            .says("02-b: is already undone by #");
    }
}

#[test]
fn all_commits_of_a_rebased_pull_request_are_undone() {
    let (repo, _server) = there(&[("01-a", &[]), ("02-b", &[])]);
    let branch = &repo.pushed()[0];
    commit_there(&repo, branch, "packages/p0/more.js", "var more;\n");
    commit_there(&repo, "main", "other.txt", "theirs\n");
    batch(&repo, &["prs", "merge", "--all", "--method", "rebase"])
        .exits(0)
        .says("2 done");
    batch(&repo, &["revert", "--unit", "01"])
        .exits(0)
        .says("01-a: to be undone by #3: 2 files")
        .says("1 done");
    let undone =
        "batch/[RUN]/01-a-revert".replace("[RUN]", branch.split('/').nth(1).expect("a run"));
    assert_eq!(
        repo.published_changes(&undone),
        "M\tpackages/p0/index.js\nD\tpackages/p0/more.js"
    );
    assert!(is_signed(&repo, &undone, 1));
}

#[test]
fn a_conflict_is_told_with_its_files_and_the_others_go_on() {
    let (repo, server) = there(&STACK);
    batch(&repo, &["prs", "merge", "--all"])
        .exits(0)
        .says("4 done");
    commit_there(&repo, "main", "packages/p1/index.js", "var p1 = 'new';\n");
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(["revert"]);
    assert_snapshot!(seen, @r"
    $ batch revert
    ! #n 04-d: to be undone by #n: 1 file, https://127.0.0.1/acme/shop/pull/n
    ! #n 03-c: to be undone by #n: 1 file, https://127.0.0.1/acme/shop/pull/n
    ! #n 02-b: failed: main has changed since then in packages/p1/index.js: undo the unit's change there \
    !     by hand
    ! #n 01-a: is needed by #n (02-b), which is merged: undo that one as well
    ! 2 done, 1 unchanged, 1 failed
    [exit code 1]
    ");
    assert_eq!(server.state().pulls.len(), 6);
    let rows = batch(&repo, &["prs", "--json"]).exits(0);
    let rows: Value = serde_json::from_str(rows.raw()).expect("JSON");
    let units: Vec<&str> = rows
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["unit"].as_str())
        .collect();
    assert_eq!(
        units,
        ["01-a", "02-b", "03-c", "04-d", "04-d-revert", "03-c-revert"]
    );
}

#[test]
fn only_what_is_merged_is_undone_and_nothing_below_what_stands() {
    let (repo, server) = there(&STACK);
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(["prs", "merge", "01", "02"]);
    seen.batch(["revert", "--unit", "01-a"]);
    let undone = seen.batch(["revert", "--unit", "02", "--unit", "03"]);
    undone.says("02-b: to be undone by #5");
    // What an earlier call has opened counts.
    let undone = seen.batch(["revert", "--unit", "01"]);
    undone.says("01-a: to be undone by #6");
    server.state().of("01-a-revert").open = false;
    let again = seen.batch(["revert"]);
    again.says("01-a: has the revert #6, which somebody closed");
    seen.batch(["revert", "--unit", "05"]);
    assert_snapshot!(seen, @r#"
    $ batch prs merge 01 02
    ! #n 01-a: merged into main
    ! #n 02-b: retargeted to main, merged into main
    ! 2 done, 0 unchanged, 0 failed

    $ batch revert --unit 01-a
    ! #n 01-a: is needed by #n (02-b), which is merged: undo that one as well
    ! 0 done, 1 unchanged, 0 failed

    $ batch revert --unit 02 --unit 03
    ! #n 03-c: is open, so there is nothing to undo
    ! #n 02-b: to be undone by #n: 1 file, https://127.0.0.1/acme/shop/pull/n; #n is open and depends on \
    !     it
    ! 1 done, 1 unchanged, 0 failed

    $ batch revert --unit 01
    ! #n 01-a: to be undone by #n: 1 file, https://127.0.0.1/acme/shop/pull/n; #n is open and depends on \
    !     it
    ! 1 done, 0 unchanged, 0 failed

    $ batch revert
    ! #n 04-d: is open, so there is nothing to undo
    ! #n 03-c: is open, so there is nothing to undo
    ! #n 02-b: already has the open revert #n
    ! #n 01-a: has the revert #n, which somebody closed
    ! 0 done, 4 unchanged, 0 failed

    $ batch revert --unit 05
    ! error: run [RUN] has no unit "05"; it has 01-a, 02-b, 03-c, 04-d
    [exit code 2]
    "#);
}

#[test]
fn nothing_is_opened_twice_whatever_happens_on_the_way() {
    let (repo, server) = there(&[("01-a", &[]), ("02-b", &[])]);
    batch(&repo, &["prs", "merge", "--all"])
        .exits(0)
        .says("2 done");
    // The answer to the creation is lost.
    server.fails("POST", "/pulls", Fault::BadGatewayAfter);
    batch(&repo, &["revert", "--unit", "02"])
        .exits(0)
        .says("02-b: to be undone by #3");
    // Killed when the commit is known, and then when the pull request is open and not written down.
    for crash in ["0+", "0"] {
        let env = [ENV[0], ENV[1], ("BATCH_CRASH", crash)];
        let _ = repo.batch_with(["revert"], &env).exits(-1);
    }
    assert_eq!(server.state().pulls.len(), 4);
    batch(&repo, &["revert"])
        .exits(0)
        .says("01-a: to be undone by #4")
        .says("1 done, 1 unchanged");
    assert_eq!(server.state().pulls.len(), 4);
    assert_eq!(repo.pushed().len(), 4);
}

#[test]
fn a_branch_that_somebody_else_has_is_left_alone() {
    let (repo, server) = there(&[("01-a", &[])]);
    batch(&repo, &["prs", "merge", "--all"])
        .exits(0)
        .says("1 done");
    let theirs = format!("{}-revert", repo.pushed()[0]);
    repo.git([
        "push",
        "--quiet",
        "origin",
        &format!("main:refs/heads/{theirs}"),
    ]);
    batch(&repo, &["revert"])
        .exits(1)
        .says("is not at the commit where this run left it");
    assert_eq!(server.state().pulls.len(), 1);
}

#[test]
fn pages_that_were_merged_are_undone_by_pages() {
    for method in ["merge", "squash"] {
        let repo = Repo::with_packages(2);
        let _ = repo
            .run_plan(&[("01-a", &[]), ("02-b", &["01-a"])])
            .agent(SIGN)
            .run()
            .exits(0);
        let merge = [
            "prs", "merge", "--all", "--into", "tried", "--method", method,
        ];
        let _ = repo.batch(merge).exits(0);
        let _ = repo.batch(["prs", "sync", "--all"]).exits(0);
        let _ = repo.batch(merge).exits(0);
        assert_eq!(repo.changed_on("tried").len(), 2, "{method}");
        repo.batch(["revert", "--unit", "02"]).exits(0).says(
            "#2 02-b: to be undone by #4: 1 file, [TMP]/repo/.git/batch/runs/[RUN]/prs/02-b-revert.md",
        );
        repo.batch(["revert"])
            .exits(0)
            .says("02-b: already has the open revert #4")
            .says("01-a: to be undone by #3");
        repo.batch(["prs"])
            .exits(0)
            .says("#4 │ 02-b-revert │ open │ – │ – │ possible │ 0")
            .says("2 open, 2 merged, 0 closed");
        let page = repo.settled("prs/01-a-revert.md");
        assert!(
            page.contains("Pull request 3, open: `batch/[RUN]/01-a-revert` → `tried`"),
            "{page}"
        );
        repo.batch(merge)
            .exits(0)
            .says("02-b-revert: merged into tried")
            .says("2 done, 2 unchanged, 0 failed");
        assert!(repo.changed_on("tried").is_empty());
    }
}

#[test]
fn what_was_done_anew_and_merged_again_can_be_undone_again() {
    let (repo, server) = there(&[("01-a", &[])]);
    for round in 1..=2 {
        batch(&repo, &["prs", "merge", "--all"])
            .exits(0)
            .says("1 done");
        assert!(is_signed(&repo, "main", 0), "round {round}");
        batch(&repo, &["revert"]).exits(0).says("1 done");
        batch(&repo, &["prs", "merge", "--all"])
            .exits(0)
            .says("1 done");
        assert!(!is_signed(&repo, "main", 0), "round {round}");
        if round == 1 {
            // With the same date it would be the same commit.
            let date = ("GIT_COMMITTER_DATE", "2024-05-02T12:00:00 +0000");
            let env = [ENV[0], ENV[1], date];
            let _ = repo.batch_with(["retry", "01-a"], &env).exits(0);
        }
    }
    assert_eq!(server.state().pulls.len(), 4);
}
