//! Commits of proven trees.
//!
//! They are made by the `git` program, so that identity and signing are the user's own.

use super::error::{During, GitError};
use super::refs::free_ref;
use super::repo::Repo;

impl Repo {
    /// Whether git knows who commits; asked before a run, so that no agent works for nothing.
    pub fn check_identity(&self) -> Result<(), GitError> {
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

    /// Commits `tree` on top of `parent` and sets `branch` to it. Gives the commit's id.
    ///
    /// The commit is signed when `commit.gpgSign` says so (git-config(1)).
    pub fn commit(
        &self,
        branch: &str,
        parent: &str,
        tree: &str,
        message: &str,
    ) -> Result<String, GitError> {
        let repo = self.open()?;
        let commit = self.commit_tree(tree, &[parent], message)?;
        let id = git2::Oid::from_str(&commit).during(|| format!("{commit:?} is no commit id"))?;
        repo.reference(&format!("refs/heads/{branch}"), id, true, "batch: commit")
            .during(|| format!("branch {branch} cannot be set"))?;
        Ok(commit)
    }

    /// Keeps `tree` as a commit on top of `parent` under the full ref name `name`, or with a number behind it where another
    /// commit is kept there. Gives the commit's id.
    pub fn keep(
        &self,
        name: &str,
        parent: &str,
        tree: &str,
        message: &str,
    ) -> Result<String, GitError> {
        let repo = self.open()?;
        let commit = self.commit_tree(tree, &[parent], message)?;
        let id = git2::Oid::from_str(&commit).during(|| format!("{commit:?} is no commit id"))?;
        let name = free_ref(&repo, name, id);
        repo.reference(&name, id, true, "batch: keep")
            .during(|| format!("{name} cannot be set"))?;
        Ok(commit)
    }

    /// Makes a commit that no branch knows of yet. Gives its id.
    pub(super) fn commit_tree(
        &self,
        tree: &str,
        parents: &[&str],
        message: &str,
    ) -> Result<String, GitError> {
        let asked = [
            "config",
            "--type=bool",
            "--default=false",
            "--get",
            "commit.gpgSign",
        ];
        let signed = self.git(asked).run()?.starts_with(b"true");
        // The message is UTF-8, whatever the user's own editor writes.
        let mut args = vec![
            "-c",
            "i18n.commitEncoding=UTF-8",
            "commit-tree",
            tree,
            "-F",
            "-",
        ];
        for parent in parents {
            args.extend(["-p", parent]);
        }
        if signed {
            args.push("-S");
        }
        let out = self.git(args).stdin(message.into()).run()?;
        Ok(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// The commit at which `branch` stands, if it is one of `tree` on top of `parent`.
    pub fn commit_on(
        &self,
        branch: &str,
        parent: &str,
        tree: &str,
    ) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let Ok(branch) = repo.find_branch(branch, git2::BranchType::Local) else {
            return Ok(None);
        };
        let Ok(commit) = branch.get().peel_to_commit() else {
            return Ok(None);
        };
        let parents: Vec<String> = commit.parent_ids().map(|id| id.to_string()).collect();
        let is_it = parents == [parent] && commit.tree_id().to_string() == tree;
        Ok(is_it.then(|| commit.id().to_string()))
    }

    /// Makes a commit that no branch knows of yet.
    pub fn commit_on_top(&self, tip: &str, tree: &str, message: &str) -> Result<String, GitError> {
        self.commit_tree(tree, &[tip], message)
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;
    use crate::git::lookup::find_commit;

    #[test]
    fn a_commit_stands_on_its_branch_by_the_users_name() {
        let it = repository(&[("a.txt", "one\n")]);
        it.identify();
        it.repo.check_identity().unwrap();
        let tree = it.repo.tree(&it.first).unwrap();
        let words = "Subject\n\nBody.\n";
        let id = it.repo.commit("batch/r/01", &it.first, &tree, words);
        let id = id.unwrap();
        let repo = it.repo.open().unwrap();
        let made = find_commit(&repo, &id).unwrap();
        assert_eq!(made.author().name(), Ok("Ada"));
        assert_eq!(made.message(), Ok("Subject\n\nBody.\n"));
        assert_eq!(made.parent_id(0).unwrap().to_string(), it.first);
        let branch = repo.find_reference("refs/heads/batch/r/01").unwrap();
        assert_eq!(branch.target().unwrap().to_string(), id);
    }
}
