//! Makes commits of trees that already exist.
//!
//! The `git` program makes them, so that identity and signing are the user's own.

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId, TreeId};
use super::lookup::{find_commit, oid};
use super::refs::free_ref;
use super::repo::Repo;

impl Repo {
    /// Checks that git knows who commits. A run asks first, so that no agent works for nothing.
    pub(crate) fn check_identity(&self) -> Result<(), GitError> {
        for ident in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            self.git(["var", ident])
                .run()
                .map_err(|error| match error {
                    GitError::Program { .. } => GitError::NoIdentity,
                    other => other,
                })?;
        }
        Ok(())
    }

    /// Commits `tree` on top of `parent`, sets `branch` to it, and returns the commit's id. A branch that is elsewhere
    /// than at `parent` holds somebody's commit, and stays where it is.
    ///
    /// The commit is signed when `commit.gpgSign` says so (git-config(1)).
    pub(crate) fn commit(
        &self,
        branch: &BranchName,
        parent: &CommitId,
        tree: &TreeId,
        message: &str,
    ) -> Result<CommitId, GitError> {
        self.check_unoccupied(branch, parent)?;
        let repo = self.open()?;
        let commit = self.commit_tree(tree, &[parent], message)?;
        let id = oid(&commit)?;
        let (name, log) = (format!("refs/heads/{branch}"), "batch: commit");
        let set = if self.branch_tip(branch)?.is_some() {
            repo.reference_matching(&name, id, true, oid(parent)?, log)
        } else {
            repo.reference(&name, id, false, log)
        };
        set.context(|| format!("branch {branch} cannot be set"))?;
        Ok(commit)
    }

    /// Commits `tree` with the parents and the message of `commit`, and sets the branch, which leads to `commit`, to
    /// it.
    pub(crate) fn commit_again(
        &self,
        branch: &BranchName,
        commit: &CommitId,
        tree: &TreeId,
    ) -> Result<CommitId, GitError> {
        self.check_unoccupied(branch, commit)?;
        let repo = self.open()?;
        let old = find_commit(&repo, commit)?;
        let parents: Vec<CommitId> = old
            .parent_ids()
            .map(|id| CommitId::new(id.to_string()))
            .collect();
        let parents: Vec<&CommitId> = parents.iter().collect();
        let message = String::from_utf8_lossy(old.message_bytes()).into_owned();
        let made = self.commit_tree(tree, &parents, &message)?;
        let (name, log) = (format!("refs/heads/{branch}"), "batch: commit");
        repo.reference_matching(&name, oid(&made)?, true, oid(commit)?, log)
            .context(|| format!("branch {branch} cannot be set"))?;
        Ok(made)
    }

    /// Commits `tree` on top of `parent`, sets the ref with the full name `name` to it, and returns the commit's id.
    /// Where the ref has another commit already, a number is appended to its name.
    pub(crate) fn commit_to_ref(
        &self,
        name: &str,
        parent: &CommitId,
        tree: &TreeId,
        message: &str,
    ) -> Result<CommitId, GitError> {
        let repo = self.open()?;
        let commit = self.commit_tree(tree, &[parent], message)?;
        let id = oid(&commit)?;
        let name = free_ref(&repo, name, id);
        repo.reference(&name, id, true, "batch: keep")
            .context(|| format!("{name} cannot be set"))?;
        Ok(commit)
    }

    /// Makes a commit on no branch and returns its id.
    pub(super) fn commit_tree(
        &self,
        tree: &TreeId,
        parents: &[&CommitId],
        message: &str,
    ) -> Result<CommitId, GitError> {
        let signing = [
            "config",
            "--type=bool",
            "--default=false",
            "--get",
            "commit.gpgSign",
        ];
        let signed = self.git(signing).run()?.starts_with(b"true");
        // The message is UTF-8, whatever encoding the user's own commits have.
        let mut args = vec![
            "-c",
            "i18n.commitEncoding=UTF-8",
            "commit-tree",
            tree.as_str(),
            "-F",
            "-",
        ];
        for parent in parents {
            args.extend(["-p", parent.as_str()]);
        }
        if signed {
            args.push("-S");
        }
        let out = self.git(args).stdin(message.into()).run()?;
        Ok(CommitId::new(String::from_utf8_lossy(&out).trim()))
    }

    /// Returns the commit of `branch`, if its only parent is `parent` and its tree is `tree`.
    pub(crate) fn existing_commit(
        &self,
        branch: &BranchName,
        parent: &CommitId,
        tree: &TreeId,
    ) -> Result<Option<CommitId>, GitError> {
        let repo = self.open()?;
        let Ok(branch) = repo.find_branch(branch.as_str(), git2::BranchType::Local) else {
            return Ok(None);
        };
        let Ok(commit) = branch.get().peel_to_commit() else {
            return Ok(None);
        };
        let is_same = commit.parent_ids().eq([oid(parent)?]) && commit.tree_id() == oid(tree)?;
        Ok(is_same.then(|| CommitId::new(commit.id().to_string())))
    }

    /// Makes a commit of `tree` on top of `tip`, on no branch.
    pub(crate) fn commit_on_top(
        &self,
        tip: &CommitId,
        tree: &TreeId,
        message: &str,
    ) -> Result<CommitId, GitError> {
        self.commit_tree(tree, &[tip], message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn a_commit_is_on_its_branch_under_the_users_name() {
        let it = repository(&[("a.txt", "one\n")]);
        it.set_identity();
        it.repo.check_identity().unwrap();
        let tree = it.repo.tree(&it.first).unwrap();
        let message = "Subject\n\nBody.\n";
        let branch = BranchName::new("batch/r/01");
        let id = it.repo.commit(&branch, &it.first, &tree, message);
        let id = id.unwrap();
        let repo = it.repo.open().unwrap();
        let made = find_commit(&repo, &id).unwrap();
        assert_eq!(made.author().name(), Ok("Ada"));
        assert_eq!(made.message(), Ok("Subject\n\nBody.\n"));
        assert_eq!(made.parent_id(0).unwrap().to_string(), it.first.as_str());
        let branch = repo.find_reference("refs/heads/batch/r/01").unwrap();
        assert_eq!(branch.target().unwrap().to_string(), id.as_str());
    }
}
