//! What an agent tells while it works, the same for all kinds of agent. How the work ended is not among it: that is
//! what [`Agent::work`](super::Agent::work) gives.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Usage;

/// One thing that an agent told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentEvent {
    /// Its session has this name, by which it can be taken up again.
    Session(SessionId),
    /// It said something.
    Text(String),
    /// It uses one of its tools, on `about` where that is known: a path, a command.
    Tool { name: String, about: Option<String> },
    /// What this task has used up so far, all in all.
    Usage(Usage),
    /// Its model's provider holds it back; it waits for itself, so long as is known.
    Interrupted {
        pressure: Interruption,
        wait: Option<Duration>,
    },
}

/// Why something does not work now and may work later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interruption {
    /// We ask for too much.
    RateLimit,
    /// Everybody asks for too much.
    Overload,
    /// The provider was not reached, or broke off.
    Connection,
    /// Something other than batch killed the agent: mostly the system, for want of memory.
    Killed,
}

/// The name that an agent's program gave to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RateLimit => "the model's provider limits how much may be asked",
            Self::Overload => "the model's provider is overloaded",
            Self::Connection => "the model's provider was not reached",
            Self::Killed => "an agent was killed from outside",
        })
    }
}
