//! What becomes of pull requests after their run: as pages in the repository, and on a GitHub on loopback.

use insta::assert_snapshot;
use serde_json::Value;

use crate::server::{ENV, Fault, GitHub};
use crate::support::{Output, Repo, SIGN};

fn published_here(units: usize) -> Repo {
    let repo = Repo::with_packages(units);
    let _ = repo.migrate().agent(SIGN).units(units).run().exits(0);
    repo
}

/// A repository whose pull requests are on a server.
fn published_there(units: usize, more: &[&str]) -> (Repo, GitHub) {
    let repo = Repo::with_packages(units);
    let server = GitHub::of(&repo);
    let migrate = repo.migrate().agent(SIGN).units(units).in_order();
    let _ = migrate.with(more).on_github().run().exits(0);
    (repo, server)
}

/// A repository with a stack of three on a server, and one that stands alone.
fn stacked_there() -> (Repo, GitHub) {
    let repo = Repo::with_packages(4);
    let server = GitHub::of(&repo);
    let units: [(&str, &[&str]); 4] = [
        ("01-a", &[]),
        ("02-b", &["01-a"]),
        ("03-c", &["02-b"]),
        ("04-d", &[]),
    ];
    let run = repo.run_plan(&units).agent(SIGN).in_order();
    let _ = run.on_github().run().exits(0);
    (repo, server)
}

fn there(repo: &Repo, args: &[&str]) -> Output {
    repo.batch_with(args, &ENV)
}

#[test]
fn pages_in_the_repository_are_listed_with_what_the_repository_knows() {
    let repo = Repo::with_packages(2);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .check("true")
        .units(2)
        .with(["--draft"])
        .run()
        .exits(0);
    repo.write("packages/p1/index.js", "var other = 1;\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Meanwhile"]);
    assert_snapshot!(repo.batch(["prs"]).exits(0).stdout(), @r"
     PR │ unit │ state │ review │ checks │ merge │ behind
    ──┼──┼──┼──┼──┼──┼──
     #1 │ 01-packages-p0-index-js │ draft │ – │ green │ possible │ 1
     #2 │ 02-packages-p1-index-js │ draft │ – │ green │ conflict │ 1

    2 drafts, 0 open, 0 merged, 0 closed
    ");
}

#[test]
fn a_page_whose_work_came_into_the_base_by_hand_is_merged() {
    let repo = published_here(4);
    let [merged, squashed, picked, _] = &repo.branches()[..] else {
        panic!("four branches");
    };
    repo.git(["merge", "--quiet", "--no-ff", "--message", "m", merged]);
    repo.git(["merge", "--quiet", "--squash", squashed]);
    repo.git(["commit", "--quiet", "--message", "By hand"]);
    repo.git(["cherry-pick", picked]);
    let path = "packages/p1/index.js";
    repo.write(path, repo.read(path) + "var later = 1;\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Later"]);
    repo.git(["switch", "--quiet", "--detach"]);
    repo.batch(["prs"])
        .exits(0)
        .says("1 open, 3 merged, 0 closed");
    repo.batch(["prs", "merge", "--all", "--into", "main"])
        .says("3 unchanged")
        .says("02-packages-p1-index-js: is merged already");
    repo.batch(["revert", "--dry-run"])
        .exits(1)
        .says("#1 01-packages-p0-index-js: would be undone in main: 1 file")
        .says("#2 02-packages-p1-index-js: failed: main has changed since then in packages/p1/index.js")
        .says("#3 03-packages-p2-index-js: would be undone in main: 1 file");
}

#[test]
fn rows_for_scripts_tell_all_that_is_known() {
    let repo = published_here(1);
    let rows = repo.batch(["prs", "--json"]).exits(0).json();
    assert_eq!(rows[0]["unit"], "01-packages-p0-index-js");
    assert_eq!(rows[0]["state"], "open");
    assert_eq!(
        rows[0]["commit"],
        repo.git(["rev-parse", &repo.branches()[0]])
    );
}

