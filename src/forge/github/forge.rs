//! GitHub as a [`Forge`]: hands each request of a session to the operation that does it.

use std::sync::Arc;

use super::api::Api;
use super::connection::{Connection, GitHubSetup};
use crate::forge::act::Act;
use crate::forge::complaint::Complaints;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::{Opened, PullRequest, PullRequestRef};
use crate::forge::remote::GitHubRepo;
use crate::forge::session::{Forge, ForgeSession, Reply};
use crate::forge::standing::{Merged, Standing, State};
use crate::forge::tracking::{Tracked, Tracking};
use crate::forge::wait::WaitReporter;

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHubForge {
    connection: Arc<Connection>,
}

/// Requests to one repository on GitHub.
#[derive(Debug)]
pub struct GitHubSession {
    connection: Arc<Connection>,
    waits: WaitReporter,
}

impl GitHubForge {
    /// Sends nothing before the first request.
    ///
    /// # Errors
    /// When the address of the API is invalid, or would send the token to another host or unencrypted.
    pub fn new(setup: GitHubSetup) -> Result<Self, ForgeError> {
        let connection = Arc::new(Connection::new(setup)?);
        Ok(Self { connection })
    }

    /// Starts a session that also answers the questions that only GitHub has answers to.
    #[must_use]
    pub fn github_session(&self, waits: WaitReporter) -> GitHubSession {
        let connection = Arc::clone(&self.connection);
        GitHubSession { connection, waits }
    }
}

impl GitHubSession {
    /// Asks whether the token's owner may push to the repository.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn may_push(&self) -> Result<bool, ForgeError> {
        self.api().await?.may_push().await
    }

    /// Finds the fork of the token's owner. Where there is none, the server makes one, whose git comes a while later.
    ///
    /// # Errors
    /// When there is no fork and none may be made.
    pub async fn fork(&self) -> Result<GitHubRepo, ForgeError> {
        self.api().await?.fork().await
    }

    async fn api(&self) -> Result<Api<'_>, ForgeError> {
        Api::connect(&self.connection, &self.waits).await
    }
}

impl Forge for GitHubForge {
    fn place(&self) -> String {
        self.connection.repo.place()
    }

    fn session(&self, waits: WaitReporter) -> Box<dyn ForgeSession> {
        Box::new(self.github_session(waits))
    }
}

impl ForgeSession for GitHubSession {
    fn open<'a>(&'a self, request: &'a PullRequest) -> Reply<'a, Opened> {
        Box::pin(async { self.api().await?.open_or_find(request).await })
    }

    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, State> {
        Box::pin(async { self.api().await?.state_of(which).await })
    }

    fn standing<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Standing> {
        Box::pin(async { self.api().await?.standing_of(which).await })
    }

    fn complaints<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Complaints> {
        Box::pin(async { self.api().await?.complaints_of(which).await })
    }

    fn merged<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Option<Merged>> {
        Box::pin(async { self.api().await?.merged_by(which).await })
    }

    fn act<'a>(&'a self, which: &'a PullRequestRef, act: &'a Act) -> Reply<'a, ()> {
        Box::pin(async { self.api().await?.act_on(which, act).await })
    }

    fn track<'a>(&'a self, tracking: &'a Tracking) -> Reply<'a, Tracked> {
        Box::pin(async { self.api().await?.track_on(tracking).await })
    }
}
