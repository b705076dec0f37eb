//! The fork that branches are pushed to where the user may not push to the repository itself.
//!
//! Whether a fork is needed is asked before a plan is shown. The fork is found or made only after the approval.

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

/// A server makes a fork's git repository within minutes
/// (<https://docs.github.com/en/rest/repos/forks#create-a-fork>).
const PATIENCE: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_secs(10);

/// A question before a run waits no longer than this for a server.
const ANSWER: Duration = Duration::from_mins(1);

/// A repository on GitHub that the user may have a fork of.
#[derive(Debug, Clone)]
pub struct Forkable {
    pub(crate) repo: GitHubRepo,
    pub(crate) token: Token,
    pub(crate) pace: Pace,
    /// The address by which git reaches the repository; git reaches the fork in the same way.
    pub(crate) address: String,
}

impl Forkable {
    /// Returns the forge for pull requests into the repository, from a fork where one is given.
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

    /// Checks whether the user may push to this repository.
    pub(crate) fn may_push_to(&self, repo: GitHubRepo) -> Result<bool, DeliveryError> {
        let session = self.for_questions(repo)?;
        ask(session.may_push())
    }

    /// Finds the fork or asks the server to make it, and waits until git can reach it.
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

/// Asks a question in a runtime of its own, because no other runtime runs yet.
fn ask<T>(question: impl Future<Output = Result<T, ForgeError>>) -> Result<T, DeliveryError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DeliveryError::Runtime)?;
    Ok(runtime.block_on(question)?)
}
