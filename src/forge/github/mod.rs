//! Pull requests on GitHub, by its REST API through octocrab.
//!
//! There is no idempotency key, so nothing is created before a look-up by head branch has shown that it is not there,
//! and after every failure that leaves it open whether the pull request was made, the look-up comes first again. For
//! the same reason octocrab's own retries are left out of the build. Knows nothing of git: the head branch is on the
//! server already.

mod act;
mod answer;
mod complaints;
mod extras;
mod fork;
mod merged;
mod open;
mod pull;
mod standing;
mod track;
mod wire;

use std::path::Path;
use std::time::Duration;

use octocrab::Octocrab;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use self::answer::{Asked, Doing};
use self::wire::{Sent, Wire, chain};
use super::ledger::Ledger;
use super::pace::Gate;
use super::remote;
use super::{
    Act, BoxFuture, Complaints, Forge, ForgeError, GitHubRepo, Merged, Opened, Pace, PullRequest,
    PullRequestRef, Standing, State, Token, Tracked, Tracking, Waits,
};

const CONNECT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_mins(1);

/// So many the server gives at most in one answer.
const PAGE: usize = 100;

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHubForge {
    repo: GitHubRepo,
    /// The repository that branches are pushed to, where that is another one.
    source: Option<GitHubRepo>,
    token: Token,
    wire: Wire,
    session: OnceCell<Session>,
    graphql: OnceCell<Octocrab>,
}

/// What the first request found out.
#[derive(Debug)]
struct Session {
    client: Octocrab,
    /// `owner/name` as the server has it now: a renamed repository answers reads under its old name, not writes.
    full_name: String,
    /// The same of the repository that branches are pushed to.
    source: String,
}

/// What is read of a repository.
#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    #[serde(default)]
    archived: bool,
}

impl Session {
    fn owner(&self) -> &str {
        owner(&self.full_name)
    }

    /// A branch that pull requests come from, as the server's lists name it.
    fn label(&self, branch: &str) -> String {
        format!("{}:{branch}", owner(&self.source))
    }
}

