//! Programs that edit a unit's files in its worktree: any command, or the built-in codemod.
//!
//! [`Agent`] is the seam. An agent gets a [`Task`] as data and changes files; whether what it changed was its to change
//! is proven elsewhere. This room knows nothing of git, journals and forges.

mod codemod;
mod command;
mod prompt;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use codemod::CodemodAgent;
pub use command::CommandAgent;

use crate::plan::Claim;
use crate::process::{Ending, Environment, ProcessError};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that edits files.
pub trait Agent: Send + Sync {
    /// The agent in one line, for people.
    fn describe(&self) -> String;

    /// Works on the task until it is done, its time is over, or `cancel` fires.
    fn work<'a>(
        &'a self,
        task: &'a Task,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Work, AgentError>>;
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
    /// What it may change and where it may create files.
    pub claim: Claim,
    /// The root of the unit's worktree: where it works.
    pub worktree: PathBuf,
    /// A folder outside the worktree for prompt, file list, summary and log.
    pub folder: PathBuf,
    /// What its processes may see.
    pub environment: Environment,
    /// How long it may take.
    pub limit: Duration,
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
    /// What it said of its work.
    pub summary: Option<String>,
}

/// Why an agent did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("the agent failed: {ending}")]
    Ended { ending: Ending, tail: String },
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
