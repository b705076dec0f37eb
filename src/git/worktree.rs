//! Makes worktrees: a linked checkout for each unit, at a pinned commit and on a branch of its own.
//!
//! The `.git` of a worktree leads to git's own entry for it, or, while workers are in it, to a private repository.
//! Nothing here reads that file, because `git worktree repair` and workers may change it.
//!
//! Git cannot register two worktrees at once, so the caller registers one after another. Filling them takes nearly all
//! of the time, and any number may be filled at once. A worktree that could not be finished is removed completely.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::changes::submodules;
use super::delete::delete_tree;
use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::lookup::find_commit;
use super::private::{replace_file, replace_file_by};
use super::repo::Repo;

/// The reason that git shows for a worktree in which batch has workers (git-worktree(1), `lock`).
pub(super) const LOCK_REASON: &str = "batch has workers in it";

/// A worktree to make.
#[derive(Debug, Clone)]
pub(crate) struct NewWorktree<'a> {
    /// The name under which git registers it: no slashes, unique in the repository.
    pub name: &'a str,
    pub path: &'a Path,
    /// The branch to create, without `refs/heads/`; without one, HEAD is detached.
    pub branch: Option<&'a BranchName>,
    /// The commit to start from.
    pub start: &'a CommitId,
    /// Where to put a copy of the fresh index, out of an agent's reach, for [`Repo::snapshot`].
    pub index: &'a Path,
}

impl Repo {
    /// Registers an empty worktree and creates its branch. After an error nothing of it is left.
    pub(crate) fn register_worktree(&self, new: &NewWorktree<'_>) -> Result<(), GitError> {
        if let Some(branch) = new.branch {
            self.check_new_branch(branch)?;
        }
        // A person may have moved the worktree of that name; its entry is not ours any more.
        for path in [new.path, &self.admin_dir(new.name)] {
            if path.symlink_metadata().is_ok() {
                return Err(GitError::PathTaken {
                    path: path.to_path_buf(),
                });
            }
        }
        let made = self.register(new);
        if made.is_err() {
            self.remove_unfinished_worktree(new);
        }
        made
    }

    /// Writes git's own files (gitrepository-layout(5)), because libgit2 cannot register without checking out.
    fn register(&self, new: &NewWorktree<'_>) -> Result<(), GitError> {
        let repo = self.open()?;
        let commit = find_commit(&repo, new.start)?;
        let head = match new.branch {
            Some(branch) => {
                repo.branch(branch.as_str(), &commit, false)
                    .context(|| format!("branch {branch} cannot be made"))?;
                format!("ref: refs/heads/{branch}\n")
            }
            None => format!("{}\n", commit.id()),
        };
        let admin = self.admin_dir(new.name);
        let draft = self.draft_dir(new.name);
        let folder = |path: &Path| {
            fs::create_dir_all(path).map_err(|error| GitError::io("cannot make", path, error))
        };
        let write = |path: PathBuf, parts: &[&[u8]]| {
            fs::write(&path, parts.concat())
                .map_err(|error| GitError::io("cannot write", &path, error))
        };
        let _ = fs::remove_dir_all(&draft);
        folder(&draft)?;
        write(draft.join("commondir"), &[b"../..\n"])?;
        write(draft.join("HEAD"), &[head.as_bytes()])?;
        // Git would prune the entry of a worktree whose folder is not there yet.
        write(draft.join("locked"), &[LOCK_REASON.as_bytes(), b"\n"])?;
        folder(new.path)?;
        let absolute = new.path.canonicalize();
        let link = absolute
            .map_err(|error| GitError::io("cannot find", new.path, error))?
            .join(".git");
        write(
            link.clone(),
            &[b"gitdir: ", admin.as_os_str().as_bytes(), b"\n"],
        )?;
        write(draft.join("gitdir"), &[link.as_os_str().as_bytes(), b"\n"])?;
        // Renamed in one step, because another git may prune incomplete entries at any moment (git-worktree(1), prune).
        // It also removes the folder `worktrees` when it is empty.
        let mut attempts = 0..100;
        loop {
            attempts.next();
            folder(&self.common.join("worktrees"))?;
            match fs::rename(&draft, &admin) {
                Err(error) if error.kind() == ErrorKind::NotFound && !attempts.is_empty() => {}
                done => return done.map_err(|error| GitError::io("cannot make", &admin, error)),
            }
        }
    }

    /// Checks out the files of a registered worktree. Any number may be filled at once. After an error the caller
    /// [removes the worktree](Self::remove_unfinished_worktree).
    ///
    /// Git does it, with the user's own environment, as in any checkout of the base: libgit2 takes twice the time,
    /// knows neither filter programs (large files, encryption) nor other encodings, and reads other settings than the
    /// git that later looks for changes.
    pub(crate) fn fill_worktree(&self, new: &NewWorktree<'_>) -> Result<(), GitError> {
        let filled = self
            .git_in_worktree(new.path, new.index)
            .args(&["read-tree", "--reset", "-u", new.start.as_str()])
            .run();
        filled.map_err(|error| match error {
            GitError::Program { reason, .. }
                if reason.contains("No space left on device") || is_full(new.path) =>
            {
                GitError::DiskFull {
                    path: new.path.to_path_buf(),
                }
            }
            error => error,
        })?;
        let own = self.admin_dir(new.name).join("index");
        fs::copy(new.index, &own).map_err(|error| GitError::io("cannot write", &own, error))?;
        Ok(())
    }

