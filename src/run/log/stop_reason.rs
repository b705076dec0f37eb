//! Why a run has fewer agents at work than it was allowed, or begins nothing more at all, as facts and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::agent::{Interruption, Usd};
use crate::config::Limit;
use crate::words;

/// Why more or fewer agents may work at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum ThrottleReason {
    /// An agent is held back by its model's provider.
    #[serde(rename = "held-back")]
    Interrupted { pressure: Interruption },
    /// The same, and nobody is started before the moment `until`, in milliseconds since 1970-01-01 UTC.
    Closed { pressure: Interruption, until: i64 },
    /// It was quiet for a while.
    Quiet,
    /// The machine has more to do than it can: `load` runnable processes for a hundred processors.
    Busy { load: u32 },
    /// Only so many bytes of memory can be had.
    LittleMemory { free: u64 },
    /// The machine can do more again.
    Eased,
}

impl fmt::Display for ThrottleReason {
    /// The reason alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted { pressure } | Self::Closed { pressure, .. } => pressure.fmt(f),
            Self::Quiet => f.write_str("it was quiet for a while"),
            Self::Busy { load } => {
                let (whole, tenth) = (load / 100, load % 100 / 10);
                write!(
                    f,
                    "the machine is busy (load {whole}.{tenth} for each processor)"
                )
            }
            Self::LittleMemory { free } => {
                write!(f, "only {} of memory are free", words::bytes(*free))
            }
            Self::Eased => f.write_str("the machine can do more again"),
        }
    }
}

/// Why a run starts no further unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum StopReason {
    /// What the agents cost together.
    Budget { of: Usd, spent: Usd },
    /// What they used together.
    Tokens { of: u64, used: u64 },
    /// The time since the run was begun or resumed.
    Deadline { of: Limit },
    /// The agent's provider refuses what goes well for no unit until a person has done something about it.
    Refused { said: String },
    /// The canary has ended, and nobody has accepted it yet.
    Canary,
    /// The first units have all failed alike.
    SameFailure { said: String },
}

impl StopReason {
    /// The outcome of units that are not begun because of it, in two words.
    #[must_use]
    pub fn outcome_words(&self) -> &'static str {
        match self {
            Self::Budget { .. } => "skipped: budget",
            Self::Tokens { .. } => "skipped: tokens",
            Self::Deadline { .. } => "skipped: deadline",
            Self::Refused { .. } => "skipped: refused",
            Self::Canary => "skipped: canary",
            Self::SameFailure { .. } => "skipped: failures",
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { of, spent } => {
                write!(f, "the run's budget of {of} is used up ({spent})")
            }
            Self::Tokens { of, used } => {
                write!(f, "the run's {of} tokens are used up ({used})")
            }
            Self::Deadline { of } => write!(f, "the run's time of {of} is over"),
            Self::Canary => f.write_str("the canary has not been accepted yet"),
            Self::Refused { said } => f.write_str(said),
            Self::SameFailure { said } => {
                write!(f, "the first units all failed for the same reason ({said})")
            }
        }
    }
}
