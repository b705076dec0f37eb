//! Pull requests on GitHub, by its REST API through octocrab.
//!
//! There is no idempotency key, so nothing is created before a look-up by head branch has shown that it is not there,
//! and after every failure that leaves it open whether the pull request was made, the look-up comes first again. For
//! the same reason octocrab's own retries are left out of the build, and its typed models, which fail a whole answer
//! for one new value, are not used. Knows nothing of git: the head branch is on the server already.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use octocrab::Octocrab;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::answer::{Answer, Asked, Meaning};
use super::pace::{Attempts, Cause, Gate};
use super::{BoxFuture, Forge, ForgeError, GitHubRepo, Opened, Pace, PullRequest, Token};
use super::{remote, text};

const CONNECT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_mins(1);
/// A whole exchange; an answer that trickles is as good as none.
const EXCHANGE: Duration = Duration::from_mins(2);

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHubForge {
    repo: GitHubRepo,
    token: Token,
    pace: Pace,
    gate: Gate,
    session: OnceCell<Session>,
}

/// What the first request found out.
#[derive(Debug)]
struct Session {
    client: Octocrab,
    /// `owner/name` as the server has it now: a renamed repository answers reads under its old name, not writes.
    full_name: String,
}

impl GitHubForge {
    /// Nothing is sent before the first pull request.
    ///
    /// # Errors
    /// When the API's address is none, or would lead the token elsewhere or over the network in clear.
    pub fn new(repo: GitHubRepo, token: Token, pace: Pace) -> Result<Self, ForgeError> {
        let wrong = |problem| ForgeError::Address {
            url: repo.api_url.clone(),
            problem,
        };
        let url = url::Url::parse(&repo.api_url)
            .map_err(|_| wrong("it is no URL; write it like https://github.acme.com/api/v3"))?;
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
            return Err(wrong("the token may only be sent by https"));
        }
        if !remote::serves(&repo.api_url, &repo.host) {
            return Err(wrong(
                "it is on another host than the remote, where the token may not be sent",
            ));
        }
        Ok(Self {
            repo,
            token,
            pace,
            gate: Gate::default(),
            session: OnceCell::new(),
        })
    }

    async fn open_or_find(&self, request: &PullRequest) -> Result<Opened, ForgeError> {
        let session = self.session.get_or_try_init(|| self.connect()).await?;
        if let Some(found) = self.find(session, request).await? {
            return Ok(found);
        }
        // Held over the waits too: while one is limited, going on with others makes it worse.
        let mut turn = self.gate.turn().await;
        let mut attempts = Attempts::new(self.pace);
        loop {
            turn.ready(self.pace.spacing).await;
            let answer = self.create(session, request).await;
            turn.done();
            let trouble = match answer {
                Ok(Created::Made(opened)) => return Ok(opened),
                Ok(Created::WasThere) => return self.adopt(session, request, attempts).await,
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            self.wait(&mut attempts, trouble).await?;
            if let Some(found) = self.find(session, request).await? {
                return Ok(found);
            }
        }
    }

    /// Finds the pull request that the server says is there; its lists may lag behind its writes.
    async fn adopt(
        &self,
        session: &Session,
        request: &PullRequest,
        mut attempts: Attempts,
    ) -> Result<Opened, ForgeError> {
        loop {
            if let Some(found) = self.find(session, request).await? {
                return Ok(found);
            }
            let Ok(wait) = attempts.failed(Cause::Unclear, None) else {
                return Err(ForgeError::Hidden {
                    repo: self.place(),
                    head: request.head.clone(),
                    base: request.base.clone(),
                });
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes the client, inside the runtime that it needs, and sees the repository under its present name.
    async fn connect(&self) -> Result<Session, ForgeError> {
        #[derive(Deserialize)]
        struct Repository {
            full_name: String,
            #[serde(default)]
            archived: bool,
        }
        let client = self.client().map_err(|error| ForgeError::Setup {
            host: self.repo.host.clone(),
            problem: chain(&error),
        })?;
        let route = format!("/repos/{}", self.repo.full_name());
        let found: Repository = self.read(&client, &route).await?;
        if found.archived {
            return Err(ForgeError::Archived { repo: self.place() });
        }
        Ok(Session {
            client,
            full_name: found.full_name,
        })
    }

    fn client(&self) -> Result<Octocrab, octocrab::Error> {
        let mut builder = Octocrab::builder()
            .base_uri(self.repo.api_url.as_str())?
            .personal_token(self.token.expose())
            .set_connect_timeout(Some(CONNECT))
            .set_read_timeout(Some(SILENCE))
            .set_write_timeout(Some(SILENCE));
        if let Ok(accept) = "accept".parse() {
            builder = builder.add_header(accept, "application/vnd.github+json".to_owned());
        }
        builder.build()
    }

    /// The open pull request from the head branch into the base, if there is one.
    async fn find(
        &self,
        session: &Session,
        request: &PullRequest,
    ) -> Result<Option<Opened>, ForgeError> {
        let full_name = &session.full_name;
        let owner = full_name.split('/').next().unwrap_or_default();
        // A head without its owner is ignored by the server, which then lists everything.
        let head = format!("{owner}:{}", request.head);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "open")
            .append_pair("head", &head)
            .append_pair("base", &request.base)
            .append_pair("per_page", "100")
            .finish();
        let route = format!("/repos/{full_name}/pulls?{query}");
        let listed: Vec<Pull> = self.read(&session.client, &route).await?;
        Ok(listed
            .into_iter()
            .find(|pull| pull.is_of(request, full_name))
            .map(|pull| pull.opened(true)))
    }

    async fn create(&self, session: &Session, request: &PullRequest) -> Result<Created, Failure> {
        let route = format!("/repos/{}/pulls", session.full_name);
        let body = serde_json::json!({
            "title": text::fit_title(&request.title),
            "body": text::fit_body(&request.body),
            "head": request.head,
            "base": request.base,
            "draft": request.draft,
        });
        let answer = exchange(&session.client, Sent::Post(&route, &body)).await?;
        match answer.meaning(&self.asked(&self.place(), Some(request)), now()) {
            Meaning::Fine => {
                let pull: Pull = parse(&answer)?;
                Ok(Created::Made(pull.opened(false)))
            }
            Meaning::AlreadyThere => Ok(Created::WasThere),
            other => Err(other.into()),
        }
    }

    /// Sends a request that changes nothing until there is an answer worth the name.
    async fn read<T: DeserializeOwned>(
        &self,
        client: &Octocrab,
        route: &str,
    ) -> Result<T, ForgeError> {
        let mut attempts = Attempts::new(self.pace);
        loop {
            let trouble = match self.read_once(client, route).await {
                Ok(found) => return Ok(found),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(trouble)) => trouble,
            };
            self.wait(&mut attempts, trouble).await?;
        }
    }

    async fn read_once<T: DeserializeOwned>(
        &self,
        client: &Octocrab,
        route: &str,
    ) -> Result<T, Failure> {
        let answer = exchange(client, Sent::Get(route)).await?;
        match answer.meaning(&self.asked(&self.place(), None), now()) {
            Meaning::Fine => parse(&answer),
            other => Err(other.into()),
        }
    }

    async fn wait(&self, attempts: &mut Attempts, trouble: Trouble) -> Result<(), ForgeError> {
        let Trouble {
            cause,
            told,
            message,
        } = trouble;
        if let Ok(wait) = attempts.failed(cause, told) {
            tracing::debug!(?wait, message, "waiting before another attempt");
            tokio::time::sleep(wait).await;
            return Ok(());
        }
        let host = self.repo.host.clone();
        Err(match cause {
            Cause::Unclear => ForgeError::Unreachable {
                host,
                attempts: attempts.made(),
                message,
            },
            Cause::Limit => ForgeError::Limited { host, message },
        })
    }

    fn asked<'a>(&'a self, place: &'a str, creating: Option<&'a PullRequest>) -> Asked<'a> {
        Asked {
            repo: place,
            host: &self.repo.host,
            token: self.token.source(),
            creating,
        }
    }
}