    /// Makes a worktree agree with its branch after a commit, for people who look into it: the index becomes the copy
    /// at `index`, and HEAD the branch, whatever an agent did to them.
    pub(crate) fn sync_worktree(
        &self,
        name: &str,
        branch: &BranchName,
        index: &Path,
    ) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        if !admin.exists() {
            // Git has no entry for it any more, for example because an agent deleted the file `.git`.
            return Ok(());
        }
        let (head, own) = (admin.join("HEAD"), admin.join("index"));
        let entries = fs::read(index).map_err(|error| GitError::io("cannot read", index, error))?;
        replace_file(&own, &entries).map_err(|error| GitError::io("cannot write", &own, error))?;
        replace_file(&head, format!("ref: refs/heads/{branch}\n").as_bytes())
            .map_err(|error| GitError::io("cannot write", &head, error))
    }

    /// Has the git of everybody who works in the worktree find the private repository in the folder `private`, whatever
    /// stands in place of `.git`, and locks git's entry for the worktree.
    pub(crate) fn lead_to_private(
        &self,
        name: &str,
        path: &Path,
        private: &Path,
    ) -> Result<(), GitError> {
        let lock = self.admin_dir(name).join("locked");
        if self.admin_dir(name).exists() && !lock.exists() {
            fs::write(&lock, format!("{LOCK_REASON}\n"))
                .map_err(|error| GitError::io("cannot write", &lock, error))?;
        }
        lead(path, private, private.parent())
    }

    /// Makes the worktree an ordinary one again: its `.git` leads to git's entry for it. Where git has no such entry,
    /// `.git` goes. The repositories of submodules that workers made go in any case: git would run what their
    /// configuration names. `index` is batch's own,
    /// and `scratch` a folder on the worktree's file system.
    pub(crate) fn lead_to_entry(
        &self,
        name: &str,
        path: &Path,
        index: &Path,
        scratch: Option<&Path>,
    ) -> Result<(), GitError> {
        let remove = |link: PathBuf| {
            delete_tree(&link).map_err(|error| GitError::io("cannot remove", &link, error))
        };
        for submodule in submodules(path, index)? {
            remove(submodule.join(".git"))?;
        }
        let admin = self.admin_dir(name);
        if admin.exists() {
            lead(path, &admin, scratch)
        } else {
            remove(path.join(".git"))
        }
    }

    /// Unlocks git's entry for a worktree, if batch locked it.
    pub(crate) fn unlock_worktree(&self, name: &str) -> Result<(), GitError> {
        let admin = self.admin_dir(name);
        if !is_locked_by_batch(&admin) {
            return Ok(());
        }
        let lock = admin.join("locked");
        fs::remove_file(&lock).map_err(|error| GitError::io("cannot remove", &lock, error))
    }

    /// Removes everything that a failed attempt left; not safe while another worktree is being registered. A file that
    /// cannot be removed does no harm, because names are never used twice.
    pub(crate) fn remove_unfinished_worktree(&self, new: &NewWorktree<'_>) {
        let _ = fs::remove_dir_all(new.path);
        let _ = fs::remove_file(new.index);
        let _ = fs::remove_dir_all(self.draft_dir(new.name));
        let _ = fs::remove_dir_all(self.admin_dir(new.name));
        // Another process may have created a branch of that name a moment ago, at another commit.
        if let Some(branch) = new.branch {
            let _ = self.delete_untouched_branch(branch, new.start);
        }
    }

    /// The folder in which git's entry is prepared before git may see it.
    fn draft_dir(&self, name: &str) -> PathBuf {
        self.state_dir().join(format!("{name}.worktree"))
    }

    /// The folder of git's entry for a worktree.
    pub(super) fn admin_dir(&self, name: &str) -> PathBuf {
        self.common.join("worktrees").join(name)
    }
}

