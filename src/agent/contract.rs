//! The contract between a run and an agent: the run hands over a task, the agent reports events and then its work.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::error::AgentError;
use super::event::{AgentEvent, SessionId};
use super::id::AgentId;
use super::project_settings::ProjectSettings;
use super::task::Task;
use super::usage::Usage;

/// The future of an agent's work, as a trait object can return it.
pub(super) type Working<'a> = Pin<Box<dyn Future<Output = Result<Work, AgentError>> + Send + 'a>>;

/// Something that edits files.
pub trait Agent: Send + Sync {
    /// Returns the key for everything that is counted and decided per agent.
    fn id(&self) -> &AgentId;

    /// Describes the agent in one line, for people.
    fn describe(&self) -> String {
        self.id().to_string()
    }

    /// Says whether a further attempt is worth its price.
    fn further_attempts(&self) -> FurtherAttempts {
        FurtherAttempts::Usual
    }

    /// Says what the agent finds when it starts again after an interruption.
    fn restart(&self) -> Restart {
        Restart::AsLeft
    }

    /// Says what an answer of the agent is worth.
    fn answers(&self) -> Answers {
        Answers::InPassing
    }

    /// Names what the agent reports only at the end of a turn, or never: a limit on it takes effect then, or never.
    fn late(&self) -> &'static [Quantity] {
        &[]
    }

    /// Names the files of a repository that the agent would obey.
    fn project_settings(&self) -> ProjectSettings {
        ProjectSettings::NONE
    }

    /// Works on the task until it is done, a limit is reached, or `cancel` fires. Reports to `events`, whose receiver
    /// has to read them, or be dropped, for the work to go on.
    fn work<'a>(
        &'a self,
        task: &'a Task,
        events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> Working<'a>;
}

/// Something that agents use up and that can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    Turns,
    Tokens,
    Cost,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Turns => "turns",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        })
    }
}

/// Whether an agent gets feedback on its work and a further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FurtherAttempts {
    /// The agent understands feedback.
    Usual,
    /// The agent may ignore feedback, so it gets a further attempt only where the user asks for one.
    IfAsked,
    /// The agent does the same every time.
    Pointless,
}

/// What an agent finds when it starts again after an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    /// The agent looks at the part that it has done, and goes on.
    AsLeft,
    /// The agent would do that part twice, so the checkout is put back to the beginning of the attempt.
    FromBeginning,
}

/// What an agent's answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// The agent may say something about its work; its end says that the work is done.
    InPassing,
    /// The agent was told how to say that its work is done.
    AsTold,
}

/// The result of an agent that finished its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) took: Duration,
    /// The agent's own summary of its work, or its answer.
    pub(crate) summary: Option<String>,
    /// The usage of this turn.
    pub(crate) usage: Usage,
    /// The session that a further turn can continue.
    pub(crate) session: Option<SessionId>,
    /// What its program reported beside the answer.
    pub(crate) activity: Activity,
}
