//! Why a run cannot begin, or does not come to its end, in sentences for people.

use std::path::{Path, PathBuf};

use super::event::RunId;
use super::pace::room::NoRoom;
use super::places::NamingError;
use super::record::RecordError;
use super::retry::RetryError;
use crate::codemod::CodemodError;
use crate::config::{AgentOptionsError, RepoName};
use crate::forge::{ForgeError, TextError};
use crate::git::GitError;
use crate::journal::{Holder, JournalError};
use crate::plan::PlanError;
use crate::plan::claim::OwnershipError;
use crate::process::ProcessError;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error(transparent)]
    Prompt(#[from] crate::agent::PromptError),
    #[error(transparent)]
    Agent(#[from] AgentOptionsError),
    #[error("the agent cannot be used: {0}")]
    Program(#[from] ProcessError),
    #[error(transparent)]
    Codemod(#[from] CodemodError),
    #[error(transparent)]
    Naming(#[from] NamingError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    #[error(transparent)]
    Room(#[from] NoRoom),
    #[error("the plan has no units, so there is nothing to run")]
    Empty,
    #[error("--min-success asks for {wanted} units, and the plan has {units}")]
    TooMany { wanted: usize, units: usize },
    #[error("the number of jobs must be at least 1")]
    NoJobs,
    #[error("--best-of is for agents: the codemod does the same every time")]
    AllAlike,
}

/// Why pull requests cannot go where they are wanted.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(
        "pull requests on GitHub were asked for, but the repository has no remote: add one with git remote add origin URL, or use --forge local"
    )]
    NoRemote,
    #[error(
        "pull requests on GitHub were asked for, but remote {remote} is not on GitHub: name another with --remote, set [github] api-url for an Enterprise server, or use --forge local"
    )]
    NotGitHub { remote: String },
    #[error(
        "--repo {repo} names a repository on GitHub, but pull requests are to stay in this repository: leave one of them out"
    )]
    NoRepoHere { repo: RepoName },
    #[error(
        "--fork is for pull requests on GitHub, but they are to stay in this repository: leave one of them out"
    )]
    NoForkHere,
    #[error(
        "how to reach {repo} cannot be told from the remote's address: give the remote one of the form git@HOST:OWNER/NAME.git, or https://HOST/OWNER/NAME.git"
    )]
    NoWay { repo: String },
    #[error(
        "the fork {fork} was made, but nothing can be pushed there yet ({reason}): try again when it can be reached"
    )]
    NoFork { fork: String, reason: String },
    #[error("the runtime cannot be started: {0}")]
    Runtime(std::io::Error),
    #[error("there is no token for {host}: set GITHUB_TOKEN or GH_TOKEN, or run `gh auth login`")]
    NoToken { host: String },
    #[error(
        "a pull request on GitHub needs its branch pushed: leave --no-push out, or use --forge local"
    )]
    UnpushedOnGitHub,
    #[error(
        "--push was given, but the repository has no remote to push to: add one with git remote add origin URL"
    )]
    NothingToPushTo,
    #[error(
        "pull requests must go to a branch, and {base} is none: name one with --base, for example --base {remote}/main"
    )]
    BaseIsNoBranch { base: String, remote: String },
    #[error(
        "remote {remote} has no branch {branch}, so no pull request can go there: push it, or name another with --base"
    )]
    BaseNotOnRemote { remote: String, branch: String },
}

/// Why a run ended without its last event, or did not begin.
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
        "run {id} came to its end; there is nothing left to resume: `batch report {id}` tells what came out"
    )]
    NothingLeft { id: RunId },
    #[error(
        "run {id} has nothing to publish to {forge}: all that its units have committed is open there, or none has a commit"
    )]
    NothingToPublish { id: RunId, forge: String },
    #[error(
        "run {id} began with pull requests on {forge}, {}, and cannot go on elsewhere; now there would be {now}. Bring back what was there, and try again",
        pushed_words(remote.as_deref())
    )]
    Elsewhere {
        id: RunId,
        forge: String,
        remote: Option<String>,
        /// Where they would go now, and why there.
        now: String,
    },
    #[error(transparent)]
    Retry(#[from] RetryError),
    #[error(transparent)]
    Orders(#[from] PrepareError),
    #[error("the run is driven by another process already{}", holder_words(*holder))]
    Taken { holder: Holder },
    #[error("the run had to stop because what happens can no longer be written down: {0}")]
    Record(#[from] RecordError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl RunError {
    /// Whether nothing was done because nothing should be.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Taken { .. }
                | Self::NothingLeft { .. }
                | Self::NothingToPublish { .. }
                | Self::Elsewhere { .. }
                | Self::Retry(_)
                | Self::Orders(_)
        )
    }

    pub(super) fn folder(path: &Path, source: std::io::Error) -> Self {
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