/// Writes the `.git` of the worktree at `path`, first in the folder `scratch`: a killed process must not leave a file
/// in the worktree.
pub(super) fn lead(path: &Path, to: &Path, scratch: Option<&Path>) -> Result<(), GitError> {
    let link = path.join(".git");
    let text = [b"gitdir: ", to.as_os_str().as_bytes(), b"\n"].concat();
    // Most often it stands there already.
    let is_right = link.symlink_metadata().is_ok_and(|meta| meta.is_file())
        && fs::read(&link).is_ok_and(|present| present == text);
    if is_right {
        return Ok(());
    }
    let scratch = scratch.filter(|folder| folder.is_dir()).unwrap_or(path);
    let written = replace_file_by(scratch, &link, &text).or_else(|error| {
        if error.kind() != ErrorKind::PermissionDenied {
            return Err(error);
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        replace_file_by(scratch, &link, &text)
    });
    written.map_err(|error| GitError::io("cannot write", &link, error))
}

/// Checks whether it was batch that locked git's entry for a worktree.
pub(super) fn is_locked_by_batch(admin: &Path) -> bool {
    fs::read_to_string(admin.join("locked")).is_ok_and(|reason| reason.trim() == LOCK_REASON)
}

fn is_full(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path).is_ok_and(|disk| disk.blocks_available() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn new<'a>(
        folder: &'a Fixture,
        paths: &'a [PathBuf; 2],
        branch: &'a BranchName,
    ) -> NewWorktree<'a> {
        NewWorktree {
            name: "batch-r-01",
            path: &paths[0],
            branch: Some(branch),
            start: &folder.first,
            index: &paths[1],
        }
    }

    fn branch() -> BranchName {
        BranchName::new("batch/r/01")
    }

    fn paths(folder: &Fixture) -> [PathBuf; 2] {
        [folder.beside("work/01"), folder.beside("index")]
    }

    #[test]
    fn a_concurrent_prune_removes_nothing() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let it = repository(&[("a.txt", "one\n")]);
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    it.repo
                        .git(["worktree", "prune", "--expire=now"])
                        .run()
                        .unwrap();
                }
            });
            for number in 0..30 {
                let [path, index] = [it.beside(&format!("work/{number}")), it.beside("index")];
                let new = NewWorktree {
                    name: &format!("batch-r-{number}"),
                    path: &path,
                    branch: None,
                    start: &it.first,
                    index: &index,
                };
                let made = it.repo.register_worktree(&new);
                let filled = made.and_then(|()| it.repo.fill_worktree(&new));
                if let Err(error) = filled {
                    // The other thread would run for ever.
                    done.store(true, Ordering::Relaxed);
                    panic!("{error}");
                }
                let _ = fs::remove_dir_all(&path);
            }
            done.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn a_worktree_holds_the_base_on_its_own_branch() {
        let it = repository(&[("a.txt", "one\n"), ("b/c.txt", "two\n")]);
        let head = fs::read(it.repo.common_dir().join("HEAD")).unwrap();
        let config = fs::read(it.repo.common_dir().join("config")).unwrap();
        let paths = paths(&it);
        it.repo
            .create_worktree(&new(&it, &paths, &branch()))
            .unwrap();

        assert_eq!(fs::read(paths[0].join("b/c.txt")).unwrap(), b"two\n");
        let linked = git2::Repository::open(&paths[0]).unwrap();
        assert_eq!(linked.head().unwrap().name(), Ok("refs/heads/batch/r/01"));
        assert!(linked.statuses(None).unwrap().is_empty());
        assert!(paths[1].exists());
        assert_eq!(fs::read(it.repo.common_dir().join("HEAD")).unwrap(), head);
        assert_eq!(
            fs::read(it.repo.common_dir().join("config")).unwrap(),
            config
        );
    }

    #[test]
    fn a_taken_path_or_branch_is_refused_and_left_alone() {
        let it = repository(&[("a.txt", "one\n")]);
        let paths = paths(&it);
        fs::create_dir_all(&paths[0]).unwrap();
        fs::write(paths[0].join("mine"), "x").unwrap();
        let error = it
            .repo
            .create_worktree(&new(&it, &paths, &branch()))
            .unwrap_err();
        assert!(matches!(error, GitError::PathTaken { .. }), "{error}");
        assert!(paths[0].join("mine").exists());

        it.branch("taken");
        assert!(matches!(
            it.repo.check_new_branch(&BranchName::new("taken")),
            Err(GitError::BranchExists { .. })
        ));
        assert!(matches!(
            it.repo.check_new_branch(&BranchName::new("taken/deeper")),
            Err(GitError::BranchBlocked { .. })
        ));
        it.branch("a/b");
        assert!(matches!(
            it.repo.check_new_branch(&BranchName::new("a")),
            Err(GitError::BranchBlocked { .. })
        ));
        assert!(matches!(
            it.repo.check_new_branch(&BranchName::new("a..b")),
            Err(GitError::BadBranchName { .. })
        ));
    }

    #[test]
    fn a_failed_attempt_leaves_nothing() {
        let it = repository(&[("a.txt", "one\n")]);
        let paths = paths(&it);
        // The copy of the index, the last step, cannot be written.
        fs::create_dir_all(&paths[1]).unwrap();
        let branch = branch();
        let new = new(&it, &paths, &branch);
        it.repo.register_worktree(&new).unwrap();
        assert!(it.repo.fill_worktree(&new).is_err());
        it.repo.remove_unfinished_worktree(&new);
        assert!(!paths[0].exists());
        assert!(!it.repo.admin_dir("batch-r-01").exists());
        it.repo.check_new_branch(&branch).unwrap();
    }
}
