//! Taking worktrees away: those whose work is published are deleted, all others are moved to a trash folder, from where
//! they can be fetched back.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::base::find_commit;
use super::delete::delete_tree;
use super::include::place;
use super::worktree::disk;
use super::{During, GitError, Repo};

impl Repo {
    /// Deletes a worktree.
    ///
    /// `name` is the one it was registered under.
    pub fn remove_worktree(&self, name: &str, path: &Path) -> Result<(), GitError> {
        // Git forgets it first: half a worktree that is not registered is no riddle to anybody.
        self.forget_worktree(name)?;
        if path.symlink_metadata().is_ok() {
            delete_tree(path).map_err(|error| disk("cannot remove", path, error))?;
        }
        Ok(())
    }

    /// Takes away the lock that a killed process may have left on a branch. Only for a name that nobody else uses.
    pub fn unlock_branch(&self, branch: &str) -> Result<(), GitError> {
        let lock = self.common.join(format!("refs/heads/{branch}.lock"));
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(disk("cannot remove", &lock, error))
            }
            _ => Ok(()),
        }
    }

    /// Has git forget a worktree; its folder is not looked at.
    pub fn forget_worktree(&self, name: &str) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        if admin.exists() {
            fs::remove_dir_all(&admin).map_err(|error| disk("cannot remove", &admin, error))?;
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
                    .map_err(|error| disk("cannot move to the trash", path, error))?;
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
                fs::create_dir_all(aside).map_err(|error| disk("cannot make", aside, error))?;
            }
            fs::rename(path, to).map_err(|error| disk("cannot move to the trash", path, error))?;
        }
        self.forget_worktree(name)?;
        Ok(is_there)
    }

    /// Deletes `branch`; if it does not stand at `start` any more, what it holds is kept under
    /// the full ref name `aside`, or with a number behind it where another commit is kept there. Gives that name.
    pub fn set_branch_aside(
        &self,
        branch: &str,
        start: &str,
        aside: &str,
    ) -> Result<Option<String>, GitError> {
        if self.delete_untouched_branch(branch, start)? {
            return Ok(None);
        }
        let repo = self.open()?;
        let Ok(mut found) = repo.find_branch(branch, git2::BranchType::Local) else {
            return Ok(None);
        };
        let during = || format!("branch {branch} cannot be set aside");
        let tip = found.get().peel_to_commit().during(during)?.id();
        let aside = free_ref(&repo, aside, tip);
        repo.reference(&aside, tip, true, "batch: set aside")
            .during(during)?;
        found.delete().during(during)?;
        Ok(Some(aside))
    }

    /// Deletes `branch` if it still stands at the commit `start`, so that nothing is lost with it. Says whether it did.
    pub fn delete_untouched_branch(&self, branch: &str, start: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        let Ok(mut found) = repo.find_branch(branch, git2::BranchType::Local) else {
            return Ok(false);
        };
        let start = find_commit(&repo, start)?.id();
        if found.get().target() != Some(start) {
            return Ok(false);
        }
        found
            .delete()
            .during(|| format!("branch {branch} cannot be deleted"))?;
        Ok(true)
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

/// The full ref name, or the first with a number behind it, that stands for no other commit.
pub(super) fn free_ref(repo: &git2::Repository, name: &str, commit: git2::Oid) -> String {
    let free = |name: &String| {
        repo.find_reference(name)
            .map_or(true, |kept| kept.target() == Some(commit))
    };
    let numbered = (2..u32::MAX).map(|number| format!("{name}.{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(free)
        .unwrap_or_else(|| name.to_owned())
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
    use crate::git::NewWorktree;
    use crate::git::fixture::repository;

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

    #[test]
    fn a_branch_with_work_on_it_is_kept() {
        let it = repository(&[("a.txt", "one\n")]);
        let mut config = it.repo.open().unwrap().config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.org").unwrap();
        let tree = it.repo.tree(&it.first).unwrap();
        it.repo.commit("work", &it.first, &tree, "work").unwrap();
        assert!(!it.repo.delete_untouched_branch("work", &it.first).unwrap());
        assert!(matches!(
            it.repo.check_new_branch("work"),
            Err(GitError::BranchExists { .. })
        ));
    }
}
