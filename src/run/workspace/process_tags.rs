//! The variables that mark a process, and every process that it starts, as belonging to a run or a unit.
//!
//! The repository is one of the tags. Run ids are short enough to type, so two repositories may have the same id on one
//! day, and a run must never end another repository's processes.

use std::ffi::OsString;

use crate::git::Repo;
use crate::plan::UnitId;
use crate::process::{self, Environment};
use crate::run::log::run_id::RunId;

/// The tags of all processes of a run, or of one of its units.
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
        let Self(mut tags) = Self::of_run(repo, run);
        tags.push(("BATCH_UNIT", unit.as_str().into()));
        Self(tags)
    }

    /// Tags every process that is started with this environment.
    pub(crate) fn put(&self, environment: &mut Environment) {
        for (name, value) in &self.0 {
            environment.set(name, value);
        }
    }

    /// Ends every process that has the tags, and returns how many there were.
    pub(crate) fn end_processes(&self) -> usize {
        process::end_leftover_processes(&self.0)
    }
}
