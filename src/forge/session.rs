//! The seam between `batch` and the places where pull requests live.
//!
//! A [`Forge`] is such a place. All requests to it go through a [`ForgeSession`], which is made with the reporter for
//! the waits that its requests take.

use std::pin::Pin;

use super::action::Action;
use super::error::ForgeError;
use super::pull_request::{Opened, PullRequest, PullRequestRef};
use super::review_feedback::ReviewFeedback;
use super::status::{MergeInfo, PullRequestState, PullRequestStatus};
use super::tracking_issue::{IssueRef, TrackingIssue};
use super::wait::WaitReporter;

/// The future of a request, as a trait object can return it.
pub(crate) type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ForgeError>> + Send + 'a>>;

/// A place where pull requests live.
pub(crate) trait Forge: Send + Sync {
    /// Names the place in words: `github.com/acme/shop`, `this repository`.
    fn place(&self) -> String;

    /// Starts a session that reports its waits to `waits`; sends nothing yet.
    fn session(&self, waits: WaitReporter) -> Box<dyn ForgeSession>;
}

/// Requests to a forge.
pub trait ForgeSession: Send + Sync {
    /// Opens the pull request, or finds the one that is already open for this head branch and updates it.
    fn open<'a>(&'a self, request: &'a PullRequest) -> Reply<'a, Opened>;

    /// Asks whether the pull request is open, merged or closed, and nothing else: the cheapest question.
    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestState>;

    /// Asks for the pull request's state, reviews, checks and distance from its base.
    fn status<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestStatus>;

    /// Collects what reviewers and failed checks say against the pull request.
    fn review_feedback<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, ReviewFeedback>;

    /// Finds the commits by which the pull request was merged. Returns nothing for a pull request that is not merged,
    /// and where only the repository itself knows.
    fn merge_info<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Option<MergeInfo>>;

    /// Acts on the pull request. A forge that is the repository itself only records a merge: the caller
    /// has merged the branch.
    fn act<'a>(&'a self, which: &'a PullRequestRef, action: &'a Action) -> Reply<'a, ()>;

    /// Updates the issue that lists all pull requests of a run, or creates it.
    fn track<'a>(&'a self, issue: &'a TrackingIssue) -> Reply<'a, IssueRef>;
}