#[test]
fn what_reviewers_and_checks_say_on_the_server_is_shown() {
    let (repo, server) = published_there(3, &[]);
    {
        let mut state = server.state();
        let first = state.of("01-");
        first.reviews = vec![("ada".to_owned(), "APPROVED")];
        first.checks = vec![Some("success"), Some("skipped")];
        let second = state.of("02-");
        second.draft = true;
        // The one that failed stands on the second page.
        second.checks = vec![Some("success"); 100];
        second.checks.push(Some("failure"));
        state.of("03-").open = false;
    }
    // Those that are ready at the same time are opened in any order.
    let numbers = |shown: String, number| shown.replace(&format!("#{number} "), "#n ");
    let shown = there(&repo, &["prs"]).exits(0).stdout();
    assert_snapshot!((1..=3).fold(shown, numbers), @r"
     PR │ unit │ state │ review │ checks │ merge │ behind
    ──┼──┼──┼──┼──┼──┼──
     #n │ 01-packages-p0-index-js │ open │ approved │ green │ possible │ 0
     #n │ 02-packages-p1-index-js │ draft │ – │ red │ possible │ 0
     #n │ 03-packages-p2-index-js │ closed │ – │ – │ – │ –

    1 draft, 1 open, 0 merged, 1 closed
    ");
}

#[test]
fn a_run_without_pull_requests_is_refused() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .with(["--dry-run"])
        .run()
        .exits(0);
    assert_snapshot!(repo.batch(["prs"]), @r"
    $ batch prs
    ! error: run [RUN] has no pull requests
    [exit code 2]
    ");
}

#[test]
fn the_whole_life_can_be_tried_without_a_network() {
    let repo = Repo::with_packages(3);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .units(3)
        .with(["--tracking-issue"])
        .run()
        .exits(0)
        .says("tracking issue: ");
    let before = repo.snapshot();
    let mut seen = repo.transcript();
    seen.batch(["prs", "close"]);
    seen.batch(["prs", "merge", "--all"]);
    seen.batch(["prs", "close", "03", "--delete-branches"]);
    seen.batch(["prs", "label", "01", "--name", "migration"]);
    seen.batch(["prs", "merge", "--all", "--into", "tried", "--dry-run"]);
    seen.batch(["prs", "merge", "--all", "--into", "tried"]);
    seen.batch(["prs"]);
    assert_snapshot!(seen, @r"
    $ batch prs close
    ! error: name the units, or give --all for all pull requests of the run
    [exit code 2]

    $ batch prs merge --all
    ! error: branch main is checked out in [TMP]/repo, and batch does not change a checkout of yours: \
    !     switch to another branch there, or name another branch here
    [exit code 2]

    $ batch prs close 03 --delete-branches
    ! #3 03-packages-p2-index-js: closed, its branch deleted on origin
    ! 1 done, 0 unchanged, 0 failed
    ! tracking issue: [TMP]/repo/.git/batch/runs/[RUN]/prs.md

    $ batch prs label 01 --name migration
    ! #1 01-packages-p0-index-js: labelled migration
    ! 1 done, 0 unchanged, 0 failed

    $ batch prs merge --all --into tried --dry-run
    ! #1 01-packages-p0-index-js: would be merged into tried
    ! #2 02-packages-p1-index-js: would be merged into tried
    ! #3 03-packages-p2-index-js: is closed already
    ! 2 would be done, 1 unchanged, 0 failed

    $ batch prs merge --all --into tried
    ! #1 01-packages-p0-index-js: merged into tried
    ! #2 02-packages-p1-index-js: merged into tried
    ! #3 03-packages-p2-index-js: is closed already
    ! 2 done, 1 unchanged, 0 failed
    ! tracking issue: [TMP]/repo/.git/batch/runs/[RUN]/prs.md

    $ batch prs
     PR │ unit │ state │ review │ checks │ merge │ behind
    ──┼──┼──┼──┼──┼──┼──
     #1 │ 01-packages-p0-index-js │ merged │ – │ – │ – │ –
     #2 │ 02-packages-p1-index-js │ merged │ – │ – │ – │ –
     #3 │ 03-packages-p2-index-js │ closed │ – │ – │ – │ –

    0 open, 2 merged, 1 closed
    ");

    assert_eq!(
        repo.changed_on("tried"),
        ["packages/p0/index.js", "packages/p1/index.js"]
    );
    assert_eq!(
        repo.pushed().len(),
        2,
        "the branch of what was closed is gone"
    );
    assert_eq!(repo.branches().len(), 3, "and still here");
    let all = repo.settled("/prs.md");
    assert!(all.contains("2 of 3 merged"), "{all}");
    assert!(all.contains("`: closed\n"), "{all}");
    let page = repo.settled("prs/01-packages-p0-index-js.md");
    assert!(page.contains("Pull request 1, merged: "), "{page}");
    repo.git(["branch", "-D", "tried"]);
    assert_eq!(repo.snapshot(), before);
}

#[test]
fn a_stack_of_pages_is_merged_in_its_order_and_brought_onto_where_it_went() {
    let repo = Repo::with_packages(2);
    let _ = repo
        .run_plan(&[("01-a", &[]), ("02-b", &["01-a"])])
        .agent(SIGN)
        .run()
        .exits(0);
    let mut seen = repo.transcript();
    seen.batch(["prs", "merge", "02-b", "--into", "tried"]);
    let squash = ["--into", "tried", "--method", "squash"];
    seen.batch(["prs", "merge", "01-a"].iter().chain(&squash));
    let earlier = repo.pushed();
    let before = repo.published(&earlier[1], "packages/p0/index.js");
    seen.batch(["prs", "sync", "--all"]);
    assert_eq!(repo.published(&earlier[1], "packages/p0/index.js"), before);
    let parent = repo.git(["rev-parse", &format!("{}^", repo.branches()[1])]);
    assert_eq!(parent, repo.git(["rev-parse", "tried"]));
    seen.batch(["prs", "sync", "--all"]);
    seen.batch(["prs", "merge", "--all", "--into", "tried"]);
    assert_snapshot!(seen, @r"
    $ batch prs merge 02-b --into tried
    ! #2 02-b: waits for #1, which is open
    ! 0 done, 1 unchanged, 0 failed

    $ batch prs merge 01-a --into tried --method squash
    ! #1 01-a: merged into tried
    ! 1 done, 0 unchanged, 0 failed

    $ batch prs sync --all
    ! #2 02-b: rebased onto tried, retargeted to tried
    ! 1 done, 0 unchanged, 0 failed

    $ batch prs sync --all
    ! #2 02-b: is up to date
    ! 0 done, 1 unchanged, 0 failed

    $ batch prs merge --all --into tried
    ! #1 01-a: is merged already
    ! #2 02-b: merged into tried
    ! 1 done, 1 unchanged, 0 failed
    ");
    assert_eq!(repo.changed_on("tried").len(), 2);
}

#[test]
fn only_what_is_green_and_approved_is_merged_and_only_as_it_was_looked_at() {
    let (repo, server) = published_there(4, &[]);
    {
        let mut state = server.state();
        for unit in ["01-", "02-", "03-"] {
            state.of(unit).checks = vec![Some("success")];
        }
        state.of("01-").reviews = vec![("ada".to_owned(), "APPROVED")];
        state.of("02-").reviews = vec![("ada".to_owned(), "CHANGES_REQUESTED")];
        state.of("03-").reviews = vec![("ada".to_owned(), "APPROVED")];
        state.of("03-").draft = true;
    }
    let merge = [
        "prs",
        "merge",
        "--all",
        "--method",
        "squash",
        "--when",
        "green-and-approved",
    ];
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(merge.iter().chain(&["--dry-run"]));
    // The answer to the merge is lost, and it is not made twice.
    let route = |unit: &str| format!("/pulls/{}/merge", server.state().of(unit).number);
    server.fails("PUT", &route("01-"), Fault::BadGatewayAfter);
    seen.batch(merge);
    let merged = server.state().of("01-").clone();
    let sent = server.state().bodies.last().cloned().expect("a request");
    assert_eq!(sent["sha"], merged.sha);
    let now = repo.published("main", "packages/p0/index.js");
    assert!(now.contains("// signed"), "{now}");

    let moved = Fault::refusal(
        409,
        "Head branch was modified. Review and try the merge again.",
    );
    server.fails("PUT", &route("04-"), moved);
    seen.batch(["prs", "merge", "04"]);
    assert_snapshot!(seen, @r"
    $ batch prs merge --all --method squash --when green-and-approved --dry-run
    ! #n 01-packages-p0-index-js: would be merged
    ! #n 02-packages-p1-index-js: has changes requested
    ! #n 03-packages-p2-index-js: is a draft: make it ready first
    ! #n 04-packages-p3-index-js: has no checks
    ! 1 would be done, 3 unchanged, 0 failed

    $ batch prs merge --all --method squash --when green-and-approved
    ! ERROR failed with status 502 Bad Gateway
    !   127.0.0.1 is asked again in [DURATION]: <html>Bad Gateway</html>
    ! #n 01-packages-p0-index-js: merged into main
    ! #n 02-packages-p1-index-js: has changes requested
    ! #n 03-packages-p2-index-js: is a draft: make it ready first
    ! #n 04-packages-p3-index-js: has no checks
    ! 1 done, 3 unchanged, 0 failed

    $ batch prs merge 04
    ! #n 04-packages-p3-index-js: failed: 127.0.0.1/acme/shop refused the request (409): Head branch was \
    !     modified. Review and try the merge again.
    ! 0 done, 0 unchanged, 1 failed
    [exit code 1]
    ");
}

#[test]
fn a_stack_is_merged_whole_however_its_commits_come_into_the_base() {
    for method in ["merge", "squash"] {
        let (repo, server) = stacked_there();
        let before = repo.snapshot();
        there(&repo, &["prs", "merge", "--all", "--method", method])
            .exits(0)
            .says("4 done, 0 unchanged, 0 failed");
        let state = server.state();
        assert!(
            state
                .pulls
                .iter()
                .all(|pull| pull.merged.is_some() && pull.base == "main")
        );
        drop(state);
        let signed = |number| {
            let path = format!("packages/p{number}/index.js");
            repo.published("main", &path).contains("// signed")
        };
        assert!((0..4).all(signed));
        assert_eq!(repo.snapshot(), before);
        repo.git(["fetch", "--quiet", "origin"]);
        let stands = |branch: &String| repo.git(["rev-parse", branch]);
        let there = |branch: &String| repo.git(["rev-parse", &format!("origin/{branch}")]);
        assert!(
            repo.branches()
                .iter()
                .all(|branch| stands(branch) == there(branch))
        );
    }
}

#[test]
fn what_others_merged_is_followed_and_a_crash_on_the_way_costs_nothing() {
    let (repo, server) = stacked_there();
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(["prs", "merge", "01-a", "--method", "squash"]);
    seen.batch(["prs", "sync", "--all", "--dry-run"]);
    // Killed when the new commit is known, and no branch has moved yet.
    let crash = [ENV[0], ENV[1], ("BATCH_CRASH", "0+")];
    let _ = repo.batch_with(["prs", "sync", "--all"], &crash);
    assert_eq!(server.state().of("02-").base, repo.branches()[0]);
    seen.batch(["prs", "sync", "--all"]);
    assert_eq!(server.state().of("02-").base, "main");
    let second = repo.pushed()[1].clone();
    assert_eq!(repo.published_changes(&second), "M\tpackages/p1/index.js");
    let third = repo.pushed()[2].clone();
    let on = repo.git(["rev-parse", &format!("{third}^")]);
    assert_eq!(on, repo.git(["rev-parse", &second]));

    // Somebody works on the third one; it is not overwritten.
    let mine = repo.git([
        "commit-tree",
        "-p",
        &third,
        "-m",
        "mine",
        &format!("{third}^{{tree}}"),
    ]);
    let to = format!("{mine}:refs/heads/{third}");
    repo.git(["push", "--quiet", "origin", &to]);
    seen.batch(["prs", "merge", "02-b", "03-c", "--method", "squash"]);
    assert_snapshot!(seen, @r"
    $ batch prs merge 01-a --method squash
    ! #n 01-a: merged into main
    ! 1 done, 0 unchanged, 0 failed

    $ batch prs sync --all --dry-run
    ! #n 02-b: would be rebased onto main, retargeted to main
    ! #n 03-c: is up to date
    ! 1 would be done, 1 unchanged, 0 failed

    $ batch prs sync --all
    ! #n 02-b: retargeted to main
    ! #n 03-c: rebased onto batch/[RUN]/02-b
    ! 2 done, 0 unchanged, 0 failed

    $ batch prs merge 02-b 03-c --method squash
    ! #n 02-b: merged into main
    ! #n 03-c: has commits of somebody else: rebase batch/[RUN]/03-c onto main yourself
    ! 1 done, 1 unchanged, 0 failed
    ");
}

#[test]
fn what_somebody_keeps_on_the_branch_here_is_not_published_with_it() {
    let (repo, _server) = stacked_there();
    let second = repo.pushed()[1].clone();
    let tree = format!("{second}^{{tree}}");
    let own = repo.git(["commit-tree", "-p", &second, "-m", "own", &tree]);
    repo.git(["update-ref", &format!("refs/heads/{second}"), &own]);
    let merge = ["prs", "merge", "01-a", "02-b", "--method", "squash"];
    there(&repo, &merge)
        .exits(0)
        .says("02-b: rebased onto main");
    let remote = repo.remote_dir();
    let remote = remote.to_string_lossy();
    for branch in [&*second, "main"] {
        let said = repo.git(["--git-dir", &*remote, "log", "--format=%B", branch]);
        assert!(!said.contains("own"), "{said}");
    }
    assert_eq!(repo.git(["rev-parse", &second]), own);
}

#[test]
fn a_branch_that_another_goes_to_is_not_deleted() {
    let (repo, server) = stacked_there();
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(["prs", "close", "01-a", "04-d", "--delete-branches"]);
    assert_eq!(repo.pushed().len(), 3);
    {
        let mut state = server.state();
        assert!(state.of("02-").open && !state.of("01-").open);
        for unit in ["02-", "03-"] {
            state.of(unit).open = false;
        }
    }
    let close = ["prs", "close", "--all", "--delete-branches"];
    seen.batch(close.iter().chain(&["--dry-run"]));
    seen.batch(close);
    assert_snapshot!(seen, @r"
    $ batch prs close 01-a 04-d --delete-branches
    ! #n 01-a: closed; its branch stays, since #n goes to it
    ! #n 04-d: closed, its branch deleted on origin
    ! 2 done, 0 unchanged, 0 failed

    $ batch prs close --all --delete-branches --dry-run
    ! #n 01-a: would be cleaned up: its branch is deleted on origin; it is already closed
    ! #n 02-b: would be cleaned up: its branch is deleted on origin; it is already closed
    ! #n 03-c: would be cleaned up: its branch is deleted on origin; it is already closed
    ! #n 04-d: is already closed; its branch is gone from origin
    ! 3 would be done, 1 unchanged, 0 failed

    $ batch prs close --all --delete-branches
    ! #n 01-a: cleaned up: its branch is deleted on origin; it is already closed
    ! #n 02-b: cleaned up: its branch is deleted on origin; it is already closed
    ! #n 03-c: cleaned up: its branch is deleted on origin; it is already closed
    ! #n 04-d: is already closed; its branch is gone from origin
    ! 3 done, 1 unchanged, 0 failed
    ");
    assert!(repo.pushed().is_empty());
}

#[test]
fn a_draft_is_made_ready_and_a_comment_is_made_once() {
    let (repo, server) = published_there(2, &["--draft"]);
    server.state().of("01-").draft = false;
    let mut seen = repo.transcript().on_github().without_numbers();
    seen.batch(["prs", "ready", "--all"]);
    assert!(!server.state().of("02-").draft);

    // The answer to the first attempt is lost; the comment is there all the same.
    let first = server.state().of("01-").number;
    let route = format!("/issues/{first}/comments");
    server.fails("POST", &route, Fault::BadGatewayAfter);
    seen.batch(["prs", "comment", "01", "--message", "Please look."]);
    assert_snapshot!(seen, @r"
    $ batch prs ready --all
    ! #n 01-packages-p0-index-js: is ready already
    ! #n 02-packages-p1-index-js: made ready
    ! 1 done, 1 unchanged, 0 failed

    $ batch prs comment 01 --message 'Please look.'
    ! ERROR failed with status 502 Bad Gateway
    !   127.0.0.1 is asked again in [DURATION]: <html>Bad Gateway</html>
    ! #n 01-packages-p0-index-js: commented
    ! 1 done, 0 unchanged, 0 failed
    ");
    let comments = server.state().of("01-").comments.clone();
    assert_eq!(comments.len(), 1);
    let text = &comments[0];
    assert!(
        text.starts_with("Please look.\n\n<!-- batch comment "),
        "{text}"
    );
    let output = there(&repo, &["prs", "label", "--all", "--name", "x", "--json"]).exits(0);
    let line: Value =
        serde_json::from_str(output.raw().lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&line["number"], &line["outcome"]),
        (&first.into(), &"done".into())
    );
}

#[test]
fn a_stack_from_a_fork_goes_to_the_base_and_shows_its_own_change_once_it_is_synced() {
    let repo = Repo::with_packages(2);
    let server = GitHub::of(&repo);
    server.read_only(&repo);
    repo.run_plan(&[("01-a", &[]), ("02-b", &["01-a"])])
        .agent(SIGN)
        .with(["--fork", "--auto-merge"])
        .on_github()
        .run()
        .exits(0)
        .says("note: no pull request can go to a branch of another repository")
        .says("2 of 2 units published");
    {
        let mut state = server.state();
        let second = state.of("02-").clone();
        assert_eq!((&*second.base, second.auto_merge), ("main", None));
        let told = "Until then, the changes of that one show here too.";
        assert!(second.body.contains(told), "{}", second.body);
    }
    there(&repo, &["prs", "sync", "--all"])
        .exits(0)
        .says("is up to date");
    there(&repo, &["prs", "merge", "01", "--method", "squash"])
        .exits(0)
        .says("1 done");
    there(&repo, &["prs", "sync", "--all"])
        .exits(0)
        .says("02-b: rebased onto main");
    let second = repo.branches()[1].clone();
    let fork = repo.root().join("fork.git");
    assert_eq!(repo.pushed_to(&fork).len(), 2);
    let parent = repo.git(["rev-parse", &format!("{second}^")]);
    assert_eq!(parent, server.state().bare.branches()["main"]);
    there(&repo, &["prs"]).exits(0).says("1 open, 1 merged");
    let stands = repo.git(["rev-parse", &second]);
    assert_eq!(server.state().of("02-").sha, stands);
}
