//! The events that an agent reports while it works, the same for all kinds of agent. The end of the work is no event:
//! [`Agent::work`](super::Agent::work) returns it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::usage::Usage;

/// An event of an agent at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentEvent {
    /// The agent began or continued this session.
    Session(SessionId),
    /// The agent said something.
    Text(String),
    /// The agent uses one of its tools, on `about` where that is known: a path, a command.
    Tool { name: String, about: Option<String> },
    /// A tool ended.
    ToolEnded(ToolResult),
    /// The agent wrote its own list of tasks; these items are not done.
    OpenItems(Vec<String>),
    /// The sum of what this turn has used up so far.
    Usage(Usage),
    /// The model's provider interrupts the agent, which waits by itself, for `wait` where that is known.
    Interrupted {
        interruption: Interruption,
        wait: Option<Duration>,
    },
}

/// How a use of a tool ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolResult {
    Worked,
    Failed,
}

/// What the command of a test, a check or a build has in its text. A word too many costs nothing: it only keeps quiet
/// about an agent that ran no test.
const TESTING: [&str; 10] = [
    "test", "spec", "check", "tox", "nox", "rake", "verify", "make", "build", "lint",
];

impl AgentEvent {
    /// Checks whether the agent uses a tool on something that may be a test; `None` where it uses no tool.
    #[must_use]
    pub(crate) fn may_be_a_test(&self) -> Option<bool> {
        let Self::Tool { about, .. } = self else {
            return None;
        };
        // What a tool is used on is not always told.
        let about = about.as_deref().map(str::to_lowercase);
        Some(about.is_none_or(|about| TESTING.iter().any(|word| about.contains(word))))
    }
}

/// Why an agent cannot work now and may work later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interruption {
    /// This account sends too many requests.
    RateLimit,
    /// This account has used up what its plan allows for some hours, a week or a month.
    UsageLimit,
    /// The provider has too many requests from everybody.
    Overload,
    /// The connection to the provider failed or broke.
    Connection,
    /// Something other than batch killed the agent: usually the system, for lack of memory.
    Killed,
    /// The agent's program broke down by itself.
    Crashed,
    /// The agent ended without an answer, or in the middle of one.
    NoAnswer,
}

/// The name that an agent's program gave to its session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RateLimit => "the model's provider limits the rate of requests",
            Self::UsageLimit => "the account has reached its usage limit",
            Self::Overload => "the model's provider is overloaded",
            Self::Connection => "the model's provider was not reached",
            Self::Killed => "an agent was killed from outside",
            Self::Crashed => "an agent's program broke down",
            Self::NoAnswer => "an agent ended without an answer",
        })
    }
}
