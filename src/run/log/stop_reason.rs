//! The reasons why a run lets fewer agents work than the user allowed, or starts no further unit.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::agent::{Interruption, Usd};
use crate::config::Limit;
use crate::plan::UnitId;
use crate::words;

/// Why more or fewer agents may work at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum ThrottleReason {
    /// The provider of an agent's model interrupted the agent.
    #[serde(rename = "held-back")]
    Interrupted {
        #[serde(rename = "pressure")]
        interruption: Interruption,
    },
    /// The provider interrupted the agent, and no agent starts before `until`, in milliseconds since 1970-01-01 UTC.
    Closed {
        #[serde(rename = "pressure")]
        interruption: Interruption,
        until: i64,
    },
    /// No agent was interrupted for a while.
    Quiet,
    /// The machine is overloaded: `load` is the number of runnable processes for 100 processors.
    Busy { load: u32 },
    /// Only `free` bytes of memory are available.
    LittleMemory { free: u64 },
    /// The machine is no longer overloaded.
    Eased,
}

impl fmt::Display for ThrottleReason {
    /// Writes the reason without its consequence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupted { interruption } | Self::Closed { interruption, .. } => {
                interruption.fmt(f)
            }
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
    /// The agents' cost reached the budget.
    Budget { of: Usd, spent: Usd },
    /// The agents' tokens reached the limit.
    Tokens { of: u64, used: u64 },
    /// The time since the run started or was resumed reached the limit.
    Deadline { of: Limit },
    /// The agent's provider refuses every unit until a person acts.
    Refused { said: String },
    /// The canary ended, and nobody has accepted its change yet.
    Canary,
    /// The first units all failed for the same reason.
    SameFailure { said: String },
    /// The unit's agent changed nothing in its own checkout, while claimed files changed in the user's.
    Strayed { unit: UnitId },
}

impl StopReason {
    /// Returns the outcome, in two words, of units that do not start for this reason.
    #[must_use]
    pub fn outcome_words(&self) -> &'static str {
        match self {
            Self::Budget { .. } => "skipped: budget",
            Self::Tokens { .. } => "skipped: tokens",
            Self::Deadline { .. } => "skipped: deadline",
            Self::Refused { .. } => "skipped: refused",
            Self::Canary => "skipped: canary",
            Self::SameFailure { .. } => "skipped: failures",
            Self::Strayed { .. } => "skipped: strayed",
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
            Self::Strayed { unit } => {
                write!(f, "an agent may work in your own checkout (unit {unit})")
            }
        }
    }
}
