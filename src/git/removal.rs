//! Removes worktrees: a worktree whose work is published is deleted, any other is moved to a trash folder.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::delete::delete_tree;
use super::error::GitError;
use super::include::copy_entry;
use super::repo::Repo;
use crate::process::Capture;

impl Repo {
    /// Deletes a worktree that was registered as `name`.
    pub(crate) fn remove_worktree(&self, name: &str, path: &Path) -> Result<(), GitError> {
        // Git's entry goes first: a process that is killed in between leaves a plain folder.
        self.forget_worktree(name)?;
        if path.symlink_metadata().is_ok() {
            delete_tree(path).map_err(|error| GitError::io("cannot remove", path, error))?;
        }
        Ok(())
    }

    /// Removes git's entry for a worktree. The folder itself stays.
    pub(crate) fn forget_worktree(&self, name: &str) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        if admin.exists() {
            fs::remove_dir_all(&admin)
                .map_err(|error| GitError::io("cannot remove", &admin, error))?;
        }
        Ok(())
    }

    /// Moves a worktree that was registered as `name` into the folder `aside` and removes git's entry for it. Returns
    /// the new path; `None` where the worktree was gone already.
    pub(crate) fn discard_worktree(
        &self,
        name: &str,
        path: &Path,
        aside: &Path,
    ) -> Result<Option<PathBuf>, GitError> {
        let to = free_name(aside, name);
        let moved = self.move_worktree(name, path, &to)?;
        Ok(moved.then_some(to))
    }

    /// Moves a worktree to `to`, and removes git's entry and the link to it. Where `to` is on another file system, the
    /// worktree is copied first, and deleted only when all of it has arrived. A process that is killed meanwhile leaves
    /// no half worktree under either name: half a copy, and half a deletion, are in `unfinished` and `gone`. Returns
    /// whether the worktree still existed.
    pub(crate) fn trash_worktree(
        &self,
        name: &str,
        path: &Path,
        to: &Path,
        (unfinished, gone): (&Path, &Path),
    ) -> Result<bool, GitError> {
        let moved = match self.move_worktree(name, path, to) {
            Err(GitError::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => {
                let moved = || {
                    delete_tree(unfinished)?;
                    copy_tree(path, unfinished)?;
                    fs::rename(unfinished, to)?;
                    if let Some(above) = gone.parent() {
                        fs::create_dir_all(above)?;
                    }
                    delete_tree(gone)?;
                    fs::rename(path, gone)
                };
                moved().map_err(|error| GitError::io("cannot move to the trash", path, error))?;
                self.remove_worktree(name, gone)?;
                true
            }
            moved => moved?,
        };
        // A folder `.git` is a repository that somebody made there: it stays.
        let _ = fs::remove_file(to.join(".git"));
        Ok(moved)
    }

    fn move_worktree(&self, name: &str, path: &Path, to: &Path) -> Result<bool, GitError> {
        let exists = path.symlink_metadata().is_ok();
        if exists {
            if let Some(aside) = to.parent() {
                fs::create_dir_all(aside)
                    .map_err(|error| GitError::io("cannot make", aside, error))?;
            }
            let moved = fs::rename(path, to).or_else(|error| {
                if error.kind() != ErrorKind::PermissionDenied {
                    return Err(error);
                }
                // A folder that must not be written cannot be moved to another folder.
                fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
                fs::rename(path, to)
            });
            moved.map_err(|error| GitError::io("cannot move to the trash", path, error))?;
        }
        self.forget_worktree(name)?;
        Ok(exists)
    }
}

/// Removes the two folders above the worktree at `path` (one of the run, one of all runs) where they are empty.
///
/// Never call this while worktrees are being made: a folder may have been created a moment ago and still be empty.
pub(crate) fn remove_empty_folders_above(path: &Path) {
    for above in path.ancestors().skip(1).take(2) {
        if fs::remove_dir(above).is_err() {
            break;
        }
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    match copy_entries(from, to) {
        // The program copies one folder inside another, however long their path is.
        Err(error) if error.kind() == ErrorKind::InvalidFilename => {
            delete_tree(to)?;
            let copy = Capture::new("cp").args(["-R", "-P", "-p", "--"]);
            let copied = copy.args([from, to]).run().map_err(io::Error::other)?;
            if copied.status.success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&copied.stderr).trim().to_owned();
            Err(io::Error::other(said))
        }
        other => other,
    }
}

fn copy_entries(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let inner = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        copy_entry(&entry, &to.join(inner))?;
    }
    Ok(())
}

/// Returns a free path in the folder: `name`, with a number appended where it is taken.
#[must_use]
pub(crate) fn free_name(folder: &Path, name: &str) -> PathBuf {
    let first = folder.join(name);
    if first.symlink_metadata().is_err() {
        return first;
    }
    (2..u32::MAX)
        .map(|number| folder.join(format!("{name}.{number}")))
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;
    use crate::git::id::BranchName;
    use crate::git::worktree::NewWorktree;

    #[test]
    fn a_discarded_worktree_is_in_the_trash_and_not_registered() {
        let it = repository(&[("a.txt", "one\n")]);
        let (path, index, trash) = (it.beside("work"), it.beside("index"), it.beside("trash"));
        let branch = BranchName::new("batch/r/01");
        let new = NewWorktree {
            name: "batch-r-01",
            path: &path,
            branch: Some(&branch),
            start: &it.first,
            index: &index,
        };
        it.repo.create_worktree(&new).unwrap();
        fs::write(path.join("a.txt"), "precious\n").unwrap();
        fs::create_dir_all(trash.join("batch-r-01")).unwrap();

        let moved = it.repo.discard_worktree(new.name, &path, &trash).unwrap();
        let moved = moved.expect("the worktree was there");
        assert_eq!(fs::read(moved.join("a.txt")).unwrap(), b"precious\n");
        assert!(!path.exists());
        let repo = it.repo.open().unwrap();
        assert_eq!(repo.worktrees().unwrap().len(), 0);
        assert_eq!(
            it.repo.discard_worktree(new.name, &path, &trash).unwrap(),
            None
        );

        assert!(it.repo.delete_untouched_branch(&branch, &it.first).unwrap());
        assert!(!it.repo.delete_untouched_branch(&branch, &it.first).unwrap());
    }
}
