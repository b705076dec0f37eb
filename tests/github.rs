//! Pull requests on GitHub, with a server on loopback in its place and a bare repository behind its ssh address.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use support::{Output, Repo};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

const TOKEN: &str = "ghp_not-to-be-seen";
const PULLS: &str = "/repos/acme/shop/pulls";

/// Opens every pull request it is asked for, numbered from 1.
struct Opens(AtomicU64);

impl Respond for Opens {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let asked: Value = request.body_json().expect("JSON");
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        ResponseTemplate::new(201).set_body_json(json!({
            "number": number,
            "html_url": format!("https://127.0.0.1/acme/shop/pull/{number}"),
            "head": { "ref": asked["head"], "repo": { "full_name": "acme/shop" } },
            "base": { "ref": asked["base"], "repo": { "full_name": "acme/shop" } },
        }))
    }
}

/// A repository whose remote is `acme/shop` on this server, and the server, which answers creations so.
async fn shop(packages: usize, creation: impl Respond + 'static) -> (Repo, MockServer) {
    on_server(Repo::with_packages(packages), creation).await
}

async fn on_server(repo: Repo, creation: impl Respond + 'static) -> (Repo, MockServer) {
    let server = MockServer::start().await;
    Mock::given(path("/repos/acme/shop"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "full_name": "acme/shop" })))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(PULLS))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path(PULLS))
        .respond_with(creation)
        .mount(&server)
        .await;

    let repo = repo.settings(&format!("[github]\napi-url = \"{}\"\n", server.uri()));
    // What stands for ssh runs the program it is asked for (its last argument) here, in the folder of the remote.
    let ssh = repo.program(
        "ssh",
        &format!(
            "for asked; do :; done\nexec \"${{asked%% *}}\" '{}'",
            repo.remote_dir().display()
        ),
    );
    repo.git(["config", "core.sshCommand", &ssh.to_string_lossy()]);
    repo.git(["config", "ssh.variant", "simple"]);
    repo.git(["remote", "set-url", "origin", "git@127.0.0.1:acme/shop.git"]);
    (repo, server)
}

fn refuses(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "message": message }))
}

/// An agent that looks for the token wherever it can, and then does its work.
const PRYING: &str = r#"env
git config --list
cat "$BATCH_PROMPT_FILE"
xargs -0 sh -c 'for file; do env >>"$file"; done' sh <"$BATCH_FILES""#;

fn migrate(repo: &Repo, more: &[&str]) -> Output {
    let agent = repo.program("agent", PRYING);
    let agent = agent.to_string_lossy();
    let mut args = vec!["-vv", "migrate", "packages/", "sign every file", "--yes"];
    args.extend(["--no-checks", "--agent-cmd", &agent]);
    args.extend_from_slice(more);
    repo.batch_with(args, &[("GITHUB_TOKEN", TOKEN), ("BATCH_SPACING_MS", "10")])
}

