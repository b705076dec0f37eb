//! [`GitHubForge`] against a server on loopback that answers, fails and lies like the real one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{GitHubForge, GitHubSetup};
use crate::forge::metadata::Metadata;
use crate::forge::{
    Forge, ForgeError, ForgeSession, GitHubRepo, Pace, PullRequest, PullRequestFacts,
    PullRequestOptions, Reviewer, Server, Token, Wait, WaitReporter,
};

const HEAD: &str = "batch/r1/src.ui";
const PULLS: &str = "/repos/acme/shop/pulls";

fn request() -> PullRequest {
    PullRequest {
        run: "r1".to_owned(),
        unit: "src.ui".to_owned(),
        ordinal: 1,
        title: "Use hooks".to_owned(),
        body: "All of it.".to_owned(),
        head: HEAD.to_owned(),
        base: "main".to_owned(),
        draft: true,
        options: PullRequestOptions::default(),
    }
}

fn pull(number: u64, head: &str) -> Value {
    json!({
        "number": number,
        "html_url": format!("https://github.com/acme/shop/pull/{number}"),
        "head": { "ref": head, "repo": { "full_name": "acme/shop" } },
        "base": { "ref": "main", "repo": { "full_name": "acme/shop" } },
    })
}

fn answer(status: u16, body: impl serde::Serialize) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// A server that knows the repository under an earlier name.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/repos/old/shop"))
        .respond_with(answer(200, json!({ "full_name": "acme/shop" })))
        .expect(1)
        .mount(&server)
        .await;
    server
}

/// Answers the next look-ups with these, once each; the last one for ever.
async fn lists(server: &MockServer, answers: &[Value]) {
    for (at, found) in answers.iter().enumerate() {
        let mock = Mock::given(method("GET"))
            .and(path(PULLS))
            .and(query_param("head", format!("acme:{HEAD}")))
            .and(query_param("base", "main"))
            .and(query_param("state", "open"))
            .respond_with(answer(200, found));
        let mock = if at + 1 < answers.len() {
            mock.up_to_n_times(1)
        } else {
            mock
        };
        mock.mount(server).await;
    }
}

/// Answers the next creations with these, once each; any further creation fails the test.
async fn creates(server: &MockServer, answers: Vec<ResponseTemplate>) {
    for response in answers {
        Mock::given(method("POST"))
            .and(path(PULLS))
            .and(header("authorization", "Bearer s3cret"))
            .and(header("accept", "application/vnd.github+json"))
            .respond_with(response)
            .up_to_n_times(1)
            .expect(1)
            .mount(server)
            .await;
    }
}

fn forge(server: &MockServer) -> GitHubForge {
    forge_at(&server.uri())
}

fn token() -> Token {
    let env = |name: &str| (name == "GH_TOKEN").then(|| "s3cret".to_owned());
    let server = Server {
        host: "github.com",
        is_configured: false,
    };
    Token::find(server, env, |_| None).expect("token")
}

fn forge_at(api_url: &str) -> GitHubForge {
    let remote = "https://127.0.0.1/old/shop.git";
    let repo = GitHubRepo::parse(remote, Some(api_url)).expect("remote");
    let token = token();
    let pace = Pace {
        spacing: Duration::ZERO,
        retry: Duration::ZERO,
        limit: Duration::ZERO,
        attempts: 3,
        ..Pace::default()
    };
    forge_with(repo, token, pace).expect("forge")
}

fn forge_with(repo: GitHubRepo, token: Token, pace: Pace) -> Result<GitHubForge, ForgeError> {
    GitHubForge::new(GitHubSetup {
        repo,
        source: None,
        token,
        pace,
        history: None,
    })
}

/// A session whose waits interest nobody.
fn session(server: &MockServer) -> Box<dyn ForgeSession> {
    forge(server).session(WaitReporter::silent())
}

async fn open(server: &MockServer) -> Result<(u64, bool), String> {
    match session(server).open(&request()).await {
        Ok(opened) => Ok((opened.number, opened.existed)),
        Err(error) => Err(error.to_string()),
    }
}

async fn posted(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.expect("recorded");
    let posts = requests.iter().filter(|it| it.method.as_str() == "POST");
    posts.map(|it| it.body_json().expect("json")).collect()
}

