//! Facts after the end of a run: what happens to its commits once they are published.

use std::path::PathBuf;

use crate::journal::{Journal, JournalError, RunLock};
use crate::plan::UnitId;
use crate::process::Environment;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::record::{self, RecordError, now};
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_id::RunId;
use crate::run::log::unit_fact::UnitFact;
use crate::run::workspace::places::Places;
use crate::words::Redactor;

/// Why no fact about a run can be recorded.
#[derive(Debug, thiserror::Error)]
pub enum AfterwardsError {
    #[error("run {run} is going: wait until it has ended, or end it with batch cancel")]
    Going { run: RunId },
    #[error("the lock {} cannot be taken: {source}", path.display())]
    Lock {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The right to record facts about a run that no process drives. While it is held, no process can drive the run.
pub struct Afterwards {
    journal: Journal,
    run: RunId,
    redactor: Redactor,
    _lock: RunLock,
}

impl Afterwards {
    /// Takes the run's lock.
    pub fn of(places: &Places, run: &RunId) -> Result<Self, AfterwardsError> {
        let path = places.lock(run);
        let lock = RunLock::acquire(&path)
            .map_err(|source| AfterwardsError::Lock { path, source })?
            .map_err(|_| AfterwardsError::Going { run: run.clone() })?;
        Ok(Self {
            journal: Journal::open(&places.journal())?,
            run: run.clone(),
            redactor: Environment::for_worker(std::env::vars_os(), &[])
                .redactor()
                .clone(),
            _lock: lock,
        })
    }

    /// Records a fact about a unit.
    pub fn say(&mut self, unit: &UnitId, fact: UnitFact) -> Result<Recorded, AfterwardsError> {
        self.record(Event::Unit(unit.clone(), fact))
    }

    /// Records a fact about the run.
    pub fn say_of_run(&mut self, fact: RunFact) -> Result<Recorded, AfterwardsError> {
        self.record(Event::Run(fact))
    }

    fn record(&mut self, event: Event) -> Result<Recorded, AfterwardsError> {
        Ok(record::append(
            &mut self.journal,
            &self.redactor,
            &self.run,
            now(),
            event,
        )?)
    }
}
