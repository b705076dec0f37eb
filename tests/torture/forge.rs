//! A GitHub on loopback that is slow, fails, and sometimes fails after it did what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::Repo;

const PULLS: &str = "/repos/acme/shop/pulls";

pub struct Server {
    http: MockServer,
    open: Arc<Mutex<Vec<Value>>>,
    // Dropped last: the server needs it.
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn start(random: fastrand::Rng) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let open = Arc::new(Mutex::new(Vec::new()));
        let pulls = Pulls {
            open: Arc::clone(&open),
            random: Mutex::new(random),
        };
        let http = runtime.block_on(async {
            let server = MockServer::start().await;
            let repository =
                ResponseTemplate::new(200).set_body_json(json!({ "full_name": "acme/shop" }));
            Mock::given(method("GET"))
                .and(path("/repos/acme/shop"))
                .respond_with(repository)
                .mount(&server)
                .await;
            Mock::given(path(PULLS))
                .respond_with(pulls)
                .mount(&server)
                .await;
            server
        });
        Self {
            http,
            open,
            _runtime: runtime,
        }
    }

    /// Makes the remote of a repository one of this server's.
    pub fn hosts(&self, repo: Repo) -> Repo {
        let repo = repo.settings(&format!("[github]\napi-url = \"{}\"\n", self.http.uri()));
        let ssh = repo.program(
            "ssh",
            &format!(
                "for asked; do :; done\nexec \"${{asked%% *}}\" '{}'",
                repo.remote_dir().display()
            ),
        );
        repo.git([
            "config",
            "--global",
            "core.sshCommand",
            &ssh.to_string_lossy(),
        ]);
        repo.git(["config", "ssh.variant", "simple"]);
        repo.git(["remote", "set-url", "origin", "git@127.0.0.1:acme/shop.git"]);
        repo
    }

    /// The head branches of all pull requests that were ever opened, one for each.
    pub fn heads(&self) -> Vec<String> {
        let open = self.open.lock().expect("the list");
        open.iter()
            .filter_map(|pull| Some(pull["head"]["ref"].as_str()?.to_owned()))
            .collect()
    }
}

struct Pulls {
    open: Arc<Mutex<Vec<Value>>>,
    random: Mutex<fastrand::Rng>,
}

impl Respond for Pulls {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (chance, delay) = {
            let mut random = self.random.lock().expect("the chances");
            (random.u32(0..10), Duration::from_millis(random.u64(0..300)))
        };
        let mut open = self.open.lock().expect("the list");
        let failed = ResponseTemplate::new(502).set_delay(delay);
        let is = |pull: &Value, head: &str| pull["head"]["ref"] == *head;
        if request.method.as_str() == "GET" {
            if chance == 0 {
                return failed;
            }
            let head = request.url.query_pairs().find(|(name, _)| name == "head");
            let head = head
                .map(|(_, head)| head.replace("acme:", ""))
                .unwrap_or_default();
            let found: Vec<&Value> = open.iter().filter(|pull| is(pull, &head)).collect();
            return ResponseTemplate::new(200)
                .set_body_json(found)
                .set_delay(delay);
        }
        let asked: Value = request.body_json().expect("JSON");
        let head = asked["head"].as_str().unwrap_or_default();
        if chance == 0 {
            return failed;
        }
        // A real server refuses a second one; this one only tells, so that it is seen who relies on that.
        let number = open.len() + 1;
        let pull = json!({
            "number": number,
            "html_url": format!("https://127.0.0.1/acme/shop/pull/{number}"),
            "head": { "ref": head, "repo": { "full_name": "acme/shop" } },
            "base": { "ref": asked["base"], "repo": { "full_name": "acme/shop" } },
        });
        open.push(pull.clone());
        if chance < 4 {
            return failed;
        }
        ResponseTemplate::new(201)
            .set_body_json(pull)
            .set_delay(delay)
    }
}