impl Forge for GitHubForge {
    fn name(&self) -> &'static str {
        "github"
    }

    fn place(&self) -> String {
        format!("{}/{}", self.repo.host, self.repo.full_name())
    }

    fn open<'a>(&'a self, request: &'a PullRequest) -> BoxFuture<'a, Result<Opened, ForgeError>> {
        Box::pin(self.open_or_find(request))
    }
}

/// A request, with its route below the API's address.
enum Sent<'a> {
    Get(&'a str),
    Post(&'a str, &'a serde_json::Value),
}

/// How a request to create ended, where it did not fail.
enum Created {
    Made(Opened),
    WasThere,
}

/// How a request failed.
enum Failure {
    Final(ForgeError),
    Passing(Trouble),
}

/// A failure that may pass.
struct Trouble {
    cause: Cause,
    told: Option<Duration>,
    message: String,
}

impl From<Meaning> for Failure {
    fn from(meaning: Meaning) -> Self {
        let (cause, told, message) = match meaning {
            Meaning::Refused(error) => return Self::Final(error),
            Meaning::Limited { told, message } => (Cause::Limit, told, message),
            Meaning::Unclear { told, message } => (Cause::Unclear, told, message),
            Meaning::Fine | Meaning::AlreadyThere => {
                return unclear("an answer that does not fit the request".to_owned());
            }
        };
        Self::Passing(Trouble {
            cause,
            told,
            message,
        })
    }
}

