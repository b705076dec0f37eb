//! Pull requests on GitHub, with a server on loopback in its place and a bare repository behind its ssh address.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Fault, GitHub, TOKEN};
use crate::support::{Output, Repo, SIGN};

/// A repository whose remote is `acme/shop` on a server.
fn shop(packages: usize) -> (Repo, GitHub) {
    let repo = Repo::with_packages(packages);
    let server = GitHub::of(&repo);
    (repo, server)
}

/// An agent that looks for the token wherever it can, and then does its work.
const PRYING: &str = r#"
env
git config --list
cat "$BATCH_PROMPT_FILE"
xargs -0 sh -c 'for file; do env | sed "s,^,// ," >>"$file"; done' sh <"$BATCH_FILES""#;

fn migrate(repo: &Repo, more: &[&str]) -> Output {
    let migrate = repo.migrate().globally(["-vv"]).agent(PRYING);
    migrate.with(more).on_github().run()
}

/// The token stands in nothing that was said, kept or pushed.
fn the_token_is_nowhere(repo: &Repo, output: &Output) {
    assert!(!output.said().contains(TOKEN), "{output:?}");
    let everything = walkdir::WalkDir::new(repo.root()).into_iter();
    for entry in everything.filter_map(Result::ok) {
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path()).expect("a file of the test");
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(TOKEN), "{}", entry.path().display());
        }
    }
    for branch in repo.pushed() {
        assert!(
            !repo
                .published(&branch, "packages/p0/index.js")
                .contains(TOKEN)
        );
    }
}

#[test]
fn every_unit_becomes_a_pull_request_and_nobody_sees_the_token() {
    let (repo, server) = shop(2);
    let output = migrate(&repo, &["--units", "2"]).exits(0);

    output
        .says("2 of 2 units published")
        .says("https://127.0.0.1/acme/shop/pull/1")
        .says("https://127.0.0.1/acme/shop/pull/2")
        .says("pull requests on 127.0.0.1/acme/shop");
    let pulls = server.state().pulls.clone();
    let mut heads: Vec<&String> = pulls.iter().map(|pull| &pull.head).collect();
    heads.sort_unstable();
    assert_eq!(heads, repo.pushed().iter().collect::<Vec<_>>());
    for pull in &pulls {
        assert_eq!((&*pull.base, pull.draft), ("main", false));
    }
    the_token_is_nowhere(&repo, &output);
    let report = repo.batch(["report"]).exits(0);
    report.says("https://127.0.0.1/acme/shop/pull/1");
}

#[test]
fn drafts_are_asked_for_as_drafts() {
    let (repo, server) = shop(1);
    let _ = migrate(&repo, &["--draft", "--forge", "github"]).exits(0);
    assert!(server.state().pull(1).draft);
}

#[test]
fn a_refusal_is_told_and_the_branch_stays() {
    let refusals = [
        (
            Fault::refusal(403, "Resource not accessible by personal access token"),
            "may not open pull requests in 127.0.0.1/acme/shop",
        ),
        (
            Fault::refusal(422, "Validation Failed"),
            "127.0.0.1/acme/shop refused the request (422): Validation Failed",
        ),
    ];
    for (fault, sentence) in refusals {
        let (repo, server) = shop(1);
        server.fails("POST", "/pulls", fault);
        let output = migrate(&repo, &[]).exits(1);
        output
            .says("0 of 1 unit published, 1 failed")
            .says(sentence);
        assert_eq!(repo.pushed().len(), 1);
        assert_eq!(repo.branches(), repo.pushed());
        the_token_is_nowhere(&repo, &output);
    }
}

#[test]
fn whatever_happens_on_the_way_each_unit_has_one_pull_request() {
    let faults = [
        Fault::BadGateway,
        Fault::BadGatewayAfter,
        Fault::CutAfter,
        Fault::Late(Duration::from_millis(300)),
        Fault::secondary(1),
        Fault::refusal(500, "Server Error"),
    ];
    std::thread::scope(|scope| {
        for fault in faults {
            scope.spawn(|| {
                let (repo, server) = shop(2);
                server.fails("POST", "/pulls", fault);
                migrate(&repo, &["--units", "2"])
                    .exits(0)
                    .says("2 of 2 units published");
                assert_eq!(server.state().pulls.len(), 2);
            });
        }
    });
}

