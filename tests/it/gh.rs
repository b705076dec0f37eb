//! GitHub's own client at the same server: what the program has written, `gh` reads, and what `gh` does to it, the
//! program sees.
//!
//! `scripts/github-contract` runs these where `gh` is installed.

use std::process::Command;

use serde_json::{Value, json};

use crate::server::{GitHub, TOKEN};
use crate::support::{Output, Repo, SIGN};

/// Three packages on a server that `gh` reaches, too.
fn shop() -> (Repo, GitHub) {
    let repo = Repo::with_packages(3);
    let server = GitHub::of(&repo);
    let socket = repo.root().join("github");
    server.hears_at(&socket);
    let config = repo.root().join("gh");
    std::fs::create_dir_all(&config).expect("a folder");
    let text = format!("http_unix_socket: {}\n", socket.display());
    std::fs::write(config.join("config.yml"), text).expect("settings of gh");
    (repo, server)
}

fn migrate(repo: &Repo, more: &[&str]) -> Output {
    let migrate = repo.migrate().agent(SIGN).units(3).in_order();
    migrate.with(more).on_github().run()
}

fn gh(repo: &Repo, args: &[&str]) -> String {
    let mut gh = Command::new("gh");
    let own = repo.root().join("gh");
    gh.current_dir(repo.root())
        .env("GH_CONFIG_DIR", &own)
        // It remembers answers there for a day.
        .env("TMPDIR", &own)
        .env("XDG_CACHE_HOME", &own)
        .env("GH_TOKEN", TOKEN)
        .env("GH_PROMPT_DISABLED", "1")
        .args(args);
    if args[0] == "pr" {
        gh.args(["--repo", "acme/shop"]);
    }
    let output = gh.output().expect("gh is installed");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{args:?}: {said}{complained}");
    said.into_owned()
}

fn told(repo: &Repo, args: &[&str]) -> Value {
    serde_json::from_str(&gh(repo, args)).expect("JSON")
}

#[test]
#[ignore = "needs gh; scripts/github-contract runs it"]
fn gh_reads_what_was_published_and_what_it_does_is_seen() {
    let (repo, server) = shop();
    let more = ["--draft", "--label", "migration", "--reviewer", "ada"];
    let _ = migrate(&repo, &more).exits(0);

    let fields = "number,title,isDraft,headRefName,labels";
    let listed = told(&repo, &["pr", "list", "--json", fields]);
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 3);
    let branches = repo.pushed();
    for pull in listed {
        assert_eq!(pull["isDraft"], true);
        assert_eq!(pull["labels"][0]["name"], "migration");
        let head = pull["headRefName"].as_str().unwrap_or_default();
        assert!(branches.iter().any(|branch| branch == head), "{pull}");
    }
    let pages = "repos/acme/shop/pulls?per_page=2";
    let reviewers = ".[].requested_reviewers[].login";
    let asked = gh(&repo, &["api", "--paginate", pages, "--jq", reviewers]);
    assert_eq!(asked, "ada\nada\nada\n");
    let shown = told(&repo, &["pr", "view", "1", "--json", "body"]);
    let body = shown["body"].as_str().unwrap_or_default();
    assert!(body.contains("<!-- batch {"), "{body}");

    gh(&repo, &["pr", "ready", "2"]);
    gh(&repo, &["pr", "merge", "2", "--squash"]);
    gh(&repo, &["pr", "close", "3"]);
    gh(&repo, &["pr", "comment", "1", "--body", "Looks right."]);
    let label = [
        "api",
        "repos/acme/shop/issues/1/labels",
        "-f",
        "labels[]=mine",
    ];
    gh(&repo, &label);
    let rows = repo.batch_there(["prs", "--json"]).exits(0).json();
    let state_of = |number: u64| {
        let rows = rows.as_array().into_iter().flatten();
        let mut of = rows.filter(|row| row["number"] == number);
        of.next().map(|row| row["state"].clone())
    };
    assert_eq!(
        [1, 2, 3].map(state_of),
        ["draft", "merged", "closed"].map(|state| Some(json!(state)))
    );
    let state = server.state();
    assert_eq!(state.pulls[0].comments, ["Looks right."]);
    assert_eq!(state.pulls[0].labels, ["migration", "mine"]);
}

#[test]
#[ignore = "needs gh; scripts/github-contract runs it"]
fn what_somebody_opened_with_gh_is_left_alone_and_reported() {
    let (repo, server) = shop();
    let _ = migrate(&repo, &["--no-push"]).exits(0);
    // Somebody is faster, by hand.
    let branch = &repo.branches()[0];
    let remote = repo.remote_dir();
    repo.git(["push", "--quiet", &remote.to_string_lossy(), branch]);
    let by_hand = ["pr", "create", "--title", "By hand", "--body", "Mine."];
    gh(
        &repo,
        &[&by_hand[..], &["--head", branch, "--base", "main"]].concat(),
    );
    repo.batch_there(["publish", "--forge", "github"])
        .exits(0)
        .says("PR #1: its text was not written by this run and stays as it is");
    let state = server.state();
    let titles: Vec<&String> = state.pulls.iter().map(|pull| &pull.title).collect();
    assert_eq!((titles.len(), &**titles[0]), (3, "By hand"));
    assert_eq!(state.pulls[0].body, "Mine.");
}
