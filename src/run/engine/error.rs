//! The reasons why a run does not start or does not come to its end, as sentences for people.

use std::path::{Path, PathBuf};

use crate::git::GitError;
use crate::journal::{Holder, JournalError};
use crate::run::job::error::PrepareError;
use crate::run::log::record::RecordError;
use crate::run::log::run_id::RunId;
use crate::run::schedule::retry::RetryError;

/// Why a run ended without its last event, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{} cannot be written: {source}", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the settings cannot be kept: {0}")]
    Settings(toml::ser::Error),
    #[error(
        "run {id} has ended, so there is nothing to resume: `batch report {id}` shows its results"
    )]
    NothingLeft { id: RunId },
    #[error(
        "run {id} has nothing to publish to {forge}: all that its units have committed is open there, or none has a \
         commit"
    )]
    NothingToPublish { id: RunId, forge: String },
    #[error(
        "run {id} began with pull requests on {forge}, {}, and cannot go on elsewhere; now there would be {now}. \
         Bring back what was there, and try again",
        pushed_words(remote.as_deref())
    )]
    Elsewhere {
        id: RunId,
        forge: String,
        remote: Option<String>,
        /// Where pull requests would go now, and why.
        now: String,
    },
    #[error(transparent)]
    Retry(#[from] RetryError),
    #[error(transparent)]
    Assignment(#[from] PrepareError),
    #[error("the state of the git folder cannot be kept: {0}")]
    GitFolder(GitError),
    #[error("a worktree of the run cannot be brought to the repository's new place: {0}")]
    Moved(GitError),
    #[error("the work cannot be cut: {0}")]
    Work(GitError),
    #[error("the run is driven by another process already{}", holder_words(*holder))]
    Taken { holder: Holder },
    #[error("the run had to stop because what happens can no longer be written down: {0}")]
    Record(#[from] RecordError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl RunError {
    /// Checks whether batch refused, and did nothing.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Taken { .. }
                | Self::NothingLeft { .. }
                | Self::NothingToPublish { .. }
                | Self::Elsewhere { .. }
                | Self::Retry(_)
                | Self::Assignment(_)
        )
    }

    pub(crate) fn folder(path: &Path, source: std::io::Error) -> Self {
        Self::Folder {
            path: path.to_path_buf(),
            source,
        }
    }
}

fn pushed_words(remote: Option<&str>) -> String {
    remote.map_or_else(
        || "branches not pushed".to_owned(),
        |remote| format!("branches pushed to {remote}"),
    )
}

fn holder_words(holder: Holder) -> String {
    match holder {
        Holder::Process(Some(pid)) => format!(" (process {pid})"),
        Holder::Process(None) | Holder::Nobody => String::new(),
    }
}
