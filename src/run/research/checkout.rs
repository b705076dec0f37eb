//! The checkout in which an agent reads the base before there is a run. All changes in it are thrown away. A checkout
//! that a killed process left is found by the folder of its planning session.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::git::{CommitId, GitError, Repo, delete_tree};
use crate::journal::{Holder, RunLock};
use crate::run::log::run_id::RunId;
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::disk_space::{DiskSpace, NoDiskSpace};
use crate::run::workspace::isolation::Isolation;
use crate::run::workspace::naming::Naming;
use crate::run::workspace::places::Places;
use crate::run::workspace::workspace::Workspace;

/// The checkout of a planning session.
#[derive(Debug)]
pub struct PlanningCheckout {
    id: RunId,
    repo: Repo,
    checkout: Checkout,
    /// The folder that is kept: prompt, transcript, result.
    folder: PathBuf,
}

/// Why a planning checkout cannot be made or removed.
#[derive(Debug, thiserror::Error)]
pub enum PlanningCheckoutError {
    #[error("{} cannot be {what}: {source}", path.display())]
    Folder {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("another process reads there already")]
    Taken,
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    DiskSpace(#[from] NoDiskSpace),
}

impl PlanningCheckout {
    /// Names the checkout of the planning session `id`. Nothing is made yet.
    pub(crate) fn of(id: RunId, repo: &Repo, naming: &Naming, isolation: Isolation) -> Self {
        let folder = Places::new(repo.state_dir()).planning_session(&id);
        let workspace = Workspace::with_naming(repo.clone(), id.clone(), naming.clone(), isolation);
        Self {
            checkout: Checkout::for_planning(&workspace, &folder),
            repo: repo.clone(),
            folder,
            id,
        }
    }

    /// Finds the checkouts that killed processes left.
    #[must_use]
    pub fn abandoned(repo: &Repo, naming: &Naming) -> Vec<Self> {
        let entries = fs::read_dir(Places::new(repo.state_dir()).planning_sessions());
        entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|id| Self::of(RunId::from_journal(&id), repo, naming, Isolation::default()))
            .filter(|planning| planning.checkout.is_left())
            .filter(|planning| matches!(RunLock::holder(&planning.lock()), Ok(Holder::Nobody)))
            .collect()
    }

    /// Returns when the folder last changed, in milliseconds since 1970-01-01 UTC; far in the future where that is
    /// unknown.
    #[must_use]
    pub fn left_at(&self) -> i64 {
        let written = |entry: fs::DirEntry| entry.metadata().ok()?.modified().ok();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let last = entries.filter_map(written).max();
        let since = last.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        since.map_or(i64::MAX, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    pub(crate) fn id(&self) -> &RunId {
        &self.id
    }

    pub(crate) fn checkout(&self) -> &Checkout {
        &self.checkout
    }

    /// Returns the root of the checkout.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.checkout.path()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Makes the checkout of this commit. The caller holds the lock for as long as the checkout is in use.
    pub(crate) fn make(&self, start: &CommitId) -> Result<RunLock, PlanningCheckoutError> {
        let fault = |what, path: &Path| {
            let path = path.to_path_buf();
            move |source| PlanningCheckoutError::Folder { what, path, source }
        };
        fs::create_dir_all(&self.folder).map_err(fault("made", &self.folder))?;
        let lock = self.lock();
        let lock = RunLock::acquire(&lock)
            .map_err(fault("written", &lock))?
            .map_err(|_| PlanningCheckoutError::Taken)?;
        DiskSpace::measure(&self.repo, start, &[], self.path())?.check_one()?;
        self.checkout.make(start)?;
        self.checkout.make_temp_dir()?;
        Ok(lock)
    }

    /// Removes the checkout, the agent's own files, and all processes that still run there.
    pub fn take_away(&self) -> Result<(), PlanningCheckoutError> {
        self.checkout.end_processes();
        self.checkout.remove()?;
        self.checkout.remove_temp_dir()?;
        for path in [self.folder.join("agent"), self.folder.join("index")] {
            delete_tree(&path).map_err(|source| PlanningCheckoutError::Folder {
                what: "removed",
                path,
                source,
            })?;
        }
        self.checkout.delete_shared_caches();
        self.checkout.remove_empty_folders_above();
        Ok(())
    }
}
