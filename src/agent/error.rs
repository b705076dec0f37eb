//! Why an agent did not do its work, in classes that tell what can be done about it.

use std::path::PathBuf;
use std::time::Duration;

use super::{Interruption, Usd};
use crate::process::{Ending, ProcessError};

/// Why an agent did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It may go well later: after `wait`, where that was said.
    #[error("{pressure}: {said}")]
    Transient {
        pressure: Interruption,
        wait: Option<Duration>,
        said: String,
    },
    /// It goes well for no unit until a person has done something about it.
    #[error("{refusal}: {said}")]
    Refused { refusal: Refusal, said: String },
    /// It was stopped, or stopped itself, at a limit.
    #[error("stopped because {limit}")]
    Limit { limit: LimitReached, tail: String },
    /// Its program said that the work did not come to a good end.
    #[error("the agent failed: {said}")]
    Failed { said: String },
    #[error("the agent failed: {ending}")]
    Ended { ending: Ending, tail: String },
    /// Something other than batch killed it, so often.
    #[error(
        "something outside batch killed the agent (SIGKILL{}): mostly the system does so, when memory runs out; fewer at once (-j) need less",
        if *times > 1 { format!(", {times} times") } else { String::new() }
    )]
    Killed { times: usize, tail: String },
    /// It stopped without saying that it was done: half of the work may be missing.
    #[error("the agent ended without saying that it was done ({ending})")]
    Unfinished { ending: Ending, tail: String },
    #[error("stopped")]
    Cancelled,
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Codemod(#[from] crate::codemod::CodemodError),
    #[error("{} could not be {what}: {source}", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is no ordinary file any more: setup or another program replaced it")]
    NotAFile { path: String },
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
    #[error("the codemod broke down on {path}; leave the file out, and please report it")]
    Panicked { path: String },
}

/// What a provider does not let us do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the agent is not logged in, or its key is wrong")]
    Login,
    #[error("the model does not exist or is not open to this account")]
    Model,
    #[error("the account has nothing left to spend")]
    Quota,
}

/// The limit at which an agent was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    #[error("it was not done within {0:?}")]
    Time(Duration),
    #[error("it was silent for {0:?}")]
    Idle(Duration),
    #[error("it reached its limit of turns")]
    Turns,
    #[error("it reached its limit of {0} tokens")]
    Tokens(u64),
    #[error("it reached its limit of {0}")]
    Cost(Usd),
}

impl AgentError {
    /// The last lines of output that tell more.
    #[must_use]
    pub fn tail(&self) -> Option<&str> {
        match self {
            Self::Ended { tail, .. }
            | Self::Killed { tail, .. }
            | Self::Unfinished { tail, .. }
            | Self::Limit { tail, .. } => Some(tail),
            _ => None,
        }
    }

    /// The error of a program that ended badly by itself, or was ended at a limit.
    pub(super) fn of(ending: Ending, tail: String) -> Self {
        match ending {
            Ending::Cancelled => Self::Cancelled,
            Ending::TimedOut(limit) => Self::Limit {
                limit: LimitReached::Time(limit),
                tail,
            },
            Ending::Silent(limit) => Self::Limit {
                limit: LimitReached::Idle(limit),
                tail,
            },
            ending if ending.is_kill() => Self::Killed { times: 1, tail },
            ending => Self::Ended { ending, tail },
        }
    }
}
