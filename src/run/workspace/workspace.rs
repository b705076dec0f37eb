//! The place where a run works: its repository, and everything that is named after its id.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use crate::config::Config;
use crate::git::{
    BranchName, GitError, PrivateTemplate, Repo, delete_tree, remove_empty_folders_above,
};
use crate::plan::UnitId;
use crate::run::log::run_id::RunId;
use crate::run::workspace::isolation::Isolation;
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
    /// What workers may reach.
    pub(crate) isolation: Isolation,
    /// The name of the base, which the private repositories know too.
    base_name: Option<String>,
    /// What the private repositories have in common, once one of them was made.
    private: Arc<OnceLock<PrivateTemplate>>,
    /// Held while git's list of worktrees changes: two registrations at once race in git's own files.
    pub(crate) registration: Arc<Mutex<()>>,
}

impl Workspace {
    /// Names the places of a run, by the settings. Nothing is made yet.
    pub(crate) fn new(repo: Repo, run: RunId, config: &Config) -> Result<Self, NamingError> {
        let naming = Naming::of(config, &repo)?;
        Ok(Self::with_naming(repo, run, naming, Isolation::of(config)))
    }

    /// Names the places of a run, by these templates.
    pub(crate) fn with_naming(
        repo: Repo,
        run: RunId,
        naming: Naming,
        isolation: Isolation,
    ) -> Self {
        Self {
            places: Places::new(repo.state_dir()),
            naming,
            isolation,
            base_name: None,
            private: Arc::default(),
            registration: Arc::default(),
            repo,
            run,
        }
    }

    /// Sets the name of the base: a branch, with or without its remote, or anything else.
    pub(crate) fn with_base_name(mut self, name: &str) -> Self {
        self.base_name = Some(name.to_owned());
        self
    }

    /// Returns what the private repositories of the run have in common, as it is when the first of them is made.
    pub(crate) fn private_template(&self) -> Result<&PrivateTemplate, GitError> {
        if let Some(known) = self.private.get() {
            return Ok(known);
        }
        let template = self.repo.private_template(self.base_name.as_deref())?;
        Ok(self.private.get_or_init(|| template))
    }

    /// Returns the branch of a unit.
    pub(crate) fn branch(&self, unit: &UnitId) -> BranchName {
        self.naming.branch(&self.run, unit)
    }

    /// Returns the folder of caches that the units of the run share while they run in a sandbox. No unit's folder has
    /// such a name.
    pub(crate) fn shared_caches(&self) -> PathBuf {
        let all = self.naming.folder_of_all();
        all.join(format!(".{}.caches", self.run))
    }

    /// Deletes that folder.
    pub(crate) fn delete_shared_caches(&self) {
        let folder = self.shared_caches();
        if let Err(error) = delete_tree(&folder) {
            tracing::warn!("{} was left behind: {error}", folder.display());
        }
        remove_empty_folders_above(&folder);
    }

    /// Returns the tags of all processes of the run.
    pub(crate) fn process_tags(&self) -> ProcessTags {
        ProcessTags::of_run(&self.repo, &self.run)
    }
}