/// The pull requests that the server was asked for.
async fn asked(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.expect("recorded");
    requests
        .iter()
        .filter(|request| request.method.as_str() == "POST")
        .map(|request| request.body_json().expect("JSON"))
        .collect()
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

#[tokio::test]
async fn every_unit_becomes_a_pull_request_and_nobody_sees_the_token() {
    let (repo, server) = shop(2, Opens(AtomicU64::new(0))).await;
    let output = migrate(&repo, &["--units", "2"]).exits(0);

    output
        .says("2 of 2 units published")
        .says("https://127.0.0.1/acme/shop/pull/1")
        .says("https://127.0.0.1/acme/shop/pull/2")
        .says("pull requests on 127.0.0.1/acme/shop");
    let asked = asked(&server).await;
    let mut heads: Vec<&str> = asked.iter().filter_map(|it| it["head"].as_str()).collect();
    heads.sort_unstable();
    assert_eq!(heads, repo.pushed());
    for pull in &asked {
        assert_eq!(
            (&pull["base"], &pull["draft"]),
            (&json!("main"), &json!(false))
        );
    }
    the_token_is_nowhere(&repo, &output);
    let report = repo.batch(["report"]).exits(0);
    report.says("https://127.0.0.1/acme/shop/pull/1");
}

#[tokio::test]
async fn drafts_are_asked_for_as_drafts() {
    let (repo, server) = shop(1, Opens(AtomicU64::new(0))).await;
    let _ = migrate(&repo, &["--draft", "--forge", "github"]).exits(0);
    assert_eq!(asked(&server).await[0]["draft"], true);
}

#[tokio::test]
async fn a_refusal_is_told_and_the_branch_stays() {
    let refusals = [
        (
            refuses(403, "Resource not accessible by personal access token"),
            "may not open pull requests in 127.0.0.1/acme/shop",
        ),
        (
            refuses(422, "Validation Failed"),
            "127.0.0.1/acme/shop refused the request (422): Validation Failed",
        ),
    ];
    for (answer, sentence) in refusals {
        let (repo, _server) = shop(1, answer).await;
        let output = migrate(&repo, &[]).exits(1);
        output
            .says("0 of 1 unit published, 1 failed")
            .says(sentence);
        assert_eq!(repo.pushed().len(), 1);
        assert_eq!(repo.branches(), repo.pushed());
        the_token_is_nowhere(&repo, &output);
    }
}

#[tokio::test]
async fn without_a_token_github_is_refused_before_anything_is_done() {
    let (repo, server) = shop(1, Opens(AtomicU64::new(0))).await;
    let args = ["migrate", "packages/", "sign every file", "--yes"];
    let more = ["--agent-cmd", "true", "--forge", "github"];
    repo.batch(args.into_iter().chain(more))
        .exits(2)
        .says("there is no token for 127.0.0.1");
    assert!(asked(&server).await.is_empty());
    assert_eq!(repo.state_entries(), [""; 0]);
}

#[tokio::test]
async fn what_is_wished_for_beyond_the_pull_request_is_asked_for_and_what_fails_is_told() {
    let repo = Repo::new()
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .file("CODEOWNERS", "* @acme/web @ada eve@example.org\n")
        .file(
            ".github/pull_request_template.md",
            "## Summary\n<!-- What, and why? -->\n\n## Checklist\n- [ ] tests\n",
        )
        .commit("Start")
        .with_remote();
    let (repo, server) = on_server(repo, Opens(AtomicU64::new(0))).await;
    for (kind, route, status) in [
        ("POST", "/repos/acme/shop/issues/1/labels", 403),
        ("POST", "/repos/acme/shop/pulls/1/requested_reviewers", 201),
    ] {
        let answer = json!({ "message": "Resource not accessible by personal access token" });
        Mock::given(method(kind))
            .and(path(route))
            .respond_with(ResponseTemplate::new(status).set_body_json(answer))
            .expect(1)
            .mount(&server)
            .await;
    }
    let output = migrate(
        &repo,
        &[
            "--label",
            "migration",
            "--reviewers-from",
            "codeowners",
            "--max-reviewers",
            "1",
        ],
    )
    .exits(0);
    output.says("PR #1: labels are missing: the token from GITHUB_TOKEN may not label");
    let asked = asked(&server).await;
    let body = asked[0]["body"].as_str().expect("a text");
    assert!(
        body.starts_with("## Summary\n\n```text\nsign every file"),
        "{body}"
    );
    assert!(
        body.contains("## Checklist\n- [ ] tests\n\n<!-- batch {"),
        "{body}"
    );
    assert_eq!(asked[1], json!({ "labels": ["migration"] }));
    assert_eq!(asked[2], json!({ "team_reviewers": ["web"] }));
    repo.batch(["report", "--format", "markdown"])
        .exits(0)
        .says("- #1: labels are missing");
}

/// What the server was asked, in order, without the look-ups before each creation.
async fn course(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.expect("recorded");
    requests
        .iter()
        .filter(|request| request.url.query().is_none() && request.url.path() != "/repos/acme/shop")
        .map(|request| format!("{} {}", request.method, request.url.path()))
        .collect()
}

#[tokio::test]
async fn the_next_opens_when_one_is_closed_also_after_a_resume() {
    let (repo, server) = shop(3, Opens(AtomicU64::new(0))).await;
    let agent = repo.program("agent", support::SIGN);
    let agent = agent.to_string_lossy();
    let args = [
        "migrate",
        "packages/",
        "sign every file",
        "--yes",
        "--no-checks",
        "--units",
        "3",
    ];
    let more = ["-j", "1", "--max-open", "1", "--agent-cmd", &agent];
    let env = [("GITHUB_TOKEN", TOKEN), ("BATCH_SPACING_MS", "10")];
    let state = |state: &str| ResponseTemplate::new(200).set_body_json(json!({ "state": state }));
    let first = Mock::given(path(format!("{PULLS}/1")))
        .respond_with(state("open"))
        .mount_as_scoped(&server)
        .await;
    let mut session = repo.start_with(args.into_iter().chain(more), &env);
    session.wait_for("waits until one of 1 open is closed");
    session.interrupt();
    session.finish().exits(130).says("1 of 3 units published");
    drop(first);

    for number in [1, 2] {
        Mock::given(path(format!("{PULLS}/{number}")))
            .respond_with(state("closed"))
            .mount(&server)
            .await;
    }
    repo.batch_with(["resume"], &env)
        .exits(0)
        .says("3 of 3 units published");
    let mut course = course(&server).await;
    course.dedup();
    let opened = format!("POST {PULLS}");
    let looked = |number: u64| format!("GET {PULLS}/{number}");
    assert_eq!(
        course,
        [opened.clone(), looked(1), opened.clone(), looked(2), opened]
    );
}

#[tokio::test]
async fn pull_requests_keep_the_pace_that_is_wanted() {
    let (repo, _server) = shop(2, Opens(AtomicU64::new(0))).await;
    let begun = std::time::Instant::now();
    migrate(&repo, &["--units", "2", "--pr-pace", "60/m"])
        .exits(0)
        .says("pull request waits its turn (60/m)");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1));
    repo.batch(["migrate", "packages/", "x", "--pr-pace", "fast"])
        .exits(2)
        .says("is no pace: write it like 10/h");
}

#[tokio::test]
async fn what_was_published_here_goes_to_github_later_without_its_agent() {
    let (repo, server) = shop(2, Opens(AtomicU64::new(0))).await;
    let _ = migrate(&repo, &["--units", "2", "--no-push", "--draft"]).exits(0);
    assert!(asked(&server).await.is_empty() && repo.pushed().is_empty());
    let worked = repo.branches();
    let env = [("GITHUB_TOKEN", TOKEN), ("BATCH_SPACING_MS", "10")];
    repo.batch_with(["publish", "--forge", "github"], &env)
        .exits(0)
        .says("goes on: 2 units to publish, 127.0.0.1/acme/shop")
        .says("https://127.0.0.1/acme/shop/pull/2");
    assert_eq!(repo.pushed(), worked);
    let asked = asked(&server).await;
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["draft"], true);
    repo.batch_with(["publish"], &env)
        .exits(2)
        .says("has nothing to publish to 127.0.0.1/acme/shop");
}
