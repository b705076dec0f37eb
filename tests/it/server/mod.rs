//! A GitHub on loopback that keeps state: pull requests of `acme/shop` over a bare repository, so that pushes, merges
//! and comparisons are real ones. Who asks is `batch-user`, and may have a fork of it.
//!
//! Its answers have the whole form that GitHub's own description asks for. Where `BATCH_TEST_EXCHANGES` names a file,
//! every exchange is written there, a line each. It can fail on demand, and it counts when a limit is broken.

mod answers;
mod bare;
mod fault;
mod graphql;
mod limits;
mod routes;
mod state;

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;

pub use fault::Fault;
pub use state::State;

use crate::support::{Migrate, Output, Repo, Transcript};
use bare::Bare;

/// What the server lets in.
pub const TOKEN: &str = "ghp_not-to-be-seen";

/// With this environment the program is let in, and hardly waits between two changes.
pub const ENV: [(&str, &str); 2] = [("GH_ENTERPRISE_TOKEN", TOKEN), ("BATCH_SPACING_MS", "10")];

impl Migrate<'_> {
    /// Pull requests on the server, with the token that it lets in.
    pub fn on_github(self) -> Self {
        self.anywhere().envs(&ENV)
    }
}

impl Transcript<'_> {
    /// All commands get the token of the server.
    pub fn on_github(self) -> Self {
        self.envs(ENV)
    }
}

impl Repo {
    /// Runs the program with the token of the server.
    pub fn batch_there<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.batch_with(args, &ENV)
    }
}

/// A running server; it is gone with this value.
pub struct GitHub {
    address: String,
    state: Arc<Mutex<State>>,
    runtime: Runtime,
}

/// A request, as far as it decides.
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub body: Value,
    pub authorized: bool,
}

/// An answer before it is sent.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    pub fn message(status: u16, message: &str) -> Self {
        let body =
            json!({ "message": message, "documentation_url": "https://docs.github.com/rest" });
        Self::new(status, body)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Asked {
    pub fn param(&self, name: &str) -> Option<&str> {
        let is_it = |pair: &&(String, String)| pair.0 == name;
        self.query.iter().find(is_it).map(|(_, value)| &**value)
    }

    pub fn is_change(&self) -> bool {
        self.method != "GET"
    }
}

impl GitHub {
    /// A server whose one repository is this bare one.
    pub fn over(bare: PathBuf) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = State::new(address.clone(), Bare::new(bare));
        let state = Arc::new(Mutex::new(state));
        runtime.spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            runtime,
        }
    }

    /// A server for the remote of this repository, which from now on knows it by an address on GitHub.
    pub fn of(repo: &Repo) -> Self {
        let server = Self::over(repo.remote_dir());
        repo.write(
            "batch.toml",
            format!("[github]\napi-url = \"{}\"\n", server.address),
        );
        // What stands for ssh runs the program it is asked for (its last argument) here, in the folder of the remote or
        // of its fork. One that was just made is not there when it is asked for the first time.
        let script = format!(
            r#"for asked; do :; done
place='{remote}'
case "$asked" in
*batch-user/*)
    place='{fork}'
    if [ -d '{fork}.soon' ]; then
        mv '{fork}.soon' '{fork}'
        echo 'ERROR: Repository not found.' >&2
        exit 128
    fi ;;
esac
if [ -e '{remote}/read-only' ] && [ "$place" = '{remote}' ] && [ "${{asked%% *}}" = git-receive-pack ]; then
    echo 'ERROR: Permission to acme/shop.git denied to batch-user.' >&2
    exit 1
fi
exec "${{asked%% *}}" "$place""#,
            remote = repo.remote_dir().display(),
            fork = Bare::new(repo.remote_dir()).fork_dir().display(),
        );
        let ssh = repo.program("ssh", &script);
        repo.git([
            "config",
            "--global",
            "core.sshCommand",
            &ssh.to_string_lossy(),
        ]);
        repo.git(["config", "ssh.variant", "simple"]);
        repo.git(["remote", "set-url", "origin", "git@127.0.0.1:acme/shop.git"]);
        server
    }

    /// Who asks may not push any more.
    pub fn read_only(&self, repo: &Repo) {
        self.state().may_push = false;
        std::fs::write(repo.remote_dir().join("read-only"), "").expect("a mark");
    }

    /// Gives who asks a fork, whose git is there already.
    pub fn with_fork(&self) {
        let mut state = self.state();
        let made = state.bare.fork();
        std::fs::rename(made, state.bare.fork_dir()).expect("a fork");
        state.is_forked = true;
    }

    /// Hears at this socket, too: `gh` speaks to others than one server by HTTPS only.
    pub fn hears_at(&self, socket: &Path) {
        let _guard = self.runtime.enter();
        let listener = UnixListener::bind(socket).expect("a socket");
        let state = Arc::clone(&self.state);
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&state)));
            }
        });
    }

    /// What the server knows, to look at it or to change it behind the program's back.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request of this kind and route (below the repository) meets this.
    pub fn fails(&self, method: &str, route: &str, fault: Fault) {
        self.state().faults.push(method, route, fault);
    }

    /// What it was asked for, in order: `POST /pulls`.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// The changes among that.
    pub fn changes(&self) -> Vec<String> {
        let mut requests = self.requests();
        requests.retain(|request| !request.starts_with("GET "));
        requests
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, Arc::clone(&state)));
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| serve(Arc::clone(&state), request));
    let http = hyper::server::conn::http1::Builder::new();
    // A connection that is cut is part of some tests.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// An error cuts the connection.
async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?;
    let query = parts.uri.query().unwrap_or_default();
    let bearer = parts
        .headers
        .get("authorization")
        .map(HeaderValue::as_bytes);
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        body: serde_json::from_slice(&body.to_bytes()).unwrap_or_default(),
        authorized: ["Bearer", "token"]
            .map(|kind| format!("{kind} {TOKEN}"))
            .iter()
            .any(|right| bearer == Some(right.as_bytes())),
    };
    let (answer, fault) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, fault) = state.answer(&asked);
        note(&asked, &answer, fault.as_ref());
        (answer, fault)
    };
    match fault {
        Some(Fault::CutAfter) => return Err(std::io::Error::other("cut")),
        Some(Fault::Late(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    Ok::<_, Infallible>(respond(&answer)).map_err(std::io::Error::other)
}

fn respond(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status);
    let (kind, text) = match &answer.body {
        Value::String(page) => ("text/html", page.clone()),
        Value::Null => ("application/json", String::new()),
        body => ("application/json; charset=utf-8", body.to_string()),
    };
    response = response.header("content-type", kind);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response
        .body(Full::new(text.into()))
        .expect("an answer of the test")
}

/// Writes the exchange down for those who compare it with GitHub's own description.
fn note(asked: &Asked, answer: &Answer, fault: Option<&Fault>) {
    let Some(file) = std::env::var_os("BATCH_TEST_EXCHANGES") else {
        return;
    };
    // What is on another host is not the API's.
    if asked.path.starts_with("/logs/") {
        return;
    }
    let line = json!({
        "method": asked.method,
        "path": asked.path,
        "query": asked.query,
        "request": asked.body,
        "status": answer.status,
        "response": answer.body,
        "planned": fault.is_some(),
    });
    let file = OpenOptions::new().create(true).append(true).open(file);
    let mut file = file.expect("the file for exchanges");
    // One write, so that lines of tests that run side by side stay whole.
    file.write_all(format!("{line}\n").as_bytes())
        .expect("the exchange is written");
}