fn owner(full_name: &str) -> &str {
    full_name.split('/').next().unwrap_or_default()
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
            wire: Wire::new(&repo.host, pace, Gate::default()),
            repo,
            source: None,
            token,
            session: OnceCell::new(),
            graphql: OnceCell::new(),
        })
    }

    /// Branches are pushed to this repository, and pull requests come from there.
    #[must_use]
    pub fn from(mut self, source: Option<GitHubRepo>) -> Self {
        self.source = source;
        self
    }

    /// Keeps in this folder when changes were sent, so that the pace holds for other processes too.
    #[must_use]
    pub fn keeping(mut self, folder: &Path) -> Self {
        let ledger = Ledger::at(folder.join(&self.repo.host));
        self.wire = Wire::new(&self.repo.host, self.wire.pace, Gate::kept(ledger));
        self
    }

    async fn session(&self, waits: &Waits) -> Result<&Session, ForgeError> {
        self.session.get_or_try_init(|| self.connect(waits)).await
    }

    /// Makes the client, inside the runtime that it needs, and sees the repository under its present name.
    async fn connect(&self, waits: &Waits) -> Result<Session, ForgeError> {
        let client = self.client(&self.repo.api_url)?;
        let found = self.look_at(&client, &self.repo, waits).await?;
        if found.archived {
            return Err(ForgeError::Archived { repo: self.place() });
        }
        let source = match &self.source {
            Some(source) => self.look_at(&client, source, waits).await?.full_name,
            None => found.full_name.clone(),
        };
        Ok(Session {
            client,
            full_name: found.full_name,
            source,
        })
    }

    async fn look_at(
        &self,
        client: &Octocrab,
        repo: &GitHubRepo,
        waits: &Waits,
    ) -> Result<Repository, ForgeError> {
        let route = format!("/repos/{}", repo.full_name());
        let place = repo.place();
        let asked = self.asked(&place, Doing::READING);
        self.wire.read(client, &route, &asked, waits).await
    }

    /// A client for GraphQL: on an Enterprise server that lies beside the REST address, not below it.
    async fn graphql(&self) -> Result<&Octocrab, ForgeError> {
        let client = async || self.client(beside(&self.repo.api_url));
        self.graphql.get_or_try_init(client).await
    }

    fn client(&self, url: &str) -> Result<Octocrab, ForgeError> {
        self.build(url).map_err(|error| ForgeError::Setup {
            host: self.repo.host.clone(),
            problem: chain(&error),
        })
    }

    fn build(&self, url: &str) -> Result<Octocrab, octocrab::Error> {
        let mut builder = Octocrab::builder()
            .base_uri(url)?
            .personal_token(self.token.expose())
            .set_connect_timeout(Some(CONNECT))
            .set_read_timeout(Some(SILENCE))
            .set_write_timeout(Some(SILENCE));
        if let Ok(accept) = "accept".parse() {
            builder = builder.add_header(accept, "application/vnd.github+json".to_owned());
        }
        builder.build()
    }

    /// Reads something below the repository's own address.
    async fn read<T: DeserializeOwned>(
        &self,
        session: &Session,
        route: &str,
        waits: &Waits,
    ) -> Result<T, ForgeError> {
        let place = self.place();
        let route = format!("/repos/{}{route}", session.full_name);
        let asked = self.asked(&place, Doing::READING);
        self.wire.read(&session.client, &route, &asked, waits).await
    }

    /// Reads a list to its end, page by page; `items` takes them out of a page.
    async fn pages<P: DeserializeOwned, T>(
        &self,
        session: &Session,
        route: &str,
        waits: &Waits,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let joint = if route.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for number in 1.. {
            let route = format!("{route}{joint}per_page={PAGE}&page={number}");
            let page = items(self.read(session, &route, waits).await?);
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Changes something below the repository's own address; it must do no harm twice.
    async fn change<T: DeserializeOwned>(
        &self,
        session: &Session,
        sent: Sent<'_>,
        doing: Doing<'_>,
        waits: &Waits,
    ) -> Result<T, ForgeError> {
        let place = self.place();
        let asked = self.asked(&place, doing);
        let below = |route: &str| format!("/repos/{}{route}", session.full_name);
        let (wire, client) = (&self.wire, &session.client);
        match sent {
            Sent::Get(route) => wire.read(client, &below(route), &asked, waits).await,
            Sent::Post(route, body) => {
                let route = below(route);
                wire.change(client, Sent::Post(&route, body), &asked, waits)
                    .await
            }
            Sent::Patch(route, body) => {
                let route = below(route);
                wire.change(client, Sent::Patch(&route, body), &asked, waits)
                    .await
            }
            Sent::Put(route, body) => {
                let route = below(route);
                wire.change(client, Sent::Put(&route, body), &asked, waits)
                    .await
            }
        }
    }

    fn asked<'a>(&'a self, place: &'a str, doing: Doing<'a>) -> Asked<'a> {
        Asked {
            repo: place,
            host: &self.repo.host,
            token: self.token.source(),
            doing,
        }
    }
}

/// The address below which GraphQL lies, for one of the REST API.
fn beside(api_url: &str) -> &str {
    let url = api_url.trim_end_matches('/');
    url.strip_suffix("/v3").unwrap_or(url)
}

impl Forge for GitHubForge {
    fn name(&self) -> &'static str {
        "github"
    }

    fn place(&self) -> String {
        self.repo.place()
    }

    fn open<'a>(
        &'a self,
        request: &'a PullRequest,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Opened, ForgeError>> {
        Box::pin(self.open_or_find(request, waits))
    }

    fn state<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<State, ForgeError>> {
        Box::pin(self.state_of(which, waits))
    }

    fn standing<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Standing, ForgeError>> {
        Box::pin(self.standing_of(which, waits))
    }

    fn complaints<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Complaints, ForgeError>> {
        Box::pin(self.complaints_of(which, waits))
    }

    fn merged<'a>(
        &'a self,
        which: &'a PullRequestRef,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Option<Merged>, ForgeError>> {
        Box::pin(self.merged_by(which, waits))
    }

    fn act<'a>(
        &'a self,
        which: &'a PullRequestRef,
        act: &'a Act,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<(), ForgeError>> {
        Box::pin(self.act_on(which, act, waits))
    }

    fn track<'a>(
        &'a self,
        tracking: &'a Tracking,
        waits: &'a Waits,
    ) -> BoxFuture<'a, Result<Tracked, ForgeError>> {
        Box::pin(self.track_on(tracking, waits))
    }
}

#[cfg(test)]
mod tests;
