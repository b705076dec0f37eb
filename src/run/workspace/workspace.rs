//! The place where a run works: its repository, and everything that is named after its id.

use std::sync::{Arc, Mutex};

use crate::config::Config;
use crate::git::{BranchName, Repo};
use crate::plan::UnitId;
use crate::run::log::run_id::RunId;
use crate::run::workspace::naming::{Naming, NamingError};
use crate::run::workspace::places::Places;
use crate::run::workspace::process_tags::ProcessTags;

/// The repository of a run, and the names of its files, folders and branches.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) repo: Repo,
    pub(crate) run: RunId,
    pub(crate) places: Places,
    pub(crate) naming: Naming,
    /// Held while git's list of worktrees changes: two registrations at once race in git's own files.
    pub(crate) registration: Arc<Mutex<()>>,
}

impl Workspace {
    /// Names the places of a run, by the settings. Nothing is made yet.
    pub(crate) fn new(repo: Repo, run: RunId, config: &Config) -> Result<Self, NamingError> {
        let naming = Naming::of(config, &repo)?;
        Ok(Self::with_naming(repo, run, naming))
    }

    /// Names the places of a run, by these templates.
    pub(crate) fn with_naming(repo: Repo, run: RunId, naming: Naming) -> Self {
        Self {
            places: Places::new(repo.state_dir()),
            naming,
            registration: Arc::default(),
            repo,
            run,
        }
    }

    /// Returns the branch of a unit.
    pub(crate) fn branch(&self, unit: &UnitId) -> BranchName {
        self.naming.branch(&self.run, unit)
    }

    /// Returns the tags of all processes of the run.
    pub(crate) fn process_tags(&self) -> ProcessTags {
        ProcessTags::of_run(&self.repo, &self.run)
    }
}
