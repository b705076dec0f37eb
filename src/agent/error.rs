//! Why an agent did not finish its work, in classes that say what can be done about it.

use std::path::PathBuf;
use std::time::Duration;

use super::cost::Usd;
use super::event::Interruption;
use crate::process::{Ending, ProcessError};
use crate::words;

/// Why an agent did not finish its work.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A retry may succeed: after `wait`, where the agent named a time.
    #[error("{interruption}: {message}")]
    Transient {
        interruption: Interruption,
        wait: Option<Duration>,
        message: String,
    },
    /// No unit will succeed until a person has done something about it.
    #[error("{refusal}: {message}")]
    Refused { refusal: Refusal, message: String },
    /// The agent was stopped, or stopped itself, at a limit.
    #[error("stopped because {limit}")]
    Limit { limit: LimitReached, tail: String },
    /// The agent itself reported that the work failed.
    #[error("the agent failed: {message}")]
    Failed { message: String },
    #[error("the agent failed: {ending}")]
    Ended { ending: Ending, tail: String },
    /// Some fixers end with 1 when they have changed something.
    #[error(
        "the agent failed: exit code {code}, after it had changed {}; if this code means success, allow it with \
         --agent-exit 0,{code}",
        words::count(*files, "file")
    )]
    EndedAfterChanges {
        code: i32,
        files: usize,
        tail: String,
    },
    /// Something other than batch killed the agent, this many times.
    #[error(
        "something outside batch killed the agent (SIGKILL{}): usually the system does, when memory runs out; \
         run fewer agents at once (-j)",
        if *times > 1 { format!(", {times} times") } else { String::new() }
    )]
    Killed { times: usize, tail: String },
    /// The conversation is longer than the model's context: a smaller task may fit.
    #[error("the task is too much for the model's context: {message}")]
    ContextFull { message: String },
    /// The agent ended without saying that it was done: half of the work may be missing.
    #[error(
        "the agent ended without saying that it was done ({ending}); {}",
        last_words(tail)
    )]
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
    #[error("{path} is no longer an ordinary file: setup or another program replaced it")]
    NotAFile { path: String },
    #[error("{path} is not UTF-8 text")]
    NotText { path: String },
    #[error(
        "{work} is taken as it is, and no agent is there to change it: change its branch yourself, or start the unit \
         again with batch retry --agent"
    )]
    NoAgent { work: String },
    #[error("the codemod broke down on {path}; leave the file out, and please report it")]
    Panicked { path: String },
}

/// Why a provider refuses to serve the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the agent is not logged in, or its key is wrong")]
    Login,
    #[error("the model does not exist, or this account may not use it")]
    Model,
    #[error("the account has no credit or quota left")]
    Quota,
}

/// The limit at which an agent was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitReached {
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

/// A reason quotes at most so many of the last lines, and so many characters of them.
const LINES_QUOTED: usize = 4;
const CHARS_QUOTED: usize = 200;

/// Says what a program printed last.
fn last_words(tail: &str) -> String {
    let lines: Vec<String> = tail.lines().map(words::line).collect();
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        return "it printed nothing".to_owned();
    }
    let last = lines[lines.len().saturating_sub(LINES_QUOTED)..].join(" / ");
    let cut = last.char_indices().nth(CHARS_QUOTED);
    match cut {
        Some((at, _)) => format!("it printed: {}…", &last[..at]),
        None => format!("it printed: {last}"),
    }
}

impl AgentError {
    /// Returns the last lines of the agent's output, where they help.
    #[must_use]
    pub(crate) fn tail(&self) -> Option<&str> {
        match self {
            Self::Ended { tail, .. }
            | Self::EndedAfterChanges { tail, .. }
            | Self::Killed { tail, .. }
            | Self::Unfinished { tail, .. }
            | Self::Limit { tail, .. } => Some(tail),
            _ => None,
        }
    }

    /// Returns the error for a program that failed or was stopped at a limit.
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