#[tokio::test]
async fn a_pull_request_is_created_under_the_present_name_of_the_repository() {
    let server = server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![answer(201, pull(4, HEAD))]).await;
    assert_eq!(open(&server).await, Ok((4, false)));
    assert_eq!(
        posted(&server).await,
        [
            json!({ "title": "Use hooks", "body": "All of it.", "head": HEAD, "base": "main", "draft": true })
        ]
    );
}

#[tokio::test]
async fn an_open_pull_request_is_found() {
    let server = server().await;
    lists(&server, &[json!([pull(4, HEAD)])]).await;
    assert_eq!(open(&server).await, Ok((4, true)));
    assert!(posted(&server).await.is_empty());
}

#[tokio::test]
async fn other_pull_requests_on_the_list_are_not_taken() {
    let server = server().await;
    let mut fork = pull(2, HEAD);
    fork["head"]["repo"]["full_name"] = json!("mallory/shop");
    let mut orphan = pull(3, HEAD);
    orphan["head"]["repo"] = Value::Null;
    let mut elsewhere = pull(5, HEAD);
    elsewhere["base"]["ref"] = json!("next");
    let all = json!([pull(1, "batch/r1/src"), fork, orphan, elsewhere]);
    lists(&server, &[all]).await;
    creates(&server, vec![answer(201, pull(6, HEAD))]).await;
    assert_eq!(open(&server).await, Ok((6, false)));
}

#[tokio::test]
async fn a_failure_after_the_creation_does_not_create_twice() {
    for failure in [
        ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>"),
        ResponseTemplate::new(201).set_body_string(r#"{"number": 4, "html_"#),
    ] {
        let server = server().await;
        lists(&server, &[json!([]), json!([pull(4, HEAD)])]).await;
        creates(&server, vec![failure]).await;
        assert_eq!(open(&server).await, Ok((4, true)));
        assert_eq!(posted(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_creation_does_not_create_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let session = forge_at(&format!("http://{address}")).session(WaitReporter::silent());
    let server = tokio::spawn(async move {
        let mut lines = Vec::new();
        for reply in [
            Some(json!({ "full_name": "acme/shop" })),
            Some(json!([])),
            None,
            Some(json!([pull(4, HEAD)])),
        ] {
            let (stream, _) = listener.accept().await.expect("connection");
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.expect("request");
            lines.push(line.split(' ').next().unwrap_or_default().to_owned());
            while line.trim() != "" {
                line.clear();
                stream.read_line(&mut line).await.expect("header");
            }
            if let Some(reply) = reply.map(|it| it.to_string()) {
                let length = reply.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}");
                let whole = format!("{head}\r\n\r\n{reply}");
                stream.write_all(whole.as_bytes()).await.expect("sent");
            }
        }
        lines
    });
    let opened = session.open(&request()).await.expect("opened");
    assert_eq!((opened.number, opened.existed), (4, true));
    assert_eq!(server.await.expect("served"), ["GET", "GET", "POST", "GET"]);
}

#[tokio::test]
async fn a_failure_before_the_creation_is_retried_a_few_times() {
    let bad = || ResponseTemplate::new(502).set_body_string("Bad Gateway");
    let server = server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![bad(), answer(201, pull(4, HEAD))]).await;
    assert_eq!(open(&server).await, Ok((4, false)));

    let server = self::server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![bad(), bad(), bad()]).await;
    insta::assert_snapshot!(
        open(&server).await.unwrap_err(),
        @"127.0.0.1 gave no usable answer (attempt 3: Bad Gateway); try again when it can be reached"
    );
}

#[tokio::test]
async fn a_pull_request_that_already_exists_is_looked_up() {
    let exists = || {
        let message = format!("A pull request already exists for acme:{HEAD}.");
        let errors = json!([{ "code": "custom", "message": message }]);
        answer(
            422,
            json!({ "message": "Validation Failed", "errors": errors }),
        )
    };
    let server = server().await;
    lists(&server, &[json!([]), json!([pull(4, HEAD)])]).await;
    creates(&server, vec![exists()]).await;
    assert_eq!(open(&server).await, Ok((4, true)));

    let lagging = [json!([]), json!([]), json!([pull(4, HEAD)])];
    let server = self::server().await;
    lists(&server, &lagging).await;
    creates(&server, vec![exists()]).await;
    assert_eq!(open(&server).await, Ok((4, true)));

    let server = self::server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![exists()]).await;
    insta::assert_snapshot!(
        open(&server).await.unwrap_err(),
        @"127.0.0.1/old/shop reports an existing pull request for batch/r1/src.ui, but lists none that is open into \
        main; close the other one or use another branch"
    );
}

