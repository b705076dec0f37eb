//! Finds out whether a worktree is still where it was made, or whether somebody locked, moved or removed it since.

use std::fs;
use std::path::{Path, PathBuf};

use super::repo::Repo;
use super::worktree::is_locked_by_batch;

/// The state of a worktree that was registered under a name, at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorktreeState {
    /// Neither the folder nor git's entry for it exists.
    Gone,
    /// The folder exists. Git may have no entry for it.
    Present,
    /// Git has an entry without a path: the worktree was never finished.
    Unfinished,
    /// Git has an entry for it, but the folder is gone.
    Missing,
    /// Somebody moved it.
    Moved { to: PathBuf },
    /// A person locked it (`git worktree lock`), perhaps with a reason.
    Locked { reason: Option<String> },
}

impl Repo {
    /// Returns the state of the worktree that was registered as `name` at `path`.
    #[must_use]
    pub(crate) fn worktree_state(&self, name: &str, path: &Path) -> WorktreeState {
        let admin = self.admin_dir(name);
        let is_there = path.symlink_metadata().is_ok();
        if !admin.exists() {
            return if is_there {
                WorktreeState::Present
            } else {
                WorktreeState::Gone
            };
        }
        if let Ok(reason) = fs::read_to_string(admin.join("locked"))
            && !is_locked_by_batch(&admin)
        {
            let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
            return WorktreeState::Locked { reason };
        }
        // The file holds the path of the worktree's `.git`; a relative path starts at the entry.
        let link = fs::read_to_string(admin.join("gitdir")).unwrap_or_default();
        let link = admin.join(link.trim_end());
        match link.parent().filter(|place| !place.starts_with(&admin)) {
            Some(place) if !is_same(place, path) && place.exists() => WorktreeState::Moved {
                to: place.to_path_buf(),
            },
            _ if is_there => WorktreeState::Present,
            Some(_) => WorktreeState::Missing,
            None => WorktreeState::Unfinished,
        }
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
