//! Branches and other refs of this repository: where they stand, and how they move or go without a commit being lost.

use std::fs;
use std::io::ErrorKind;

use super::error::{During, GitError};
use super::lookup::find_commit;
use super::repo::Repo;

impl Repo {
    /// Where the local branch stands.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let found = repo.find_branch(branch, git2::BranchType::Local);
        Ok(found
            .ok()
            .and_then(|branch| branch.get().target())
            .map(|tip| tip.to_string()))
    }

    /// Whether `branch` could be made; the error says what stands in the way.
    pub fn check_new_branch(&self, branch: &str) -> Result<(), GitError> {
        let full = format!("refs/heads/{branch}");
        if !git2::Reference::is_valid_name(&full) {
            return Err(GitError::BadBranchName {
                name: branch.to_owned(),
            });
        }
        let repo = self.open()?;
        if repo.find_reference(&full).is_ok() {
            return Err(GitError::BranchExists {
                branch: branch.to_owned(),
            });
        }
        // A ref is a file or a folder, never both (git-check-ref-format(1)).
        let above = branch
            .match_indices('/')
            .map(|(slash, _)| &branch[..slash])
            .find(|above| repo.find_reference(&format!("refs/heads/{above}")).is_ok());
        let below = || {
            let mut names = repo.references_glob(&format!("{full}/*")).ok()?;
            let first = names.names().next()?.ok()?;
            first.strip_prefix("refs/heads/").map(ToOwned::to_owned)
        };
        match above.map(ToOwned::to_owned).or_else(below) {
            Some(blocker) => Err(GitError::BranchBlocked {
                branch: branch.to_owned(),
                blocker,
            }),
            None => Ok(()),
        }
    }

    /// Refuses a branch on which a checkout stands.
    pub fn check_movable(&self, branch: &str) -> Result<(), GitError> {
        let name = format!("refs/heads/{branch}");
        let format = "--format=%(worktreepath)";
        let place = self.git(["for-each-ref", format, &name]).run()?;
        let place = String::from_utf8_lossy(&place).trim().to_owned();
        if place.is_empty() {
            return Ok(());
        }
        Err(GitError::CheckedOut {
            branch: branch.to_owned(),
            place: place.into(),
        })
    }

    /// Brings a branch from one commit to another, or makes it where it was nowhere; only while it stands there, and only
    /// if no checkout stands on it: its files would no longer be those of the branch.
    pub fn move_branch(&self, branch: &str, from: Option<&str>, to: &str) -> Result<(), GitError> {
        self.check_movable(branch)?;
        let name = format!("refs/heads/{branch}");
        // Zeros mean that it must not be there.
        let nowhere = "0".repeat(to.len());
        let from = from.unwrap_or(&nowhere);
        self.git(["update-ref", "-m", "batch", &name, to, from])
            .run()
            .map(drop)
    }

    /// Takes away the lock that a killed process may have left on a branch. Only for a name that nobody else uses.
    pub fn unlock_branch(&self, branch: &str) -> Result<(), GitError> {
        let lock = self.common.join(format!("refs/heads/{branch}.lock"));
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(GitError::io("cannot remove", &lock, error))
            }
            _ => Ok(()),
        }
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

    /// The refs below `prefix` with the commits they name, by name.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, String)>, GitError> {
        let repo = self.open()?;
        let during = || format!("the refs below {prefix} cannot be listed");
        let found = repo.references_glob(&format!("{prefix}*")).during(during)?;
        let mut refs: Vec<(String, String)> = found
            .filter_map(Result::ok)
            .filter_map(|found| Some((found.name().ok()?.to_owned(), found.target()?.to_string())))
            .collect();
        refs.sort_unstable();
        Ok(refs)
    }

    /// Deletes the ref with this full name.
    pub fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        let repo = self.open()?;
        repo.find_reference(name)
            .and_then(|mut found| found.delete())
            .during(|| format!("{name} cannot be deleted"))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn a_branch_with_work_on_it_is_kept() {
        let it = repository(&[("a.txt", "one\n")]);
        it.identify();
        let tree = it.repo.tree(&it.first).unwrap();
        it.repo.commit("work", &it.first, &tree, "work").unwrap();
        assert!(!it.repo.delete_untouched_branch("work", &it.first).unwrap());
        assert!(matches!(
            it.repo.check_new_branch("work"),
            Err(GitError::BranchExists { .. })
        ));
    }

    #[test]
    fn a_branch_is_moved_only_from_where_it_stood() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        it.identify();
        let (a, b) = (
            it.change(&it.first, "a.txt", "new\n"),
            it.change(&it.first, "b.txt", "new\n"),
        );
        it.repo.move_branch("all", None, &a).unwrap();
        assert!(it.repo.move_branch("all", None, &b).is_err());
        assert!(it.repo.move_branch("all", Some(&it.first), &b).is_err());
        it.repo.move_branch("all", Some(&a), &b).unwrap();
        assert_eq!(it.repo.branch_tip("all").unwrap(), Some(b));
    }
}
