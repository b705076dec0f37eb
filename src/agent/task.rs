//! The task of an agent, as data.

use std::path::PathBuf;
use std::time::Duration;

use super::event::SessionId;
use crate::plan::Claim;
use crate::process::Environment;
use crate::process::sandbox::Sandbox;

/// The task of an agent, and its place.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) run: String,
    pub(crate) unit: String,
    /// The change that the user wants, in their own words.
    pub(crate) instruction: String,
    /// The whole task in words: the instruction, the unit's files, and the rules.
    pub(crate) prompt: String,
    /// The files that the agent may change, and the places where it may create files.
    pub(crate) claim: Claim,
    /// The root of the unit's checkout: the agent's working directory.
    pub(crate) worktree: PathBuf,
    /// A folder outside the checkout for prompt, file list and log, in which no worker has to write.
    pub(crate) folder: PathBuf,
    /// A folder outside the checkout for the agent's own files: settings, sessions, summary.
    pub(crate) home: PathBuf,
    /// The variables that the agent's processes see.
    pub(crate) environment: Environment,
    /// What keeps the agent from everything that is not the unit's.
    pub(crate) sandbox: Sandbox,
    pub(crate) limits: Limits,
    pub(crate) kind: TaskKind,
    /// Feedback on earlier work for this task; none in the first turn.
    pub(crate) feedback: Option<Feedback>,
}

/// Whether an agent is to change files or to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TaskKind {
    /// To change files.
    #[default]
    Change,
    /// To read and to answer; all changes are thrown away.
    Answer,
}

/// How far an agent may go on one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The time limit.
    pub(crate) time: Duration,
    /// The longest silence; the agent's own default when absent.
    pub(crate) idle: Option<Duration>,
}

/// The reason for a further turn of an agent, which finds the checkout as its earlier turn left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Feedback {
    /// The session to continue; without one, the agent gets the whole task again.
    pub(crate) session: Option<SessionId>,
    pub(crate) text: String,
}

impl Task {
    /// Returns the path of the log with the agent's output.
    #[must_use]
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("agent.log")
    }
}
