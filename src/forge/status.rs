//! The status of a pull request, as plain data with its words. Knows no forge.

use serde::{Deserialize, Serialize};

/// A pull request as its forge shows it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequestStatus {
    pub(crate) number: u64,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) state: PullRequestState,
    /// The branch it comes from.
    pub(crate) head: String,
    /// The branch it goes to.
    pub(crate) base: String,
    /// The commit at its head, where the forge knows commits.
    pub(crate) commit: Option<String>,
    pub(crate) review: ReviewDecision,
    pub(crate) checks: ChecksStatus,
    /// Whether it merges without conflicts; `None` where that is not known, or not yet.
    pub(crate) mergeable: Option<bool>,
    /// How many commits of its base it lacks; nothing where that is not known.
    pub(crate) behind: Option<u64>,
}

/// Whether a pull request is open, merged or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PullRequestState {
    Draft,
    Open,
    Merged,
    Closed,
}

/// The sum of the latest review of each reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReviewDecision {
    None,
    Approved,
    ChangesRequested,
}

/// The sum of the checks of the head commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ChecksStatus {
    None,
    Running,
    Green,
    Red,
    /// The token may not read them.
    Unknown,
}

/// The commits by which a pull request was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergeInfo {
    /// The last commit that the merge added to the base.
    pub(crate) commit: String,
    /// The pull request's own commits without merges, the oldest first, where there are several.
    pub(crate) commits: Vec<CommitInfo>,
}

/// The parts of a commit that a rebase keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitInfo {
    pub(crate) name: String,
    pub(crate) email: String,
    /// The author's time, in seconds since 1970-01-01 UTC.
    pub(crate) at: i64,
    pub(crate) message: String,
}

impl PullRequestState {
    /// Checks whether it is neither merged nor closed.
    #[must_use]
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Open)
    }

    /// Returns the word for it.
    #[must_use]
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

impl ReviewDecision {
    /// Returns the words for it.
    #[must_use]
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes requested",
        }
    }
}

impl ChecksStatus {
    /// Returns the word for it.
    #[must_use]
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Running => "running",
            Self::Green => "green",
            Self::Red => "red",
            Self::Unknown => "unknown",
        }
    }
}
