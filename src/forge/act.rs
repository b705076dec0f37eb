//! What can be done with a pull request that is open, and what keeps it from being done. Knows no forge.

use std::fmt;

use super::standing::{Checks, Review, Standing, State};
use crate::config::MergeMethod;

/// What can be done with a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A draft becomes one to be reviewed.
    Ready,
    Comment(String),
    /// A comment that is made once, however often that is asked for.
    Note {
        /// Tells it from others.
        key: String,
        text: String,
    },
    Label(Vec<String>),
    Close,
    Merge {
        method: MergeMethod,
        /// Only while its head stands there: what is merged is what was looked at.
        commit: Option<String>,
    },
    /// It goes to this branch from now on.
    Retarget(String),
}

/// What a pull request must have before it is merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum MergeWhen {
    /// Whatever lets the forge merge it
    #[default]
    Possible,
    /// Its checks have passed
    Green,
    /// Its checks have passed, somebody approved, and nobody objects
    GreenAndApproved,
}

impl Act {
    /// What keeps this from being done with a pull request that stands so, in words that follow its number.
    #[must_use]
    pub fn obstacle(&self, standing: &Standing) -> Option<&'static str> {
        match (standing.state, self) {
            (
                State::Merged | State::Closed,
                Self::Comment(_) | Self::Note { .. } | Self::Label(_),
            ) => None,
            (State::Merged, _) => Some("is merged already"),
            (State::Closed, _) => Some("is closed already"),
            (State::Open, Self::Ready) => Some("is ready already"),
            (State::Draft, Self::Merge { .. }) => Some("is a draft: make it ready first"),
            (State::Open, Self::Merge { .. }) if standing.mergeable == Some(false) => {
                Some("conflicts with its base: bring both together on its branch first")
            }
            _ => None,
        }
    }
}

/// By what a note is known again; no reader sees it.
pub(super) fn note_mark(key: &str) -> String {
    format!("<!-- batch note {key} -->")
}

impl MergeWhen {
    /// What is still missing, in words that follow the number.
    #[must_use]
    pub fn missing(self, standing: &Standing) -> Option<&'static str> {
        if self == Self::Possible {
            return None;
        }
        match (standing.checks, standing.review) {
            (Checks::Red, _) => Some("has failed checks"),
            (Checks::Running, _) => Some("has checks that still run"),
            (Checks::Unknown, _) => Some("has checks that the token may not see"),
            (Checks::None, _) => Some("has no checks that could be green"),
            (Checks::Green, _) if self == Self::Green => None,
            (Checks::Green, Review::Approved) => None,
            (Checks::Green, Review::ChangesRequested) => Some("has changes requested"),
            (Checks::Green, Review::None) => Some("is not approved"),
        }
    }
}

impl fmt::Display for Act {
    /// What is done, in the past tense.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(f, "made ready"),
            Self::Comment(_) | Self::Note { .. } => write!(f, "commented"),
            Self::Label(labels) => write!(f, "labelled {}", labels.join(", ")),
            Self::Close => write!(f, "closed"),
            Self::Merge { .. } => write!(f, "merged"),
            Self::Retarget(base) => write!(f, "turned to {base}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: State, checks: Checks, review: Review) -> Standing {
        Standing {
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

    fn merge() -> Act {
        Act::Merge {
            method: MergeMethod::Squash,
            commit: None,
        }
    }

    #[test]
    fn only_what_is_wanted_is_merged() {
        let missing =
            |checks, review, when: MergeWhen| when.missing(&standing(State::Open, checks, review));
        let both = MergeWhen::GreenAndApproved;
        let red = missing(Checks::Red, Review::None, MergeWhen::Possible);
        assert_eq!(red, None);
        assert_eq!(missing(Checks::Green, Review::Approved, both), None);
        let green = missing(Checks::Green, Review::None, MergeWhen::Green);
        assert_eq!(green, None);
        let silent = missing(Checks::Green, Review::None, both);
        assert_eq!(silent, Some("is not approved"));
        for checks in [Checks::None, Checks::Red, Checks::Running, Checks::Unknown] {
            assert!(missing(checks, Review::Approved, both).is_some());
        }
        let conflict = Standing {
            mergeable: Some(false),
            ..standing(State::Open, Checks::Green, Review::Approved)
        };
        assert!(merge().obstacle(&conflict).is_some());
    }

    #[test]
    fn what_is_decided_stays_decided_but_may_be_talked_about() {
        let merged = standing(State::Merged, Checks::None, Review::None);
        assert_eq!(Act::Close.obstacle(&merged), Some("is merged already"));
        assert_eq!(Act::Comment("x".to_owned()).obstacle(&merged), None);
        let draft = standing(State::Draft, Checks::None, Review::None);
        assert_eq!(Act::Ready.obstacle(&draft), None);
        assert!(merge().obstacle(&draft).is_some());
    }
}
