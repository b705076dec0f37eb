//! GitHub as a [`Forge`]: hands each request of a session to the operation that does it.

use std::sync::Arc;

use super::api::Api;
use super::connection::{Connection, GitHubSetup};
use super::repo::GitHubRepo;
use crate::forge::action::Action;
use crate::forge::error::ForgeError;
use crate::forge::pull_request::{Opened, PullRequest, PullRequestRef};
use crate::forge::review_feedback::ReviewFeedback;
use crate::forge::session::{Forge, ForgeSession, Reply};
use crate::forge::status::{MergeInfo, PullRequestState, PullRequestStatus};
use crate::forge::tracking_issue::{IssueRef, TrackingIssue};
use crate::forge::wait::WaitReporter;

/// One repository on GitHub.
#[derive(Debug)]
pub(crate) struct GitHubForge {
    connection: Arc<Connection>,
}

/// Requests to one repository on GitHub.
#[derive(Debug)]
pub(crate) struct GitHubSession {
    connection: Arc<Connection>,
    waits: WaitReporter,
}

impl GitHubForge {
    /// Sends nothing before the first request.
    ///
    /// # Errors
    /// When the address of the API is invalid, or would send the token to another host or unencrypted.
    pub(crate) fn new(setup: GitHubSetup) -> Result<Self, ForgeError> {
        let connection = Arc::new(Connection::new(setup)?);
        Ok(Self { connection })
    }

    /// Starts a session that also answers the questions that only GitHub has answers to.
    #[must_use]
    pub(crate) fn github_session(&self, waits: WaitReporter) -> GitHubSession {
        let connection = Arc::clone(&self.connection);
        GitHubSession { connection, waits }
    }
}

impl GitHubSession {
    /// Asks whether the token's owner may push to the repository.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn may_push(&self) -> Result<bool, ForgeError> {
        self.api().await?.may_push().await
    }

    /// Finds the fork of the token's owner. Where there is none, the server makes one, whose git comes a while later.
    ///
    /// # Errors
    /// When there is no fork and none may be made.
    pub(crate) async fn fork(&self) -> Result<GitHubRepo, ForgeError> {
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

    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestState> {
        Box::pin(async { self.api().await?.state_of(which).await })
    }

    fn status<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestStatus> {
        Box::pin(async { self.api().await?.status_of(which).await })
    }

    fn review_feedback<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, ReviewFeedback> {
        Box::pin(async { self.api().await?.review_feedback_of(which).await })
    }

    fn merge_info<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Option<MergeInfo>> {
        Box::pin(async { self.api().await?.merge_info_of(which).await })
    }

    fn act<'a>(&'a self, which: &'a PullRequestRef, action: &'a Action) -> Reply<'a, ()> {
        Box::pin(async { self.api().await?.act_on(which, action).await })
    }

    fn track<'a>(&'a self, issue: &'a TrackingIssue) -> Reply<'a, IssueRef> {
        Box::pin(async { self.api().await?.create_or_update(issue).await })
    }
}