#[test]
fn a_repository_that_was_renamed_is_found_under_its_new_name() {
    let (repo, server) = shop(1);
    repo.git([
        "remote",
        "set-url",
        "origin",
        "git@127.0.0.1:acme/old-shop.git",
    ]);
    let _ = migrate(&repo, &[]).exits(0);
    assert_eq!(server.changes(), ["POST /pulls"]);
}

#[test]
fn among_250_open_ones_only_ours_is_taken_for_ours() {
    let (repo, server) = shop(1);
    {
        let mut state = server.state();
        state.strangers(250);
        // All are listed, whatever head was asked for.
        state.heeds_heads = false;
    }
    let _ = migrate(&repo, &[]).exits(0);
    assert_eq!(server.changes(), ["POST /pulls"]);
    assert_eq!(server.state().pulls.len(), 251);
    let requests = server.requests();
    let pages = requests.iter().filter(|it| *it == "GET /pulls").count();
    assert_eq!(pages, 3);
}

#[test]
fn without_a_token_github_is_refused_before_anything_is_done() {
    let (repo, server) = shop(1);
    repo.migrate()
        .command_line("true")
        .anywhere()
        .with(["--forge", "github"])
        .run()
        .exits(2)
        .says("there is no token for 127.0.0.1");
    assert!(server.requests().is_empty());
    assert_eq!(repo.state_entries(), [""; 0]);
}

#[test]
fn what_is_wished_for_beyond_the_pull_request_is_asked_for_and_what_fails_is_told() {
    let repo = Repo::new()
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .file("CODEOWNERS", "* @acme/web @ada eve@example.org\n")
        .file(
            ".github/pull_request_template.md",
            "## Summary\n<!-- What, and why? -->\n\n## Checklist\n- [ ] tests\n",
        )
        .commit("Start")
        .with_remote();
    let server = GitHub::of(&repo);
    server.state().milestones = vec!["2026.11".to_owned(), "2026.12".to_owned()];
    let refused = Fault::refusal(403, "Resource not accessible by personal access token");
    server.fails("POST", "/issues/1/labels", refused);
    let output = migrate(
        &repo,
        &[
            "--label",
            "migration",
            "--reviewers-from",
            "codeowners",
            "--max-reviewers",
            "1",
            "--assignee",
            "ada",
            "--assignee",
            "mallory",
            "--milestone",
            "2026.12",
        ],
    )
    .exits(0);
    output
        .says("PR #1: labels are missing: the token from GH_ENTERPRISE_TOKEN may not label")
        .says("not assigned to mallory");
    let pull = server.state().pull(1).clone();
    assert!(
        pull.body
            .starts_with("## Summary\n\n```text\nsign every file"),
        "{}",
        pull.body
    );
    assert!(
        pull.body
            .contains("## Checklist\n- [ ] tests\n\n<!-- batch {"),
        "{}",
        pull.body
    );
    assert_eq!(pull.milestone, Some(2));
    assert_eq!(
        (pull.assignees, pull.teams),
        (vec!["ada".to_owned()], vec!["web".to_owned()])
    );
    let bodies: Vec<Value> = server.state().bodies.clone();
    assert!(bodies.contains(&json!({ "labels": ["migration"] })));
    assert!(bodies.contains(&json!({ "team_reviewers": ["web"] })));
    repo.batch(["report", "--format", "markdown"])
        .exits(0)
        .says("- #1: labels are missing");
}

#[test]
fn what_stands_alone_is_merged_by_itself_where_the_repository_allows_it() {
    let (repo, server) = shop(2);
    let _ = repo
        .run_plan(&[("01-a", &[]), ("02-b", &["01-a"])])
        .agent(SIGN)
        .with(["--auto-merge=squash", "--no-ci"])
        .on_github()
        .run()
        .exits(0);
    let merges: Vec<Option<String>> = {
        let state = server.state();
        state.pulls.iter().map(|it| it.auto_merge.clone()).collect()
    };
    assert_eq!(merges, [Some("squash".to_owned()), None]);
    let message = repo.git(["log", "-1", "--format=%B", &repo.branches()[0]]);
    assert!(message.contains("\n\n[skip ci]\n\n"), "{message}");

    let (repo, server) = shop(1);
    server.state().allows_auto_merge = false;
    migrate(&repo, &["--auto-merge"])
        .exits(0)
        .says("auto-merge is not enabled:")
        .says("Auto merge is not allowed for this repository");
}

