//! A pull request as plain data: what is asked for, and what is open.

use super::extras::PullRequestOptions;

/// A pull request that a run opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestRef {
    pub unit: String,
    pub number: u64,
}

/// The pull request that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub run: String,
    /// The unit's id; a valid file name.
    pub unit: String,
    /// The unit's position in its plan, for forges that assign no numbers.
    pub ordinal: u64,
    pub title: String,
    pub body: String,
    /// The branch that holds the change, already on the remote.
    pub head: String,
    /// The branch that the change is meant for.
    pub base: String,
    pub draft: bool,
    pub extras: PullRequestOptions,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub number: u64,
    /// An address on a forge, or the path of a page.
    pub url: String,
    /// Whether it was found open instead of created by this call.
    pub existed: bool,
    /// What could not be done for it, one sentence each.
    pub notes: Vec<String>,
}
