//! Programs that edit a unit's files in its worktree: coding agents, any command, or the built-in codemod.
//!
//! [`Agent`] is the seam. An agent gets a [`Task`] as data and changes files; whether what it changed was its to change
//! is proven elsewhere. This room knows nothing of git, journals and forges.

mod codemod;
mod coding;
mod command;
mod cost;
mod error;
mod event;
mod id;
mod prices;
mod prompt;
mod usage;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use codemod::CodemodAgent;
pub use coding::{Choice, ChooseError, CodingAgent, Found, choose, find, tried};
pub use command::CommandAgent;
pub use cost::{Cost, CostSource, Usd};
pub use error::{AgentError, LimitReached, Refusal};
pub use event::{AgentEvent, Interruption, SessionId};
pub use id::AgentId;
pub use prompt::{CommonFacts, PlanFacts, PromptError, Prompts, nothing_to_do};
pub use usage::{Usage, UsageSum};

use crate::plan::Claim;
use crate::process::Environment;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that edits files.
pub trait Agent: Send + Sync {
    /// Returns the key for everything that is counted and decided per agent.
    fn id(&self) -> &AgentId;

    /// Describes the agent in one line, for people.
    fn describe(&self) -> String {
        self.id().to_string()
    }

    /// What another attempt by it is worth.
    fn another_attempt(&self) -> AnotherAttempt {
        AnotherAttempt::Usual
    }

    /// Works on the task until it is done, a limit is reached, or `cancel` fires. What there is to tell meanwhile goes to
    /// `events`, which somebody must read, or drop, for the work to go on.
    fn work<'a>(
        &'a self,
        task: &'a Task,
        events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Work, AgentError>>;
}

/// Whether an agent is asked to mend what was found wanting in its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnotherAttempt {
    /// It understands what it is told.
    Usual,
    /// It may not heed what it is told: only where somebody says that it does.
    IfAsked,
    /// It does the same every time.
    Pointless,
}

/// What an agent is to do, and where.
#[derive(Debug, Clone)]
pub struct Task {
    pub run: String,
    pub unit: String,
    /// The unit's title.
    pub title: String,
    /// What the user wants changed, in their own words.
    pub instruction: String,
    /// The whole task in words: the instruction, what is the unit's own, and the rules.
    pub prompt: String,
    /// What it may change and where it may create files.
    pub claim: Claim,
    /// The root of the unit's worktree: where it works.
    pub worktree: PathBuf,
    /// A folder outside the worktree for prompt, file list, summary and log.
    pub folder: PathBuf,
    /// What its processes may see.
    pub environment: Environment,
    pub limits: Limits,
    pub errand: Errand,
    /// What is to be mended in work that was done for this task already; the first turn when absent.
    pub follow_up: Option<Feedback>,
}

/// What an agent is sent for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Errand {
    /// To change files.
    #[default]
    Change,
    /// To read, and to answer: it is to change nothing, and what it changes is thrown away.
    Answer,
}

/// How far an agent may go on one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How long it may be silent; as long as is usual for it when absent.
    pub idle: Option<Duration>,
}

/// A further turn of an agent that has worked on the task before, in the worktree as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The session to take up again; without one, the agent is told the whole task anew.
    pub session: Option<SessionId>,
    /// What it is told.
    pub text: String,
}

impl Task {
    /// Where the agent's output is kept.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("agent.log")
    }
}

/// What is known of an agent that did its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub took: Duration,
    /// What it said of its work, or answered.
    pub summary: Option<String>,
    /// What this turn used up.
    pub usage: Usage,
    /// Where a further turn can go on.
    pub session: Option<SessionId>,
}

/// Writes a file beside the worktree that the agent is told of.
fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, AgentError> {
    let path = folder.join(name);
    match std::fs::write(&path, bytes) {
        Ok(()) => Ok(path),
        Err(source) => Err(AgentError::File {
            what: "written",
            path,
            source,
        }),
    }
}

fn make_folder(path: &Path) -> Result<(), AgentError> {
    std::fs::create_dir_all(path).map_err(|source| AgentError::File {
        what: "made",
        path: path.to_owned(),
        source,
    })
}
