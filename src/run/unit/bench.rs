//! The context of work for several units: for a check of the untouched base, and for the union. It is the part of a
//! unit's context that belongs to no single unit.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::git::GitError;
use crate::run::job::base_checks::BaseChecks;
use crate::run::job::job::Job;
use crate::run::log::event::Event;
use crate::run::log::outcome::Step;
use crate::run::log::run_fact::RunFact;
use crate::run::unit::context::{Halt, PendingEvent, UnitContext, failure, report, with_git};
use crate::words;

/// The context of work for several units.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) job: Arc<Job>,
    pub(crate) base_checks: Arc<BaseChecks>,
    pub(crate) events: mpsc::Sender<PendingEvent>,
    pub(crate) cancel: CancellationToken,
}

impl Bench {
    /// Returns the part of a unit's context that belongs to no single unit.
    pub(crate) fn of(unit: &UnitContext) -> Self {
        Self {
            job: Arc::clone(&unit.job),
            base_checks: Arc::clone(&unit.base_checks),
            events: unit.events.clone(),
            cancel: unit.cancel.clone(),
        }
    }

    /// Runs work with git on a thread for work that blocks.
    pub(crate) async fn git<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Halt> {
        let done = self.git_result(work).await?;
        done.map_err(|error| failure(step, words::chain(&error)))
    }

    /// Runs work with git like [`git`](Self::git), and leaves its error to the caller.
    pub(crate) async fn git_result<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<Result<T, GitError>, Halt> {
        with_git(&self.job, work).await
    }

    /// Reports a fact about the run, and waits until it is on disk.
    pub(crate) async fn say(&self, fact: RunFact) -> Result<(), Halt> {
        tokio::select! {
            reported = report(&self.events, Event::Run(fact)) => reported,
            // An engine that has come to its end answers nobody.
            () = self.cancel.cancelled() => Err(Halt::Stopped),
        }
    }
}
