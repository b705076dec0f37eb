//! The variables that mark a process, and every process that it starts, as belonging to a run or a unit.
//!
//! The repository is one of the tags. Run ids are short enough to type, so two repositories may have the same id on one
//! day, and a run must never end another repository's processes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::git::Repo;
use crate::plan::UnitId;
use crate::process::{self, Environment, StartVariables};
use crate::run::log::run_id::RunId;

const REPOSITORY: &str = "BATCH_REPOSITORY";
const RUN: &str = "BATCH_RUN";
const UNIT: &str = "BATCH_UNIT";

/// The tags of all processes of a run, or of one of its units.
#[derive(Debug, Clone)]
pub struct ProcessTags {
    repository: PathBuf,
    run: OsString,
    unit: Option<OsString>,
}

/// A process that works for a unit of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitProcess {
    pub pid: u32,
    pub unit: String,
}

impl ProcessTags {
    /// Returns the tags of all processes of a run.
    #[must_use]
    pub fn of_run(repo: &Repo, run: &RunId) -> Self {
        Self {
            repository: repo.common_dir().to_path_buf(),
            run: run.as_str().into(),
            unit: None,
        }
    }

    pub(crate) fn of_unit(repo: &Repo, run: &RunId, unit: &UnitId) -> Self {
        Self {
            unit: Some(unit.as_str().into()),
            ..Self::of_run(repo, run)
        }
    }

    /// Tags every process that is started with this environment.
    pub(crate) fn put(&self, environment: &mut Environment) {
        environment.set(REPOSITORY, &self.repository);
        environment.set(RUN, &self.run);
        if let Some(unit) = &self.unit {
            environment.set(UNIT, unit);
        }
    }

    /// Lists the processes that have the tags.
    #[must_use]
    pub fn processes(&self) -> Vec<UnitProcess> {
        let found = process::find_processes(|variables| self.are_on(variables));
        let named = found.into_iter().map(|(pid, variables)| UnitProcess {
            pid,
            unit: variables
                .get(UNIT)
                .map(|unit| unit.to_string_lossy().into_owned())
                .unwrap_or_default(),
        });
        named.collect()
    }

    /// Ends every process that has the tags, and returns how many there were.
    pub fn end_processes(&self) -> usize {
        process::end_processes(|variables| self.are_on(variables))
    }

    fn are_on(&self, variables: &StartVariables) -> bool {
        variables.get(RUN) == Some(&self.run)
            && self
                .unit
                .as_ref()
                .is_none_or(|unit| variables.get(UNIT) == Some(unit))
            && variables
                .get(REPOSITORY)
                .is_some_and(|place| self.is_here(Path::new(place)))
    }

    /// Checks whether the git folder at `place` is the repository. A folder that is gone may have been the place of the
    /// repository before somebody moved it.
    fn is_here(&self, place: &Path) -> bool {
        place == self.repository || place.symlink_metadata().is_err()
    }
}
