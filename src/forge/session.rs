//! The seam between `batch` and the places where pull requests live.
//!
//! A [`Forge`] is such a place. All requests to it go through a [`ForgeSession`], which is made with the reporter for
//! the waits that its requests take.

use std::pin::Pin;

use super::act::Act;
use super::complaint::Complaints;
use super::error::ForgeError;
use super::pull_request::{Opened, PullRequest, PullRequestRef};
use super::standing::{Merged, Standing, State};
use super::tracking::{Tracked, Tracking};
use super::wait::WaitReporter;

/// The future of a request, as a trait object can return it.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ForgeError>> + Send + 'a>>;

/// A place where pull requests live.
pub trait Forge: Send + Sync {
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
    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, State>;

    /// Asks for the pull request's state, reviews, checks and distance from its base.
    fn standing<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Standing>;

    /// Collects what reviewers and failed checks say against the pull request.
    fn complaints<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Complaints>;

    /// Finds the commits by which the pull request was merged. Returns nothing for a pull request that is not merged,
    /// and where only the repository itself knows.
    fn merged<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Option<Merged>>;

    /// Does something with the pull request. A forge that is the repository itself only records a merge: the caller
    /// has merged the branch.
    fn act<'a>(&'a self, which: &'a PullRequestRef, act: &'a Act) -> Reply<'a, ()>;

    /// Updates the issue that lists all pull requests of a run, or creates it.
    fn track<'a>(&'a self, tracking: &'a Tracking) -> Reply<'a, Tracked>;
}