#[test]
fn the_next_opens_when_one_is_closed_also_after_a_resume() {
    let (repo, server) = shop(3);
    let migrate = repo.migrate().agent(SIGN).units(3).in_order();
    let one_open = migrate.with(["--max-open", "1"]).on_github();
    let mut session = one_open.start();
    session.wait_for("waits until one of 1 open is closed");
    session.interrupt();
    session.finish().exits(130).says("1 of 3 units published");

    // Without the token, the rest would become something else.
    for args in [&["resume"][..], &["retry", "01"]] {
        repo.batch(args)
            .exits(2)
            .says("began with pull requests on 127.0.0.1/acme/shop, branches pushed to origin")
            .says("there is no token for 127.0.0.1");
    }
    repo.git(["remote", "rename", "origin", "other"]);
    repo.batch_there(["resume"])
        .exits(2)
        .says("branches pushed to other");
    repo.git(["remote", "rename", "other", "origin"]);

    // From now on each is closed once it was looked at.
    server.state().pull(1).open = false;
    server.state().closes_what_is_looked_at = true;
    repo.batch_there(["resume"])
        .exits(0)
        .says("3 of 3 units published");
    let requests = server.requests();
    let mut course: Vec<&String> = requests
        .iter()
        .filter(|it| *it != "GET " && *it != "GET /pulls")
        .collect();
    course.dedup();
    let expected = [
        "POST /pulls",
        "GET /pulls/1",
        "POST /pulls",
        "GET /pulls/2",
        "POST /pulls",
    ];
    assert_eq!(course, expected);
}

