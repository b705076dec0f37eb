//! By what a process is known as one of a run's or a unit's: variables that it has, and all that it starts.
//!
//! The repository is one of them. Ids of runs are short for people to type, so two repositories may have the same on
//! one day, and what one of them ends must never be the other's.

use std::ffi::OsString;

use crate::git::Repo;
use crate::plan::UnitId;
use crate::process::{self, Environment};
use crate::run::log::event::RunId;

/// What all processes of a run have in common, or those of one of its units.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTags(Vec<(&'static str, OsString)>);

impl ProcessTags {
    pub(crate) fn of_run(repo: &Repo, run: &RunId) -> Self {
        Self(vec![
            ("BATCH_REPOSITORY", repo.common_dir().into()),
            ("BATCH_RUN", run.as_str().into()),
        ])
    }

    pub(crate) fn of_unit(repo: &Repo, run: &RunId, unit: &UnitId) -> Self {
        let Self(mut marks) = Self::of_run(repo, run);
        marks.push(("BATCH_UNIT", unit.as_str().into()));
        Self(marks)
    }

    /// Marks what is started with this environment.
    pub(crate) fn put(&self, environment: &mut Environment) {
        for (name, value) in &self.0 {
            environment.set(name, value);
        }
    }

    /// Ends every process that bears the marks, and says how many there were.
    pub(crate) fn end_strays(&self) -> usize {
        process::end_strays(&self.0)
    }
}
