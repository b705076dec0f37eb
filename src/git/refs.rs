//! Reads, creates, moves and deletes branches and other refs of this repository, without losing a commit.

use std::fs;
use std::io::ErrorKind;

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId, TreeIsh};
use super::lookup::oid;
use super::repo::Repo;

impl Repo {
    /// Returns the commit of the local branch.
    pub(crate) fn branch_tip(&self, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        let repo = self.open()?;
        let found = repo.find_branch(branch.as_str(), git2::BranchType::Local);
        Ok(found
            .ok()
            .and_then(|branch| branch.get().target())
            .map(|tip| CommitId::new(tip.to_string())))
    }

    /// Checks that a branch, where it exists, is at the commit that batch made. The error says who moved it.
    pub(crate) fn check_unmoved(
        &self,
        branch: &BranchName,
        made: &CommitId,
    ) -> Result<(), GitError> {
        let Some(now) = self.branch_tip(branch)?.filter(|now| now != made) else {
            return Ok(());
        };
        Err(GitError::MovedHere {
            branch: branch.to_string(),
            now: now.short().to_owned(),
            made: made.short().to_owned(),
            by: self.last_mover(branch)?,
        })
    }

    /// Checks that a branch, where it exists, is at the commit where work began. The error says who moved it.
    pub(super) fn check_unoccupied(
        &self,
        branch: &BranchName,
        start: &CommitId,
    ) -> Result<(), GitError> {
        let Some(now) = self.branch_tip(branch)?.filter(|now| now != start) else {
            return Ok(());
        };
        Err(GitError::Occupied {
            branch: branch.to_string(),
            now: now.short().to_owned(),
            by: self.last_mover(branch)?,
        })
    }

    /// Returns who moved the branch last, and how, where its reflog says so.
    fn last_mover(&self, branch: &BranchName) -> Result<Option<String>, GitError> {
        let by = self.open()?.reflog(&format!("refs/heads/{branch}")).ok();
        Ok(by.as_ref().and_then(|log| log.get(0)).map(|last| {
            let who = last.committer();
            let who = String::from_utf8_lossy(who.name_bytes()).into_owned();
            let what = last.message_bytes().map(String::from_utf8_lossy);
            match what.filter(|what| !what.trim().is_empty()) {
                Some(what) => format!("{who}: {}", what.trim()),
                None => who,
            }
        }))
    }

    /// Has a ref of batch's own lead to a tree or a commit, so that no clean-up of the repository deletes it. Only for
    /// a name that nobody else uses at the moment: the lock of a killed process is removed.
    pub(crate) fn keep_tree(&self, name: &str, tree: &impl TreeIsh) -> Result<(), GitError> {
        let context = || format!("{name} cannot be set");
        self.unlock_ref(name)?;
        let repo = self.open()?;
        repo.reference(name, oid(tree)?, true, "batch: keep")
            .context(context)?;
        Ok(())
    }

    /// Deletes all refs below `prefix`, a full ref name that ends in a slash, under the same condition.
    pub(crate) fn delete_refs_below(&self, prefix: &str) -> Result<(), GitError> {
        let repo = self.open()?;
        let context = || format!("the refs below {prefix} cannot be deleted");
        let found = repo
            .references_glob(&format!("{prefix}*"))
            .context(context)?;
        for found in found {
            let mut found = found.context(context)?;
            if let Ok(name) = found.name() {
                self.unlock_ref(name)?;
            }
            found.delete().context(context)?;
        }
        Ok(())
    }

    /// Checks whether `branch` can be created. The error says why not.
    pub(crate) fn check_new_branch(&self, branch: &BranchName) -> Result<(), GitError> {
        let full = format!("refs/heads/{branch}");
        if !git2::Reference::is_valid_name(&full) {
            return Err(GitError::BadBranchName {
                name: branch.to_string(),
            });
        }
        let repo = self.open()?;
        if repo.find_reference(&full).is_ok() {
            return Err(GitError::BranchExists {
                branch: branch.to_string(),
            });
        }
        // A ref name is a file or a folder, never both (git-check-ref-format(1)).
        let above = branch
            .as_str()
            .match_indices('/')
            .map(|(slash, _)| &branch.as_str()[..slash])
            .find(|above| repo.find_reference(&format!("refs/heads/{above}")).is_ok());
        let below = || {
            let mut names = repo.references_glob(&format!("{full}/*")).ok()?;
            let first = names.names().next()?.ok()?;
            first.strip_prefix("refs/heads/").map(ToOwned::to_owned)
        };
        match above.map(ToOwned::to_owned).or_else(below) {
            Some(blocker) => Err(GitError::BranchBlocked {
                branch: branch.to_string(),
                blocker,
            }),
            None => Ok(()),
        }
    }

