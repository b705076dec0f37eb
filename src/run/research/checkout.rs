//! Where somebody reads the base before there is a run: a worktree like that of a unit, thrown away with all that was
//! changed in it. What a process leaves that is killed meanwhile is found by the folder in which it kept its prompt.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::git::{GitError, NewWorktree, Repo, Standing, delete_tree, remove_empty_folders_above};
use crate::journal::{Holder, RunLock};
use crate::plan::UnitId;
use crate::run::log::event::RunId;
use crate::run::workspace::disk_space::{DiskSpace, NoDiskSpace};
use crate::run::workspace::environment::scratch;
use crate::run::workspace::places::{Naming, Places, worktree_name};
use crate::run::workspace::process_tags::ProcessTags;

/// A place to read in.
#[derive(Debug)]
pub struct PlanningCheckout {
    id: RunId,
    /// The worktree.
    path: PathBuf,
    /// What is kept: prompt, transcript, what came out.
    folder: PathBuf,
}

/// Why there is no place to read in, or it does not go away.
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
    /// The place that belongs to the id. Nothing is made yet.
    pub(crate) fn of(id: RunId, repo: &Repo, naming: &Naming) -> Self {
        Self {
            path: naming.folder(&id, &UnitId::research()),
            folder: Places::new(repo.state_dir()).research(&id),
            id,
        }
    }

    /// Those that killed processes have left.
    #[must_use]
    pub fn abandoned(repo: &Repo, naming: &Naming) -> Vec<Self> {
        let entries = fs::read_dir(Places::new(repo.state_dir()).researches());
        entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|id| Self::of(RunId::from_journal(&id), repo, naming))
            .filter(|study| study.stands(repo))
            .filter(|study| matches!(RunLock::holder(&study.lock()), Ok(Holder::Nobody)))
            .collect()
    }

    /// When something was last written into its folder, in milliseconds since 1970-01-01 UTC; never ago where that cannot
    /// be told.
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

    fn stands(&self, repo: &Repo) -> bool {
        repo.standing(&self.name(), &self.path) != Standing::Gone || scratch(&self.path).exists()
    }

    pub(crate) fn id(&self) -> &RunId {
        &self.id
    }

    /// The worktree.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn name(&self) -> String {
        worktree_name(&self.id, &UnitId::research())
    }

    fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The copy of the fresh index.
    fn index(&self) -> PathBuf {
        self.folder.join("index")
    }

    /// Makes the worktree of this commit. The lock is to be held for as long as it is in use.
    pub(crate) fn make(&self, repo: &Repo, start: &str) -> Result<RunLock, PlanningCheckoutError> {
        let fault = |what, path: &Path| {
            let path = path.to_path_buf();
            move |source| PlanningCheckoutError::Folder { what, path, source }
        };
        let folder = |path: &Path| fs::create_dir_all(path).map_err(fault("made", path));
        folder(&self.folder)?;
        let lock = self.lock();
        let lock = RunLock::acquire(&lock)
            .map_err(fault("written", &lock))?
            .map_err(|_| PlanningCheckoutError::Taken)?;
        DiskSpace::measure(repo, start, &[], &self.path)?.check_one()?;
        let new = NewWorktree {
            name: &self.name(),
            path: &self.path,
            branch: None,
            start,
            index: &self.index(),
        };
        repo.register_worktree(&new)?;
        if let Err(error) = repo.fill_worktree(&new) {
            repo.take_back(&new);
            return Err(error.into());
        }
        folder(&scratch(&self.path))?;
        Ok(lock)
    }

    /// Ends what was left running there.
    pub(crate) fn end_strays(&self, repo: &Repo) {
        ProcessTags::of_unit(repo, &self.id, &UnitId::research()).end_strays();
    }

    /// Leaves nothing of the worktree, of what the agent keeps for itself, and of processes.
    pub fn take_away(&self, repo: &Repo) -> Result<(), PlanningCheckoutError> {
        self.end_strays(repo);
        repo.remove_worktree(&self.name(), &self.path)?;
        for path in [scratch(&self.path), self.folder.join("agent"), self.index()] {
            delete_tree(&path).map_err(|source| PlanningCheckoutError::Folder {
                what: "removed",
                path,
                source,
            })?;
        }
        remove_empty_folders_above(&self.path);
        Ok(())
    }
}
