//! Follows a repository that somebody moved: git's entry for a worktree and the worktree's `.git` hold absolute paths,
//! and workers' private repositories borrow objects by one.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::GitError;
use super::private::replace_file_by;
use super::removal::remove_empty_folders_above;
use super::repo::Repo;
use super::worktree::lead;

/// A worktree of batch's, with the hidden folder beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorktreePlace<'a> {
    pub path: &'a Path,
    pub beside: &'a Path,
}

impl Repo {
    /// Puts the worktree that was registered as `name` at its place `now`, where batch made it at the place `before`
    /// (as people read that path) and the repository was moved since. A worktree that a person moved, or that belongs
    /// to the repository of which this one is a copy, stays where it is.
    pub(crate) fn follow_worktree(
        &self,
        name: &str,
        before: &Path,
        now: WorktreePlace<'_>,
    ) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        let Some(known) = entry_place(&admin) else {
            return Ok(());
        };
        if known == now.path {
            return Ok(());
        }
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        let is_made_by_batch = known.to_string_lossy() == before.to_string_lossy();
        if !is_there(now.path) && is_made_by_batch && self.may_own(&known) {
            if let Some(beside) = now.beside.file_name() {
                rename(&known.with_file_name(beside), now.beside)?;
            }
            rename(&known, now.path)?;
            remove_empty_folders_above(&known);
        }
        if is_there(now.path) && !is_there(&known) && self.may_own(now.path) {
            let scratch = now.path.parent();
            lead(now.path, &admin, scratch)?;
            let link = [now.path.join(".git").as_os_str().as_bytes(), b"\n"].concat();
            let entry = admin.join("gitdir");
            replace_file_by(&admin, &entry, &link)
                .map_err(|error| GitError::io("cannot write", &entry, error))?;
        }
        Ok(())
    }

    /// Checks whether the folder is the worktree that is registered as `name`, by the folder's own `.git`.
    pub(crate) fn is_worktree_of(&self, name: &str, folder: &Path) -> bool {
        let Some(git) = led_to(folder) else {
            return false;
        };
        let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
        let objects = self.common.join("objects");
        let is_private = || borrowed(&git).is_some_and(|from| same(&from, &objects));
        same(&git, &self.admin_dir(name)) || is_private()
    }

    /// Checks whether a folder may be a worktree of this repository: its `.git` leads into it, or nowhere any more.
    pub(crate) fn may_own(&self, worktree: &Path) -> bool {
        let Some(git) = led_to(worktree) else {
            return true;
        };
        let is_ours = |place: &Path| {
            place
                .canonicalize()
                .map_or(true, |place| place.starts_with(&self.common))
        };
        // A private repository belongs to the repository whose objects it borrows.
        borrowed(&git).map_or_else(|| is_ours(&git), |objects| is_ours(&objects))
    }
}

/// Returns where the file `.git` of a worktree leads.
fn led_to(worktree: &Path) -> Option<PathBuf> {
    let link = fs::read(worktree.join(".git")).ok()?;
    link.trim_ascii_end().strip_prefix(b"gitdir: ").map(path)
}

/// Returns the folder of objects that a git folder borrows.
fn borrowed(git: &Path) -> Option<PathBuf> {
    let alternates = fs::read(git.join("objects/info/alternates")).ok()?;
    let first = alternates.split(|byte| *byte == b'\n').next()?;
    (!first.is_empty()).then(|| path(first))
}

/// Returns where a worktree lies, as git's entry for it says.
fn entry_place(admin: &Path) -> Option<PathBuf> {
    let link = fs::read(admin.join("gitdir")).ok()?;
    let link = path(link.trim_ascii_end());
    link.parent().map(Path::to_path_buf)
}

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

fn rename(from: &Path, to: &Path) -> Result<(), GitError> {
    if from.symlink_metadata().is_err() {
        return Ok(());
    }
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(|error| GitError::io("cannot make", above, error))?;
    }
    fs::rename(from, to).map_err(|error| GitError::io("cannot move", from, error))
}
