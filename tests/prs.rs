//! How the pull requests of a run stand afterwards: as pages in the repository, and on a GitHub on loopback.

mod server;
mod support;

use serde_json::Value;
use server::{GitHub, TOKEN};
use support::{Output, Repo, SIGN};

const ENV: [(&str, &str); 2] = [("GITHUB_TOKEN", TOKEN), ("BATCH_SPACING_MS", "10")];

fn published_here(units: usize) -> Repo {
    let repo = Repo::with_packages(units);
    let units = units.to_string();
    let _ = repo.migrate_by(SIGN, &["--units", &units]).exits(0);
    repo
}

/// A repository whose pull requests are on a server.
fn published_there(units: usize, more: &[&str]) -> (Repo, GitHub) {
    let repo = Repo::with_packages(units);
    let server = GitHub::of(&repo);
    let (agent, units) = (repo.program("agent", SIGN), units.to_string());
    let agent = agent.to_string_lossy();
    let mut args = vec!["migrate", "packages/", "sign every file", "--yes"];
    args.extend([
        "--no-checks",
        "--agent-cmd",
        &agent,
        "--units",
        &units,
        "-j",
        "1",
    ]);
    args.extend_from_slice(more);
    let _ = repo.batch_with(args, &ENV).exits(0);
    (repo, server)
}

fn there(repo: &Repo, args: &[&str]) -> Output {
    repo.batch_with(args, &ENV)
}

#[test]
fn pages_in_the_repository_are_listed_with_what_the_repository_knows() {
    let repo = Repo::with_packages(2);
    let _ = repo
        .migrate_by(SIGN, &["--units", "2", "--check", "true", "--draft"])
        .exits(0);
    repo.write("packages/p1/index.js", "var other = 1;\n");
    repo.git(["commit", "--quiet", "--all", "--message", "Meanwhile"]);
    insta::assert_snapshot!(repo.batch(["prs"]).exits(0).stdout(), @r"
     PR │ unit │ state │ review │ checks │ merge │ behind
    ──┼──┼──┼──┼──┼──┼──
     #1 │ 01-packages-p0-index-js │ draft │ – │ green │ possible │ 1
     #2 │ 02-packages-p1-index-js │ draft │ – │ green │ conflict │ 1

    2 drafts, 0 open, 0 merged, 0 closed
    ");
}

#[test]
fn rows_for_scripts_tell_all_that_is_known() {
    let repo = published_here(1);
    let output = repo.batch(["prs", "--json"]).exits(0);
    let rows: Value = serde_json::from_str(output.raw()).expect("JSON");
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
        let first = state.pull(1);
        first.reviews = vec![("ada".to_owned(), "APPROVED")];
        first.checks = vec![Some("success"), Some("skipped")];
        let second = state.pull(2);
        second.draft = true;
        // The one that failed stands on the second page.
        second.checks = vec![Some("success"); 100];
        second.checks.push(Some("failure"));
        state.pull(3).open = false;
    }
    insta::assert_snapshot!(there(&repo, &["prs"]).exits(0).stdout(), @r"
     PR │ unit │ state │ review │ checks │ merge │ behind
    ──┼──┼──┼──┼──┼──┼──
     #1 │ 01-packages-p0-index-js │ open │ approved │ green │ possible │ 0
     #2 │ 02-packages-p1-index-js │ draft │ – │ red │ possible │ 0
     #3 │ 03-packages-p2-index-js │ closed │ – │ – │ – │ –

    1 draft, 1 open, 0 merged, 1 closed
    ");
}

#[test]
fn a_run_without_pull_requests_is_refused() {
    let repo = Repo::with_packages(1);
    let _ = repo.migrate_by(SIGN, &["--dry-run"]).exits(0);
    repo.batch(["prs"]).exits(2).says("has no pull requests");
}