#[tokio::test]
async fn a_limit_is_waited_for_but_not_for_ever() {
    let limit = |seconds: &str| {
        let body = json!({ "message": "You have exceeded a secondary rate limit." });
        answer(403, body).insert_header("retry-after", seconds)
    };
    let server = server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![limit("0"), answer(201, pull(4, HEAD))]).await;
    assert_eq!(open(&server).await, Ok((4, false)));

    let server = self::server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![limit("7200")]).await;
    insta::assert_snapshot!(
        open(&server).await.unwrap_err(),
        @"127.0.0.1 limits the rate of requests (You have exceeded a secondary rate limit.) for longer than is worth \
        waiting; try again later"
    );
}

#[tokio::test]
async fn the_first_request_reports_a_refusal() {
    let mut sentences = Vec::new();
    for response in [
        answer(200, json!({ "full_name": "old/shop", "archived": true })),
        answer(401, json!({ "message": "Bad credentials" })),
        answer(404, json!({ "message": "Not Found" })),
    ] {
        let server = MockServer::start().await;
        let mock = Mock::given(method("GET")).respond_with(response);
        mock.expect(1).mount(&server).await;
        sentences.push(open(&server).await.unwrap_err());
    }
    insta::assert_snapshot!(sentences.join("\n"), @"
    127.0.0.1/old/shop is archived and takes no pull requests; unarchive it, or use another remote
    127.0.0.1 refused the token from GH_TOKEN (401): it is wrong or has expired; make a new one, or run `gh auth login`
    127.0.0.1/old/shop does not exist, or the token from GH_TOKEN cannot see it (404); check the remote's address and \
    the token's repository access
    ");
}

#[tokio::test]
async fn long_texts_are_cut() {
    let server = server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![answer(201, pull(4, HEAD))]).await;
    let long = PullRequest {
        title: "t".repeat(300),
        body: "b".repeat(70_000),
        ..request()
    };
    session(&server).open(&long).await.expect("opened");
    let sent = posted(&server).await;
    let length = |field: &str| sent[0][field].as_str().map_or(0, |it| it.chars().count());
    assert_eq!(length("title"), 256);
    assert!((65_000..=65_536).contains(&length("body")));
}

#[tokio::test]
async fn an_error_names_the_server_that_does_not_answer() {
    let server = MockServer::builder().start().await;
    let session = session(&server);
    drop(server);
    let error = session.open(&request()).await.unwrap_err().to_string();
    assert!(
        error.starts_with("127.0.0.1 gave no usable answer (attempt 3: "),
        "{error}"
    );
}

#[tokio::test]
async fn the_path_of_an_enterprise_address_is_kept() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v3/repos/old/shop"))
        .respond_with(answer(200, json!({ "full_name": "old/shop" })))
        .mount(&server)
        .await;
    let mut there = pull(4, HEAD);
    there["head"]["repo"]["full_name"] = json!("old/shop");
    Mock::given(path("/api/v3/repos/old/shop/pulls"))
        .respond_with(answer(200, json!([there])))
        .mount(&server)
        .await;
    let forge = forge_at(&format!("{}/api/v3/", server.uri()));
    let session = forge.session(WaitReporter::silent());
    let opened = session.open(&request()).await.expect("opened");
    assert_eq!((opened.number, opened.existed), (4, true));
}