#[test]
fn no_owner_has_more_open_than_is_wanted_and_others_go_first_also_after_a_resume() {
    let repo = Repo::new()
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .file("packages/p1/index.js", "var p1 = 1;\n")
        .file("packages/p2/index.js", "var p2 = 2;\n")
        .file("CODEOWNERS", "* @ada\npackages/p2/ @eve\n")
        .commit("Start")
        .with_remote();
    let server = GitHub::of(&repo);
    repo.plan(&[("01-a", &[]), ("02-b", &[]), ("03-c", &[])]);
    let plan = repo.read("plan.toml");
    let owned = plan
        .replace("id = \"01-a\"", "id = \"01-a\"\nowners = [\"@ada\"]")
        .replace("id = \"02-b\"", "id = \"02-b\"\nowners = [\"@ada\"]")
        .replace("id = \"03-c\"", "id = \"03-c\"\nowners = [\"@eve\"]");
    repo.write("plan.toml", owned);
    let run = repo.run_saved("plan.toml").agent(SIGN).in_order();
    let one_open = run.with(["--max-open-per-owner", "1"]).on_github();
    let mut session = one_open.start();
    session.wait_for("waits until one of 1 open for @ada is closed");
    session.wait_for("PR #2");
    session.interrupt();
    session.finish().exits(130).says("2 of 3 units published");

    server.state().pull(1).open = false;
    repo.batch_there(["resume"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(server.state().pulls.len(), 3);
}

#[test]
fn the_next_opens_when_the_checks_of_the_one_before_have_ended() {
    let (repo, server) = shop(3);
    server.state().checks_what_is_new = true;
    migrate(&repo, &["--units", "3", "--max-pending-checks", "1"])
        .exits(0)
        .says("waits until the checks of one of 1 end")
        .says("3 of 3 units published");
    let requests = server.requests();
    let mut course: Vec<String> = requests
        .iter()
        .filter(|it| *it == "POST /pulls" || it.ends_with("/check-runs"))
        .map(|it| it.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    course.dedup();
    let (opened, looked) = ("POST", "GET");
    assert_eq!(course, [opened, looked, opened, looked, opened]);

    // Nothing checks a page in the repository.
    let (repo, _server) = shop(2);
    let output = migrate(
        &repo,
        &["--units", "2", "--no-push", "--max-pending-checks", "1"],
    );
    assert!(!output.exits(0).said().contains("waits until the checks"));
}

#[test]
fn each_kind_of_wait_is_told_when_it_comes() {
    let (repo, server) = shop(2);
    {
        let mut state = server.state();
        state.checks_what_is_new = true;
        state.closes_what_is_looked_at = true;
    }
    let both = ["--max-open", "1", "--max-pending-checks", "1"];
    migrate(&repo, &[&["--units", "2"], &both[..]].concat())
        .exits(0)
        .says("waits until one of 1 open is closed")
        .says("waits until the checks of one of 1 end")
        .says("2 of 2 units published");
}

#[test]
fn pull_requests_keep_the_pace_that_is_wanted() {
    let (repo, _server) = shop(2);
    let begun = std::time::Instant::now();
    migrate(&repo, &["--units", "2", "--pr-pace", "60/m"])
        .exits(0)
        .says("pull request waits its turn (60/m)");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let fast = repo.migrate().anywhere().with(["--pr-pace", "fast"]);
    fast.run()
        .exits(2)
        .says("is not a pace: write it like 10/h");
}

#[test]
fn a_run_that_began_here_goes_on_here_though_there_is_a_token_by_now() {
    let (repo, server) = shop(2);
    let here = repo.migrate().agent(SIGN).units(2).anywhere();
    here.killed_at("0+");
    repo.batch_there(["resume"])
        .exits(0)
        .says("2 of 2 units published");
    assert!(server.changes().is_empty());
    repo.batch_there(["publish"])
        .exits(0)
        .says("https://127.0.0.1/acme/shop/pull/2");
}

#[test]
fn what_was_published_here_goes_to_github_later_without_its_agent() {
    let (repo, server) = shop(2);
    let _ = migrate(&repo, &["--units", "2", "--no-push", "--draft"]).exits(0);
    assert!(server.changes().is_empty() && repo.pushed().is_empty());
    let worked = repo.branches();
    repo.batch_there(["publish", "--forge", "github"])
        .exits(0)
        .says("continues: 2 units to publish to 127.0.0.1/acme/shop")
        .says("https://127.0.0.1/acme/shop/pull/2");
    assert_eq!(repo.pushed(), worked);
    assert_eq!(server.changes(), ["POST /pulls", "POST /pulls"]);
    assert!(server.state().pull(1).draft);
    repo.batch_there(["publish"])
        .exits(2)
        .says("has nothing to publish to 127.0.0.1/acme/shop");
}

#[test]
fn pull_requests_go_to_the_repository_that_is_named_from_the_one_that_branches_are_pushed_to() {
    let (repo, server) = shop(2);
    server.with_fork();
    let to = |address: &str| repo.git(["remote", "set-url", "origin", address]);
    to("git@127.0.0.1:batch-user/shop.git");
    let repo_flag = ["--repo", "acme/shop", "--units", "2"];
    migrate(&repo, &[&repo_flag[..], &["--max-open", "9"]].concat())
        .exits(0)
        .says("pull requests on 127.0.0.1/acme/shop, branches pushed to origin")
        .says("2 of 2 units published");
    assert!(repo.pushed().is_empty());
    assert_eq!(
        repo.pushed_to(&repo.root().join("fork.git")),
        repo.branches()
    );
    let bodies = server.state().bodies.clone();
    let head = format!("batch-user:{}", repo.branches()[0]);
    assert!(
        bodies.iter().any(|it| it["head"] == json!(head)),
        "{bodies:?}"
    );
    assert!(server.state().pulls.iter().all(|pull| pull.from_fork));
    repo.batch_there(["prs"])
        .exits(0)
        .says("2 open, 0 merged, 0 closed");

    // It may be that of the address as well.
    to("git@127.0.0.1:acme/shop.git");
    migrate(&repo, &repo_flag)
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);
    assert!(!server.state().pulls[3].from_fork);
}

#[test]
fn a_named_repository_is_looked_for_on_no_server_that_the_remote_is_not_on() {
    let (repo, server) = shop(1);
    let to = |address: &str| repo.git(["remote", "set-url", "origin", address]);
    // The server is the one of batch.toml, which came with the repository.
    to("work:acme/shop.git");
    migrate(&repo, &["--repo", "acme/shop", "--fork"])
        .exits(2)
        .says("there is no token for github.com");
    for elsewhere in [
        "https://gitlab.test/acme/shop.git",
        "git://gitlab.test/acme/shop.git",
        &repo.remote_dir().to_string_lossy(),
    ] {
        to(elsewhere);
        migrate(&repo, &["--repo", "acme/shop"])
            .exits(2)
            .says("remote origin is not on GitHub");
    }
    assert!(server.requests().is_empty());
    assert!(repo.branches().is_empty());
}

#[test]
fn a_repository_is_named_for_github_only_and_by_owner_and_name() {
    let (repo, server) = shop(1);
    migrate(&repo, &["--forge", "local", "--repo", "acme/shop"])
        .exits(2)
        .says("--repo acme/shop names a repository on GitHub, but pull requests are to stay in this repository");
    let address = ["--repo", "https://github.com/acme/shop"];
    let named = repo.migrate().anywhere().with(address);
    named
        .run()
        .exits(2)
        .says("names no repository: write it like acme/shop");
    let settings = repo.read("batch.toml");
    repo.write(
        "batch.toml",
        format!("{settings}[publish]\nrepo = \"acme\"\n"),
    );
    migrate(&repo, &[])
        .exits(2)
        .says("\"acme\" names no repository");
    repo.write(
        "batch.toml",
        format!("{settings}[publish]\nrepo = \"acme/gone\"\n"),
    );
    let tokenless = repo.migrate().command_line("true").anywhere();
    tokenless
        .env("GH_ENTERPRISE_TOKEN", "")
        .run()
        .exits(2)
        .says("there is no token for 127.0.0.1");
    assert_eq!(repo.state_entries(), [""; 0]);
    // A flag wins over the file.
    let _ = migrate(&repo, &["--forge", "local"]).exits(0);
    assert!(server.requests().is_empty());
}

#[test]
fn who_may_not_push_has_a_fork_made_and_pull_requests_come_from_there() {
    let (repo, server) = shop(2);
    server.read_only(&repo);
    migrate(&repo, &["--units", "2"])
        .exits(1)
        .says("Permission to acme/shop.git denied to batch-user")
        .says("with --fork, branches go to a fork of yours; for what is committed: batch publish --fork");
    assert!(!server.changes().contains(&"POST /forks".to_owned()));
    let worked = repo.branches();
    repo.batch_there(["publish", "--fork"])
        .exits(0)
        .says("note: branches are pushed to the fork batch-user/shop")
        .says("2 of 2 units published");
    let fork = repo.root().join("fork.git");
    assert_eq!(repo.pushed_to(&fork), worked);
    assert_eq!(
        server.changes(),
        ["POST /forks", "POST /pulls", "POST /pulls"]
    );
    assert!(server.state().pulls.iter().all(|pull| pull.from_fork));
    repo.batch_there(["report", "--json"])
        .exits(0)
        .says("\"remote\": \"127.0.0.1/batch-user/shop\"");
    repo.batch_there(["prs", "close", "--all", "--delete-branches"])
        .exits(0)
        .says("closed, its branch deleted on 127.0.0.1/batch-user/shop");
    assert!(repo.pushed_to(&fork).is_empty());

    // Who may push needs none, unless they want it.
    let (repo, server) = shop(1);
    let _ = migrate(&repo, &["--fork"]).exits(0);
    assert_eq!(server.changes(), ["POST /pulls"]);
    let _ = migrate(&repo, &["--fork=always"]).exits(0);
    assert_eq!(server.state().pulls.len(), 2);
    assert!(server.state().pull(2).from_fork);
    let refused = Fault::refusal(403, "Resource not accessible by personal access token");
    server.fails("POST", "/forks", refused);
    migrate(&repo, &["--fork=always"])
        .exits(2)
        .says("may not make forks in 127.0.0.1/acme/shop");
    migrate(&repo, &["--fork", "--forge", "local"])
        .exits(2)
        .says("--fork is for pull requests on GitHub");
}

#[test]
fn a_run_that_was_stopped_goes_on_with_its_fork() {
    let (repo, server) = shop(2);
    server.read_only(&repo);
    let migrate = repo.migrate().agent(SIGN).units(2).in_order();
    let one_open = migrate.with(["--fork", "--max-open", "1"]).on_github();
    let mut session = one_open.start();
    session.wait_for("waits until one of 1 open is closed");
    session.interrupt();
    session.finish().exits(130).says("1 of 2 units published");
    server.state().pull(1).open = false;
    repo.batch_there(["resume"])
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(
        server.changes(),
        ["POST /forks", "POST /pulls", "POST /pulls"]
    );
    assert_eq!(repo.pushed_to(&repo.root().join("fork.git")).len(), 2);
}

#[test]
fn one_issue_lists_all_pull_requests_and_is_made_once() {
    let (repo, server) = shop(2);
    // It is made, and the answer is lost.
    server.fails("POST", "/issues", Fault::BadGatewayAfter);
    let output = migrate(&repo, &["--units", "2", "--tracking-issue"]).exits(0);
    output.says("tracking issue: https://127.0.0.1/acme/shop/issues/1001");
    let issues = server.state().issues.clone();
    let [(title, text)] = &issues[..] else {
        panic!("not one issue: {issues:?}");
    };
    assert_eq!(title, "sign every file");
    for number in [1, 2] {
        let line =
            format!("- [ ] [#{number}](<https://127.0.0.1/acme/shop/pull/{number}>) `packages/p");
        assert!(text.contains(&line), "{text}");
    }
    assert!(text.contains("0 of 2 merged"), "{text}");

    // What people write around the list stays, and what others did is followed.
    server.state().issues[0].1 = format!("Please hurry.\r\n{text}");
    repo.batch_there(["prs", "merge", "01"])
        .exits(0)
        .says("tracking issue: https://127.0.0.1/acme/shop/issues/1001");
    server.state().of("02-").open = false;
    let _ = repo.batch_there(["prs", "sync", "--all"]).exits(0);
    let text = server.state().issues[0].1.clone();
    assert!(text.starts_with("Please hurry.\r\n"), "{text}");
    assert!(
        text.contains(": merged\n") && text.contains(": closed\n"),
        "{text}"
    );
    assert!(text.contains("1 of 2 merged"), "{text}");
    let before = server.changes().len();
    let _ = repo.batch_there(["prs", "sync", "--all"]).exits(0);
    assert_eq!(server.changes().len(), before, "nothing has changed");
    repo.batch_there(["report", "--json"])
        .exits(0)
        .says("\"url\": \"https://127.0.0.1/acme/shop/issues/1001\"");
}

#[test]
fn without_issues_pull_requests_are_opened_all_the_same() {
    let (repo, server) = shop(1);
    for _ in 0..2 {
        let disabled = Fault::refusal(410, "Issues are disabled for this repo");
        server.fails("GET", "/issues", disabled);
    }
    migrate(&repo, &["--tracking-issue"])
        .exits(0)
        .says("1 of 1 unit published")
        .says(
            "no tracking issue: 127.0.0.1/acme/shop refused the request (410): Issues are disabled",
        );
    assert_eq!(server.changes(), ["POST /pulls"]);
    // Now they are there.
    let _ = repo.batch_there(["prs", "sync", "--all"]).exits(0);
    assert_eq!(server.state().issues.len(), 1);
    let _ = repo.batch_there(["prs", "sync", "--all"]).exits(0);
    assert_eq!(server.state().issues.len(), 1);
}

#[test]
fn a_base_with_commits_that_are_not_pushed_is_refused_before_the_plan() {
    let (repo, server) = shop(2);
    let repo = repo.file("more.txt", "more\n").commit("More");
    let output = migrate(&repo, &["--base", "main"]).exits(2);
    output.says("the base main has 1 commit that origin/main lacks");
    let other = migrate(&repo, &["--base", "main", "--repo", "other/shop"]);
    assert!(!other.said().contains("lacks"), "{other:?}");
    assert!(!output.said().contains("plan ·"), "{output:?}");
    assert!(server.state().pulls.is_empty());
}
