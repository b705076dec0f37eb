//! Taking worktrees away: those whose work is published are deleted, all others are moved to a trash folder, from where
//! they can be fetched back.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::delete::delete_tree;
use super::error::GitError;
use super::include::place;
use super::repo::Repo;

impl Repo {
    /// Deletes a worktree.
    ///
    /// `name` is the one it was registered under.
    pub fn remove_worktree(&self, name: &str, path: &Path) -> Result<(), GitError> {
        // Git forgets it first: half a worktree that is not registered is no riddle to anybody.
        self.forget_worktree(name)?;
        if path.symlink_metadata().is_ok() {
            delete_tree(path).map_err(|error| GitError::io("cannot remove", path, error))?;
        }
        Ok(())
    }

    /// Has git forget a worktree; its folder is not looked at.
    pub fn forget_worktree(&self, name: &str) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        if admin.exists() {
            fs::remove_dir_all(&admin)
                .map_err(|error| GitError::io("cannot remove", &admin, error))?;
        }
        Ok(())
    }

    /// Moves a worktree into the folder `aside` and has git forget it. Gives the new place; `None` when it was gone
    /// already.
    ///
    /// `name` is the one it was registered under.
    pub fn discard_worktree(
        &self,
        name: &str,
        path: &Path,
        aside: &Path,
    ) -> Result<Option<PathBuf>, GitError> {
        let to = free_name(aside, name);
        let moved = self.move_worktree(name, path, &to)?;
        Ok(moved.then_some(to))
    }

    /// Moves a worktree to `to`, has git forget it and takes away the link to what git knew. Also where `to` is on
    /// another file system: there it is copied first, and deleted only when all of it has arrived. Says whether it was
    /// still there.
    pub fn trash_worktree(&self, name: &str, path: &Path, to: &Path) -> Result<bool, GitError> {
        let moved = match self.move_worktree(name, path, to) {
            Err(GitError::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => {
                copy_tree(path, to)
                    .map_err(|error| GitError::io("cannot move to the trash", path, error))?;
                self.remove_worktree(name, path)?;
                true
            }
            moved => moved?,
        };
        // Of a repository that somebody made there it is a folder, and stays.
        let _ = fs::remove_file(to.join(".git"));
        Ok(moved)
    }

    fn move_worktree(&self, name: &str, path: &Path, to: &Path) -> Result<bool, GitError> {
        let is_there = path.symlink_metadata().is_ok();
        if is_there {
            if let Some(aside) = to.parent() {
                fs::create_dir_all(aside)
                    .map_err(|error| GitError::io("cannot make", aside, error))?;
            }
            fs::rename(path, to)
                .map_err(|error| GitError::io("cannot move to the trash", path, error))?;
        }
        self.forget_worktree(name)?;
        Ok(is_there)
    }
}

/// Removes the run's folder and the one for all runs, above the worktree that stood at `path`, where they are empty.
///
/// Never while worktrees are being made: one may have made its folder a moment ago and be about to fill it.
pub fn remove_empty_folders_above(path: &Path) {
    for above in path.ancestors().skip(1).take(2) {
        if fs::remove_dir(above).is_err() {
            break;
        }
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let inner = entry.path().strip_prefix(from).map_err(io::Error::other)?;
        place(&entry, &to.join(inner))?;
    }
    Ok(())
}

/// A place in the folder, called `name` or, where that is taken, a little longer.
#[must_use]
pub fn free_name(folder: &Path, name: &str) -> PathBuf {
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
    use crate::git::worktree::NewWorktree;

    #[test]
    fn a_discarded_worktree_lies_in_the_trash_and_git_has_forgotten_it() {
        let it = repository(&[("a.txt", "one\n")]);
        let (path, index, trash) = (it.beside("work"), it.beside("index"), it.beside("trash"));
        let new = NewWorktree {
            name: "batch-r-01",
            path: &path,
            branch: Some("batch/r/01"),
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

        assert!(
            it.repo
                .delete_untouched_branch("batch/r/01", &it.first)
                .unwrap()
        );
        assert!(
            !it.repo
                .delete_untouched_branch("batch/r/01", &it.first)
                .unwrap()
        );
    }
}