fn unclear(message: String) -> Failure {
    Failure::Passing(Trouble {
        cause: Cause::Unclear,
        told: None,
        message,
    })
}

/// The little that is read of a pull request.
#[derive(Debug, Deserialize)]
struct Pull {
    number: u64,
    html_url: String,
    head: Side,
    base: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: String,
    /// `null` when a fork is gone.
    repo: Option<SideRepo>,
}

#[derive(Debug, Deserialize)]
struct SideRepo {
    full_name: String,
}

impl Pull {
    fn is_of(&self, request: &PullRequest, full_name: &str) -> bool {
        let from_here = |repo: &SideRepo| repo.full_name.eq_ignore_ascii_case(full_name);
        self.head.branch == request.head
            && self.base.branch == request.base
            && self.head.repo.as_ref().is_some_and(from_here)
    }

    fn opened(self, existed: bool) -> Opened {
        Opened {
            number: self.number,
            url: self.html_url,
            existed,
        }
    }
}

/// Waits for the whole answer. Whatever goes wrong here leaves open what the server did.
async fn exchange(client: &Octocrab, sent: Sent<'_>) -> Result<Answer, Failure> {
    let whole = async {
        let response = match sent {
            Sent::Get(route) => client._get(route).await?,
            Sent::Post(route, body) => client._post(route, Some(body)).await?,
        };
        let header = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.trim().to_owned())
        };
        let number = |name: &str| header(name)?.parse().ok();
        let mut answer = Answer {
            status: response.status().as_u16(),
            text: String::new(),
            retry_after: number("retry-after"),
            remaining: number("x-ratelimit-remaining"),
            reset: number("x-ratelimit-reset"),
            permissions: header("x-accepted-github-permissions"),
            single_sign_on: header("x-github-sso"),
        };
        answer.text = client.body_to_string(response).await?;
        Ok::<_, octocrab::Error>(answer)
    };
    match tokio::time::timeout(EXCHANGE, whole).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unclear(chain(&error))),
        Err(_) => Err(unclear("no whole answer in time".to_owned())),
    }
}

fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    serde_json::from_str(&answer.text)
        .map_err(|error| unclear(format!("an answer that is not understood: {error}")))
}

/// An error with its causes, on one line; octocrab's own texts add backtraces or leave the cause out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim().to_owned();
        if !line.is_empty() && parts.last() != Some(&line) {
            parts.push(line);
        }
        next = error.source();
    }
    parts.join(": ")
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[path = "github_tests.rs"]
mod tests;
