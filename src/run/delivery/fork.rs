//! The fork that branches are pushed to where the user may not push to the repository itself: whether it is needed, and
//! how it comes about.
//!
//! Whether one is needed is asked before a plan is shown. It is made, or found, only once that is approved.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::forge::{
    Forge, ForgeError, GitHubForge, GitHubRepo, GitHubSession, GitHubSetup, Pace, Token,
    WaitReporter,
};
use crate::git::Repo;
use crate::run::delivery::error::DeliveryError;
use crate::run::delivery::remotes::Unlisted;

/// A server makes a fork's git within minutes
/// (<https://docs.github.com/en/rest/repos/forks#create-a-fork>).
const PATIENCE: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_secs(10);

/// Questions before a run wait no longer than that for a server.
const ANSWER: Duration = Duration::from_mins(1);

/// A repository on GitHub that there may be a fork of.
#[derive(Debug, Clone)]
pub struct Forkable {
    pub(crate) repo: GitHubRepo,
    pub(crate) token: Token,
    pub(crate) pace: Pace,
    /// How the repository is reached by git; the fork is reached in the same way.
    pub(crate) address: String,
}

impl Forkable {
    /// The forge for pull requests into the repository, from another one where that is given.
    pub(crate) fn forge_from(
        &self,
        source: Option<GitHubRepo>,
        repo: &Repo,
    ) -> Result<Arc<dyn Forge>, ForgeError> {
        let forge = GitHubForge::new(GitHubSetup {
            repo: self.repo.clone(),
            source,
            token: self.token.clone(),
            pace: self.pace,
            history: Some(repo.state_dir().join("pace")),
        })?;
        Ok(Arc::new(forge))
    }

    /// Whether the user may push to this repository.
    pub(crate) fn may_push_to(&self, repo: GitHubRepo) -> Result<bool, DeliveryError> {
        let session = self.for_questions(repo)?;
        ask(session.may_push())
    }

    /// Finds the fork, or has it made, and waits until its git is there.
    pub(crate) fn fork(&self, repo: &Repo) -> Result<(GitHubRepo, Unlisted), DeliveryError> {
        let session = self.for_questions(self.repo.clone())?;
        let fork = ask(session.fork())?;
        let remote = Unlisted::of(&fork, &self.address)?;
        let known = remote.reach(repo.clone());
        let begun = Instant::now();
        let mut wait = self.pace.spacing;
        loop {
            let reason = match known.remote_has_branches(&remote.name) {
                Ok(true) => return Ok((fork, remote)),
                Ok(false) => "it has no branches".to_owned(),
                Err(error) => error.to_string(),
            };
            if begun.elapsed() > PATIENCE {
                let fork = remote.name;
                return Err(DeliveryError::NoFork { fork, reason });
            }
            thread::sleep(wait);
            wait = (wait * 2).min(LONGEST);
        }
    }

    fn for_questions(&self, repo: GitHubRepo) -> Result<GitHubSession, ForgeError> {
        let forge = GitHubForge::new(GitHubSetup {
            repo,
            source: None,
            token: self.token.clone(),
            pace: Pace {
                patience: ANSWER,
                ..self.pace
            },
            history: None,
        })?;
        Ok(forge.github_session(WaitReporter::silent()))
    }
}

/// Nothing runs yet that a question could be asked in.
fn ask<T>(question: impl Future<Output = Result<T, ForgeError>>) -> Result<T, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DeliveryError::Runtime)?;
    Ok(runtime.block_on(question)?)
}
