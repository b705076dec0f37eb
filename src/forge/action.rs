//! Actions on an open pull request, and what rules them out. Knows no forge.

use std::fmt;

use super::status::{ChecksStatus, PullRequestState, PullRequestStatus, ReviewDecision};
use crate::config::MergeMethod;

/// An action on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Turns a draft into a pull request that is ready for review.
    Ready,
    Comment(String),
    /// Comments exactly once, however often it is asked to.
    Note {
        /// Distinguishes this note from others.
        key: String,
        text: String,
    },
    Label(Vec<String>),
    Close,
    Merge {
        method: MergeMethod,
        /// The head that was reviewed: the merge fails where the head has moved on.
        commit: Option<String>,
    },
    /// Changes the base branch to this one.
    Retarget(String),
}

/// The state that a pull request must reach before it is merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum MergeWhen {
    /// As soon as the forge allows it
    #[default]
    Possible,
    /// Its checks have passed
    Green,
    /// Its checks have passed, somebody approved, and nobody objects
    GreenAndApproved,
}

impl Action {
    /// Returns what rules the action out in this status, in words that follow the pull request's number.
    #[must_use]
    pub(crate) fn obstacle(&self, status: &PullRequestStatus) -> Option<&'static str> {
        match (status.state, self) {
            (
                PullRequestState::Merged | PullRequestState::Closed,
                Self::Comment(_) | Self::Note { .. } | Self::Label(_),
            ) => None,
            (PullRequestState::Merged, _) => Some("is merged already"),
            (PullRequestState::Closed, _) => Some("is closed already"),
            (PullRequestState::Open, Self::Ready) => Some("is ready already"),
            (PullRequestState::Draft, Self::Merge { .. }) => {
                Some("is a draft: make it ready first")
            }
            (PullRequestState::Open, Self::Merge { .. }) if status.mergeable == Some(false) => {
                Some("conflicts with its base: resolve that on its branch first")
            }
            _ => None,
        }
    }
}

/// Returns the invisible mark by which a note is found again.
pub(super) fn note_mark(key: &str) -> String {
    format!("<!-- batch note {key} -->")
}

impl MergeWhen {
    /// Returns what is still missing, in words that follow the pull request's number.
    #[must_use]
    pub(crate) fn missing(self, status: &PullRequestStatus) -> Option<&'static str> {
        if self == Self::Possible {
            return None;
        }
        match (status.checks, status.review) {
            (ChecksStatus::Red, _) => Some("has failed checks"),
            (ChecksStatus::Running, _) => Some("has checks that are still running"),
            (ChecksStatus::Unknown, _) => Some("has checks that the token cannot read"),
            (ChecksStatus::None, _) => Some("has no checks"),
            (ChecksStatus::Green, _) if self == Self::Green => None,
            (ChecksStatus::Green, ReviewDecision::Approved) => None,
            (ChecksStatus::Green, ReviewDecision::ChangesRequested) => {
                Some("has changes requested")
            }
            (ChecksStatus::Green, ReviewDecision::None) => Some("is not approved"),
        }
    }
}

impl fmt::Display for Action {
    /// Writes the action in the past tense.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(f, "made ready"),
            Self::Comment(_) | Self::Note { .. } => write!(f, "commented"),
            Self::Label(labels) => write!(f, "labelled {}", labels.join(", ")),
            Self::Close => write!(f, "closed"),
            Self::Merge { .. } => write!(f, "merged"),
            Self::Retarget(base) => write!(f, "retargeted to {base}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(
        state: PullRequestState,
        checks: ChecksStatus,
        review: ReviewDecision,
    ) -> PullRequestStatus {
        PullRequestStatus {
            number: 1,
            url: String::new(),
            title: String::new(),
            state,
            head: "h".to_owned(),
            base: "main".to_owned(),
            commit: None,
            review,
            checks,
            mergeable: None,
            behind: None,
        }
    }

    fn merge() -> Action {
        Action::Merge {
            method: MergeMethod::Squash,
            commit: None,
        }
    }

    #[test]
    fn a_merge_waits_for_the_state_that_was_asked_for() {
        let missing = |checks, review, when: MergeWhen| {
            when.missing(&status(PullRequestState::Open, checks, review))
        };
        let both = MergeWhen::GreenAndApproved;
        let red = missing(ChecksStatus::Red, ReviewDecision::None, MergeWhen::Possible);
        assert_eq!(red, None);
        assert_eq!(
            missing(ChecksStatus::Green, ReviewDecision::Approved, both),
            None
        );
        let green = missing(ChecksStatus::Green, ReviewDecision::None, MergeWhen::Green);
        assert_eq!(green, None);
        let silent = missing(ChecksStatus::Green, ReviewDecision::None, both);
        assert_eq!(silent, Some("is not approved"));
        for checks in [
            ChecksStatus::None,
            ChecksStatus::Red,
            ChecksStatus::Running,
            ChecksStatus::Unknown,
        ] {
            assert!(missing(checks, ReviewDecision::Approved, both).is_some());
        }
        let conflict = PullRequestStatus {
            mergeable: Some(false),
            ..status(
                PullRequestState::Open,
                ChecksStatus::Green,
                ReviewDecision::Approved,
            )
        };
        assert!(merge().obstacle(&conflict).is_some());
    }

    #[test]
    fn a_merged_pull_request_takes_comments_only() {
        let merged = status(
            PullRequestState::Merged,
            ChecksStatus::None,
            ReviewDecision::None,
        );
        assert_eq!(Action::Close.obstacle(&merged), Some("is merged already"));
        assert_eq!(Action::Comment("x".to_owned()).obstacle(&merged), None);
        let draft = status(
            PullRequestState::Draft,
            ChecksStatus::None,
            ReviewDecision::None,
        );
        assert_eq!(Action::Ready.obstacle(&draft), None);
        assert!(merge().obstacle(&draft).is_some());
    }
}