#[test]
fn the_token_is_never_sent_unencrypted_or_to_another_host() {
    let problem = |api_url: &str| {
        let repo = GitHubRepo::parse("git@github.com:a/b", Some(api_url)).expect("remote");
        let token = token();
        let error = forge_with(repo, token, Pace::default()).unwrap_err();
        error.to_string()
    };
    let problems = [
        problem("http://api.github.com"),
        problem("https://github.com.evil.test/api/v3"),
        problem("http://127.0.0.1:1"),
        problem("github.com"),
    ];
    insta::assert_snapshot!(problems.join("\n"), @"
    the API address \"http://api.github.com\" cannot be used: the token may only be sent by https
    the API address \"https://github.com.evil.test/api/v3\" cannot be used: it is on another host than the remote, \
    where the token may not be sent
    the API address \"http://127.0.0.1:1\" cannot be used: it is on another host than the remote, where the token may \
    not be sent
    the API address \"github.com\" cannot be used: it is no URL; write it like https://github.acme.com/api/v3
    ");
}

#[tokio::test]
async fn a_wait_is_reported_when_it_begins() {
    let server = server().await;
    lists(&server, &[json!([])]).await;
    let limit = answer(
        403,
        json!({ "message": "You have exceeded a secondary rate limit." }),
    );
    let limit = limit.insert_header("retry-after", "1");
    creates(&server, vec![limit, answer(201, pull(4, HEAD))]).await;
    let (waits, mut reported) = WaitReporter::channel();
    let opened = forge(&server).session(waits).open(&request()).await;
    assert_eq!(opened.expect("opened").number, 4);
    let wait: Wait = reported.try_recv().expect("a wait");
    assert!((1_000..1_100).contains(&wait.time.as_millis()), "{wait}");
    let words = "127.0.0.1 asks to wait 1.0s: You have exceeded a secondary rate limit.";
    assert_eq!(wait.to_string(), words);
}

/// A pull request with this text, as the server lists it.
fn with_text(body: &str) -> Value {
    let mut pull = pull(4, HEAD);
    pull["title"] = json!("Use hooks");
    pull["body"] = json!(body);
    pull
}

fn written_by(run: &str) -> String {
    let facts = PullRequestFacts {
        run: run.to_owned(),
        unit: "src.ui".to_owned(),
        ..crate::forge::pull_request_facts::sample(1)
    };
    format!("Earlier.\n\n{}", Metadata::of(&facts).comment())
}

#[tokio::test]
async fn an_open_pull_request_of_the_same_run_gets_the_present_text() {
    let server = server().await;
    lists(&server, &[json!([with_text(&written_by("r1"))])]).await;
    Mock::given(method("PATCH"))
        .and(path("/repos/acme/shop/pulls/4"))
        .and(wiremock::matchers::body_json(
            json!({ "title": "Use hooks", "body": "All of it." }),
        ))
        .respond_with(answer(200, pull(4, HEAD)))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(open(&server).await, Ok((4, true)));
}

#[tokio::test]
async fn a_pull_request_of_another_run_or_a_person_stays_as_it_is() {
    let server = server().await;
    lists(&server, &[json!([with_text(&written_by("r0"))])]).await;
    insta::assert_snapshot!(
        open(&server).await.unwrap_err(),
        @"https://github.com/acme/shop/pull/4 comes from branch \"batch/r1/src.ui\" but belongs to unit src.ui of run \
        r0, so it was not changed; close it, or use another branch"
    );

    let server = self::server().await;
    lists(&server, &[json!([with_text("By hand.")])]).await;
    let opened = session(&server).open(&request()).await;
    let notes = opened.expect("found").notes;
    assert_eq!(
        notes,
        ["its text was not written by this run and stays as it is"]
    );
}

/// Answers the next request of this kind.
async fn answers(server: &MockServer, kind: &str, route: &str, response: ResponseTemplate) {
    Mock::given(method(kind))
        .and(path(format!("/repos/acme/shop{route}")))
        .respond_with(response)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

async fn open_with_options(server: &MockServer) -> Vec<String> {
    let request = PullRequest {
        options: PullRequestOptions {
            labels: vec!["migration".to_owned()],
            reviewers: ["ada", "eve", "acme/web", "other/web"]
                .map(Reviewer::named)
                .to_vec(),
            assignees: vec!["ada".to_owned(), "eve".to_owned()],
            milestone: Some("v2".to_owned()),
            auto_merge: None,
        },
        ..request()
    };
    let opened = session(server).open(&request).await;
    opened.expect("opened, whatever else fails").notes
}

#[tokio::test]
async fn each_option_fails_by_itself() {
    let server = server().await;
    lists(&server, &[json!([])]).await;
    creates(&server, vec![answer(201, pull(4, HEAD))]).await;
    let no_permission = json!({ "message": "Resource not accessible by personal access token" });
    let no_permission = answer(403, no_permission).insert_header(
        "x-accepted-github-permissions",
        "issues=write; pull_requests=write",
    );
    answers(&server, "POST", "/issues/4/labels", no_permission).await;
    answers(&server, "GET", "/milestones", answer(200, json!([]))).await;
    let assigned = json!({ "assignees": [{ "login": "Ada" }] });
    answers(
        &server,
        "POST",
        "/issues/4/assignees",
        answer(201, assigned),
    )
    .await;
    // All three together, then each alone: only one of them is no collaborator.
    let reviewers = "/pulls/4/requested_reviewers";
    let stranger = || {
        answer(
            422,
            json!({ "message": "Reviews may only be requested from collaborators." }),
        )
    };
    for response in [
        stranger(),
        answer(201, json!({})),
        stranger(),
        answer(201, json!({})),
    ] {
        answers(&server, "POST", reviewers, response).await;
    }
    insta::assert_snapshot!(open_with_options(&server).await.join("\n"), @"
    labels are missing: the token from GH_TOKEN may not label pull requests in 127.0.0.1/old/shop (403: Resource not \
    accessible by personal access token); it needs Issues: write or Pull requests: write
    the milestone is missing: acme/shop has no open milestone \"v2\"; create it there, or name another
    not assigned to eve, who may not be in acme/shop
    no review requested from @other/web: the team belongs to another owner
    no review requested from @eve: 127.0.0.1/old/shop refused the request (422): Reviews may only be requested from \
    collaborators.
    ");
    let asked: Vec<Value> = posted(&server).await.split_off(3);
    assert_eq!(
        asked,
        [
            json!({ "reviewers": ["ada", "eve"], "team_reviewers": ["web"] }),
            json!({ "reviewers": ["ada"] }),
            json!({ "reviewers": ["eve"] }),
            json!({ "team_reviewers": ["web"] }),
        ]
    );
}

#[tokio::test]
async fn options_that_are_set_already_are_not_set_again() {
    let server = server().await;
    let mut there = with_text(&written_by("r1"));
    there["body"] = json!("All of it.");
    there["user"] = json!({ "login": "ada" });
    there["labels"] = json!([{ "name": "Migration" }]);
    there["assignees"] = json!([{ "login": "eve" }, { "login": "ada" }]);
    there["requested_reviewers"] = json!([{ "login": "eve" }]);
    there["requested_teams"] = json!([{ "slug": "web" }]);
    there["milestone"] = json!({ "number": 1, "title": "v2" });
    lists(&server, &[json!([there])]).await;
    let notes = open_with_options(&server).await;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(posted(&server).await.is_empty());
}

#[tokio::test]
async fn no_request_follows_the_last_one_that_the_server_allows() {
    let server = MockServer::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    let reset = now + Duration::from_mins(10);
    let last = answer(200, json!({ "full_name": "acme/shop" }))
        .insert_header("x-ratelimit-remaining", "0")
        .insert_header("x-ratelimit-reset", reset.as_secs().to_string());
    Mock::given(path("/repos/old/shop"))
        .respond_with(last)
        .mount(&server)
        .await;
    lists(&server, &[json!([pull(4, HEAD)])]).await;
    let (waits, mut reported) = WaitReporter::channel();
    let (session, request) = (forge(&server).session(waits), request());
    let wait = tokio::select! {
        opened = session.open(&request) => panic!("it asked for more: {opened:?}"),
        wait = reported.recv() => wait.expect("a wait").to_string(),
    };
    assert!(wait.ends_with("no request is left until then"), "{wait}");
}

#[tokio::test]
async fn the_issue_of_a_run_is_found_by_its_mark_and_not_created_twice() {
    let server = server().await;
    let tracking = crate::forge::tracking_issue::sample(2);
    let text = tracking.text("").replace("#2", "#3");
    let issue = |number: u64, body: &str| {
        json!({
            "number": number,
            "html_url": format!("https://github.com/acme/shop/issues/{number}"),
            "body": body,
        })
    };
    let mut pull = issue(9, &text);
    pull["pull_request"] = json!({ "url": "https://api.github.com" });
    let listed = [issue(10, "Something else."), pull, issue(7, &text)];
    Mock::given(method("GET"))
        .and(path("/repos/acme/shop/issues"))
        .and(query_param("state", "all"))
        .respond_with(answer(200, listed))
        .mount(&server)
        .await;
    Mock::given(method("PATCH"))
        .and(path("/repos/acme/shop/issues/7"))
        .respond_with(answer(200, issue(7, "")))
        .expect(1)
        .mount(&server)
        .await;
    let tracked = session(&server).track(&tracking).await;
    assert_eq!(tracked.expect("an issue").number, Some(7));
    let sent = server.received_requests().await.expect("recorded");
    let last: Value = serde_json::from_slice(&sent[sent.len() - 1].body).expect("JSON");
    assert_eq!(last, json!({ "body": tracking.text("") }));
}
