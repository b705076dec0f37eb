//! The steps of a unit's pipeline, and how a unit ends.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::plan::UnitId;
use crate::run::log::recorded_path;
use crate::run::log::stop_reason::StopReason;

/// The steps of a unit's pipeline, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    #[serde(rename = "worktree")]
    Checkout,
    Setup,
    Agent,
    Tidy,
    Scope,
    Content,
    Check,
    Commit,
    Push,
    PullRequest,
}

impl Step {
    /// Returns the step in words, as a progress line shows it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Checkout => "worktree",
            Self::Setup => "setup",
            Self::Agent => "agent",
            Self::Tidy => "tidy",
            Self::Scope => "scope",
            Self::Content => "content",
            Self::Check => "check",
            Self::Commit => "commit",
            Self::Push => "push",
            Self::PullRequest => "pull request",
        }
    }
}

/// How a unit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// Its pull request is open.
    Published,
    /// Its commit is on its branch, and the run asked for no more (a dry run).
    Committed,
    /// The agent found nothing to change; the reason is the agent's.
    NoChange { reason: String },
    Failed {
        step: Step,
        /// The reason, in one or more lines.
        reason: String,
        /// The last lines of the log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<String>,
        /// The log that says more.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "recorded_path::serialize_optional"
        )]
        log: Option<PathBuf>,
    },
    /// Its commit is on its branch, but nothing more is published for now.
    Withheld {
        #[serde(default, skip_serializing_if = "is_default")]
        why: WithheldReason,
    },
    /// A unit that it needs did not succeed.
    Blocked { by: UnitId },
    /// The run or the unit was stopped before the unit finished or started.
    Stopped,
    /// The run reached a limit before the unit started.
    LeftOut { why: StopReason },
    /// The user asked that the unit should not start.
    Skipped { by: String },
}

/// Why a unit's commit is not published for now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithheldReason {
    /// Too few units succeeded, or the canary is not accepted yet.
    #[default]
    TooFew,
    /// Settings or hooks of the user's repository changed while workers ran.
    GitFolderChanged,
    /// A check of it verified nothing.
    Unverified,
    /// Together with others it breaks what passes without it.
    BreaksUnion,
    /// All units together were red or could not be checked, and it is not known which units break.
    UnionUnclear,
}

/// Checks whether a value need not be stored.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Outcome {
    /// Checks whether the unit succeeded, so that units that need it may start.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Published | Self::Committed | Self::NoChange { .. }
        )
    }

    /// Returns the outcome in one or two words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Committed => "committed",
            Self::NoChange { .. } => "no change",
            Self::Failed { .. } => "failed",
            Self::Withheld { .. } => "withheld",
            Self::Blocked { .. } => "blocked",
            Self::Stopped => "stopped",
            Self::LeftOut { why } => why.outcome_words(),
            Self::Skipped { .. } => "skipped",
        }
    }
}