    /// Refuses a branch that is checked out somewhere: the files there would no longer be those of the branch.
    pub(crate) fn check_movable(&self, branch: &BranchName) -> Result<(), GitError> {
        let name = format!("refs/heads/{branch}");
        let format = "--format=%(worktreepath)";
        let path = self.git(["for-each-ref", format, &name]).run()?;
        let path = String::from_utf8_lossy(&path).trim().to_owned();
        if path.is_empty() {
            return Ok(());
        }
        Err(GitError::CheckedOut {
            branch: branch.to_string(),
            path: path.into(),
        })
    }

    /// Moves a branch from one commit to another, or creates it where `from` is absent. Fails if the branch is at
    /// another commit, or is checked out somewhere.
    pub(crate) fn move_branch(
        &self,
        branch: &BranchName,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<(), GitError> {
        self.check_movable(branch)?;
        let name = format!("refs/heads/{branch}");
        // Zeros mean that the ref must not exist.
        let absent = "0".repeat(to.as_str().len());
        let from = from.map_or(absent.as_str(), CommitId::as_str);
        self.git(["update-ref", "-m", "batch", &name, to.as_str(), from])
            .run()
            .map(drop)
    }

    /// Removes the lock that a killed process may have left on a branch. Only for a name that nobody else uses.
    pub(crate) fn unlock_branch(&self, branch: &BranchName) -> Result<(), GitError> {
        self.unlock_ref(&format!("refs/heads/{branch}"))
    }

    fn unlock_ref(&self, name: &str) -> Result<(), GitError> {
        let lock = self.common.join(format!("{name}.lock"));
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(GitError::io("cannot remove", &lock, error))
            }
            _ => Ok(()),
        }
    }

    /// Deletes `branch` if it is still at the commit `start`, so that no commit is lost. Returns whether it did.
    pub(crate) fn delete_untouched_branch(
        &self,
        branch: &BranchName,
        start: &CommitId,
    ) -> Result<bool, GitError> {
        let repo = self.open()?;
        let Ok(found) = repo.find_branch(branch.as_str(), git2::BranchType::Local) else {
            return Ok(false);
        };
        if found.get().target() != Some(oid(start)?) {
            return Ok(false);
        }
        self.delete_branch(branch, found)?;
        Ok(true)
    }

    /// Deletes a branch that no worktree has checked out. Git is asked for that, because libgit2 takes every branch for
    /// checked out while the entry of any worktree vanishes.
    fn delete_branch(&self, branch: &BranchName, found: git2::Branch<'_>) -> Result<(), GitError> {
        self.check_movable(branch)?;
        found
            .into_reference()
            .delete()
            .context(|| format!("branch {branch} cannot be deleted"))
    }

    /// Deletes `branch`. If it has commits after `start`, the ref with the full name `aside` keeps them, with a number
    /// appended where that ref has another commit already. Returns the name of that ref.
    pub(crate) fn set_branch_aside(
        &self,
        branch: &BranchName,
        start: &CommitId,
        aside: &str,
    ) -> Result<Option<String>, GitError> {
        if self.delete_untouched_branch(branch, start)? {
            return Ok(None);
        }
        let repo = self.open()?;
        let Ok(found) = repo.find_branch(branch.as_str(), git2::BranchType::Local) else {
            return Ok(None);
        };
        let context = || format!("branch {branch} cannot be set aside");
        let tip = found.get().peel_to_commit().context(context)?.id();
        let aside = free_ref(&repo, aside, tip);
        repo.reference(&aside, tip, true, "batch: set aside")
            .context(context)?;
        self.delete_branch(branch, found)?;
        Ok(Some(aside))
    }

    /// Lists the refs whose names begin with `prefix`, each with its commit, by name.
    pub(crate) fn refs_below(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let repo = self.open()?;
        let context = || format!("the refs below {prefix} cannot be listed");
        let found = repo
            .references_glob(&format!("{prefix}*"))
            .context(context)?;
        let mut refs: Vec<(String, CommitId)> = found
            .filter_map(Result::ok)
            .filter_map(|found| {
                let commit = CommitId::new(found.target()?.to_string());
                Some((found.name().ok()?.to_owned(), commit))
            })
            .collect();
        refs.sort_unstable();
        Ok(refs)
    }

    /// Deletes the ref with this full name.
    pub(crate) fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        let repo = self.open()?;
        repo.find_reference(name)
            .and_then(|mut found| found.delete())
            .context(|| format!("{name} cannot be deleted"))
    }
}

