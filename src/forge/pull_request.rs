//! A pull request as plain data: what is asked for, and what is open.

use super::pull_request_options::PullRequestOptions;

/// A pull request that a run opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestRef {
    pub(crate) unit: String,
    pub(crate) number: u64,
}

/// The pull request that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullRequest {
    pub(crate) run: String,
    /// The unit's id; a valid file name.
    pub(crate) unit: String,
    /// The unit's position in its plan, for forges that assign no numbers.
    pub(crate) ordinal: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    /// The branch that holds the change, already on the remote.
    pub(crate) head: String,
    /// The branch that the change is meant for.
    pub(crate) base: String,
    pub(crate) draft: bool,
    pub(crate) options: PullRequestOptions,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) number: u64,
    /// An address on a forge, or the path of a page.
    pub(crate) url: String,
    /// Whether it was found open instead of created by this call.
    pub(crate) existed: bool,
    /// The options that could not be set on it, one sentence each.
    pub(crate) notes: Vec<String>,
}
