//! How a pull request stands at its forge: data, and the words for it. Knows no forge.

use serde::{Deserialize, Serialize};

/// A pull request as it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub number: u64,
    pub url: String,
    pub title: String,
    pub state: State,
    /// The branch it comes from.
    pub head: String,
    /// The branch it goes to.
    pub base: String,
    /// The commit that it would bring, where the forge knows commits.
    pub commit: Option<String>,
    pub review: Review,
    pub checks: Checks,
    /// Nothing where that is not known, or not yet.
    pub mergeable: Option<bool>,
    /// How many commits of its base it does not have; nothing where that is not known.
    pub behind: Option<u64>,
}

/// Whether it is still to be decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Draft,
    Open,
    Merged,
    Closed,
}

/// What reviewers said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Review {
    None,
    Approved,
    ChangesRequested,
}

/// What continuous integration says of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checks {
    None,
    Running,
    Green,
    Red,
    /// Nobody may tell.
    Unknown,
}

/// How a pull request came into its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The last commit of the base that it brought.
    pub commit: String,
    /// Its own commits but for merges, the oldest first, where there are several.
    pub brought: Vec<Brought>,
}

/// What stays of a commit however it comes into a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    pub name: String,
    pub email: String,
    /// When it was written, in seconds since 1970-01-01 UTC.
    pub at: i64,
    pub message: String,
}

impl State {
    /// Whether nobody has decided yet.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Open)
    }

    /// In one word.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

impl Review {
    /// In a word or two.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes requested",
        }
    }
}

impl Checks {
    /// In one word.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "–",
            Self::Running => "running",
            Self::Green => "green",
            Self::Red => "red",
            Self::Unknown => "unknown",
        }
    }
}