/// Returns `name`, or `name` with a number appended, whichever first is free or has `commit` already.
pub(super) fn free_ref(repo: &git2::Repository, name: &str, commit: git2::Oid) -> String {
    let free = |name: &String| {
        repo.find_reference(name)
            .map_or(true, |found| found.target() == Some(commit))
    };
    let numbered = (2..u32::MAX).map(|number| format!("{name}.{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(free)
        .unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn a_branch_with_work_on_it_is_kept() {
        let it = repository(&[("a.txt", "one\n")]);
        it.set_identity();
        let tree = it.repo.tree(&it.first).unwrap();
        let work = BranchName::new("work");
        it.repo.commit(&work, &it.first, &tree, "work").unwrap();
        assert!(!it.repo.delete_untouched_branch(&work, &it.first).unwrap());
        assert!(matches!(
            it.repo.check_new_branch(&work),
            Err(GitError::BranchExists { .. })
        ));
    }

    #[test]
    fn a_branch_goes_while_entries_of_other_worktrees_come_and_go() {
        let it = repository(&[("a.txt", "one\n")]);
        let admin = it.repo.common_dir().join("worktrees/other");
        let done = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    fs::create_dir_all(&admin).unwrap();
                    for (name, text) in [
                        ("commondir", "../.."),
                        ("gitdir", "/nowhere/.git"),
                        ("HEAD", it.first.as_str()),
                    ] {
                        fs::write(admin.join(name), text).unwrap();
                    }
                    fs::remove_dir_all(&admin).unwrap();
                }
            });
            let deleted = (0..200).try_for_each(|_| {
                it.branch("work");
                let branch = BranchName::new("work");
                it.repo
                    .delete_untouched_branch(&branch, &it.first)
                    .map(drop)
            });
            // The other thread would run for ever.
            done.store(true, Ordering::Relaxed);
            deleted.unwrap();
        });
    }

    #[test]
    fn a_branch_that_somebody_works_on_stays() {
        let it = repository(&[("a.txt", "one\n")]);
        it.branch("work");
        let work = BranchName::new("work");
        let path = it.beside("work");
        let add = ["worktree", "add", &path.to_string_lossy(), "work"].map(str::to_owned);
        it.repo.git(&add).run().unwrap();
        let deleted = it.repo.delete_untouched_branch(&work, &it.first);
        assert!(
            matches!(deleted, Err(GitError::CheckedOut { .. })),
            "{deleted:?}"
        );
        assert!(it.repo.branch_tip(&work).unwrap().is_some());
    }

    #[test]
    fn a_branch_moves_only_from_the_expected_commit() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        it.set_identity();
        let (a, b) = (
            it.change(&it.first, "a.txt", "new\n"),
            it.change(&it.first, "b.txt", "new\n"),
        );
        let all = BranchName::new("all");
        it.repo.move_branch(&all, None, &a).unwrap();
        assert!(it.repo.move_branch(&all, None, &b).is_err());
        assert!(it.repo.move_branch(&all, Some(&it.first), &b).is_err());
        it.repo.move_branch(&all, Some(&a), &b).unwrap();
        assert_eq!(it.repo.branch_tip(&all).unwrap(), Some(b));
    }
}
