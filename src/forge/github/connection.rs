//! The connection to one repository on a GitHub server: the token, the clients, and the names that the first request
//! finds out. All sessions of a forge share it.

use std::path::PathBuf;
use std::time::Duration;

use octocrab::Octocrab;
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::answer::{ErrorContext, Operation};
use super::client::{Client, Limits, chain};
use super::repo::{self, GitHubRepo};
use super::token::Token;
use crate::forge::change_history::ChangeHistory;
use crate::forge::error::ForgeError;
use crate::forge::pace::Pace;
use crate::forge::wait::WaitReporter;

const CONNECT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_mins(1);

/// The parts of a forge on GitHub.
#[derive(Debug)]
pub(crate) struct GitHubSetup {
    /// The repository that pull requests go to.
    pub(crate) repo: GitHubRepo,
    /// The repository that branches are pushed to, where it is another one.
    pub(crate) source: Option<GitHubRepo>,
    pub(crate) token: Token,
    pub(crate) pace: Pace,
    /// The folder that keeps when changes were sent, so that the pace holds across processes, too.
    pub(crate) history: Option<PathBuf>,
}

/// A repository on a server, and the way to it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) repo: GitHubRepo,
    source: Option<GitHubRepo>,
    token: Token,
    limits: Limits,
    rest: OnceCell<Rest>,
    graphql: OnceCell<Octocrab>,
}

/// The REST API, with the names that its first answers gave.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) octocrab: Octocrab,
    /// `owner/name` as the server has it now: under its old name a renamed repository answers reads, but no writes.
    pub(super) full_name: String,
    /// The `owner/name` of the repository that branches are pushed to.
    pub(super) source: String,
}

/// The fields of a repository that are read.
#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    #[serde(default)]
    archived: bool,
}

impl Rest {
    pub(super) fn owner(&self) -> &str {
        owner(&self.full_name)
    }

    /// Returns a branch that pull requests come from, as the server's lists name it.
    pub(super) fn label(&self, branch: &str) -> String {
        format!("{}:{branch}", owner(&self.source))
    }
}

fn owner(full_name: &str) -> &str {
    full_name.split('/').next().unwrap_or_default()
}

impl Connection {
    /// Sends nothing before the first request.
    ///
    /// # Errors
    /// When the address of the API is invalid, or would send the token to another host or unencrypted.
    pub(super) fn new(setup: GitHubSetup) -> Result<Self, ForgeError> {
        let GitHubSetup {
            repo,
            source,
            token,
            pace,
            history,
        } = setup;
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
        if !repo::serves(&repo.api_url, &repo.host) {
            return Err(wrong(
                "it is on another host than the remote, where the token may not be sent",
            ));
        }
        let history = history.map(|folder| ChangeHistory::at(folder.join(&repo.host)));
        Ok(Self {
            limits: Limits::new(&repo.host, pace, history),
            repo,
            source,
            token,
            rest: OnceCell::new(),
            graphql: OnceCell::new(),
        })
    }

    /// Returns the REST API; the first call looks the repository up.
    pub(super) async fn rest(&self, waits: &WaitReporter) -> Result<&Rest, ForgeError> {
        self.rest.get_or_try_init(|| self.connect(waits)).await
    }

    /// Makes the client, inside the runtime that it needs, and finds the repository's present name.
    async fn connect(&self, waits: &WaitReporter) -> Result<Rest, ForgeError> {
        let octocrab = self.octocrab(&self.repo.api_url)?;
        let client = self.client(&octocrab, waits);
        let found = self.look_up(&self.repo, &client).await?;
        if found.archived {
            let repo = self.repo.place();
            return Err(ForgeError::Archived { repo });
        }
        let source = match &self.source {
            Some(source) => self.look_up(source, &client).await?.full_name,
            None => found.full_name.clone(),
        };
        Ok(Rest {
            octocrab,
            full_name: found.full_name,
            source,
        })
    }

    async fn look_up(
        &self,
        repo: &GitHubRepo,
        client: &Client<'_>,
    ) -> Result<Repository, ForgeError> {
        let route = format!("/repos/{}", repo.full_name());
        let place = repo.place();
        let context = self.context(&place, Operation::READ);
        client.read(&route, &context).await
    }

    /// Returns the client for GraphQL: an Enterprise server has it beside the REST address, not below it.
    pub(super) async fn graphql(&self) -> Result<&Octocrab, ForgeError> {
        let octocrab = async || self.octocrab(beside(&self.repo.api_url));
        self.graphql.get_or_try_init(octocrab).await
    }

    pub(super) fn client<'a>(
        &'a self,
        octocrab: &'a Octocrab,
        waits: &'a WaitReporter,
    ) -> Client<'a> {
        Client::new(&self.limits, octocrab, waits)
    }

    /// Returns the nouns for the errors of an operation on the repository `place`.
    pub(super) fn context<'a>(
        &'a self,
        place: &'a str,
        operation: Operation<'a>,
    ) -> ErrorContext<'a> {
        ErrorContext {
            repo: place,
            host: &self.repo.host,
            token: self.token.source(),
            operation,
        }
    }

    fn octocrab(&self, url: &str) -> Result<Octocrab, ForgeError> {
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
}

/// Returns the address below which GraphQL lies, for an address of the REST API.
fn beside(api_url: &str) -> &str {
    let url = api_url.trim_end_matches('/');
    url.strip_suffix("/v3").unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphql_lies_beside_the_rest_api_of_an_enterprise_server() {
        let all = ["https://api.github.com", "https://code.acme.test/api/v3/"];
        let expected = ["https://api.github.com", "https://code.acme.test/api"];
        assert_eq!(all.map(beside), expected);
    }
}
