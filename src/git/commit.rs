//! Commits of proven trees on a unit's own branch, and pushes of that branch.
//!
//! Both go through the `git` program, so that identity, signing, credential helpers, ssh set-up and push hooks are the
//! user's own. Nothing is ever overwritten unseen: a branch that moved elsewhere is refused by the remote, and said.

use tokio_util::sync::CancellationToken;

use super::removal::free_ref;
use super::{During, GitError, Repo};

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

    /// Whether a remote has a branch of this name. Asks the remote.
    pub fn remote_has_branch(&self, remote: &str, branch: &str) -> Result<bool, GitError> {
        Ok(self.remote_branch(remote, branch)?.is_some())
    }

    /// Whether there is a repository with branches behind a remote. Asks the remote.
    pub fn remote_has_branches(&self, remote: &str) -> Result<bool, GitError> {
        let out = self
            .git_in_checkout(["ls-remote", "--heads", "--", remote])
            .over_the_network()
            .run()?;
        Ok(!out.is_empty())
    }

    /// The commit at which a remote's branch of this name stands, if it has one. Asks the remote.
    pub fn remote_branch(&self, remote: &str, branch: &str) -> Result<Option<String>, GitError> {
        let name = format!("refs/heads/{branch}");
        let out = self
            .git_in_checkout(["ls-remote", "--", remote, &name])
            .over_the_network()
            .run()?;
        let out = String::from_utf8_lossy(&out);
        Ok(out.split_whitespace().next().map(str::to_owned))
    }

    /// Pushes a branch, and nothing else, to the branch of the same name. Pushing what is there already is no error.
    ///
    /// Only `replaced` is replaced, and only while it stands there; without it, only a new branch is made.
    pub fn push(
        &self,
        remote: &str,
        branch: &str,
        replaced: Option<&str>,
        cancel: &CancellationToken,
    ) -> Result<(), GitError> {
        let here = format!("refs/heads/{branch}");
        self.push_commit(remote, (&here, branch), replaced, cancel)
    }

    /// Like [`Self::push`], but pushes a commit by its name to the branch.
    pub(super) fn push_commit(
        &self,
        remote: &str,
        (commit, branch): (&str, &str),
        replaced: Option<&str>,
        cancel: &CancellationToken,
    ) -> Result<(), GitError> {
        let spec = format!("{commit}:refs/heads/{branch}");
        // From the checkout's root: a remote's address may be a relative path.
        // The user's settings may add tags and the commits of submodules to every push.
        let alone = ["--no-follow-tags", "--recurse-submodules=no"];
        let expected = replaced.unwrap_or_default();
        let lease = format!("--force-with-lease=refs/heads/{branch}:{expected}");
        self.git_in_checkout(["push", "--quiet"])
            .args(&alone)
            .args(&[&lease])
            .args(&[remote, &spec])
            .over_the_network()
            .until(cancel)
            .run()
            .map(drop)
            .map_err(|error| match without_lease(error, remote, branch) {
                GitError::Program { reason, .. } => GitError::PushRefused {
                    branch: branch.to_owned(),
                    remote: remote.to_owned(),
                    reason,
                },
                other => other,
            })
    }
}

/// Why a push with an expected old value failed: what git says where the branch stands elsewhere is told as such.
pub(super) fn without_lease(error: GitError, remote: &str, branch: &str) -> GitError {
    match error {
        GitError::Program { reason, .. } if reason.contains("stale info") => {
            GitError::BranchMoved {
                branch: branch.to_owned(),
                remote: remote.to_owned(),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::git::base::find_commit;
    use crate::git::fixture::{Fixture, repository};

    fn with_remote() -> Fixture {
        let it = repository(&[("a.txt", "one\n")]);
        let mut config = it.repo.open().unwrap().config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.org").unwrap();
        config.set_bool("commit.gpgSign", false).unwrap();
        let bare = it.beside("remote.git");
        git2::Repository::init_bare(&bare).unwrap();
        it.repo
            .open()
            .unwrap()
            .remote("origin", &bare.to_string_lossy())
            .unwrap();
        it
    }

    fn commit(it: &Fixture) -> String {
        let repo = it.repo.open().unwrap();
        let tree = find_commit(&repo, &it.first).unwrap().tree_id().to_string();
        it.repo
            .commit("batch/r/01", &it.first, &tree, "Subject\n\nBody.\n")
            .unwrap()
    }

    #[test]
    fn a_commit_stands_on_its_branch_by_the_users_name() {
        let it = with_remote();
        it.repo.check_identity().unwrap();
        let id = commit(&it);
        let repo = it.repo.open().unwrap();
        let made = find_commit(&repo, &id).unwrap();
        assert_eq!(made.author().name(), Ok("Ada"));
        assert_eq!(made.message(), Ok("Subject\n\nBody.\n"));
        assert_eq!(made.parent_id(0).unwrap().to_string(), it.first);
        let branch = repo.find_reference("refs/heads/batch/r/01").unwrap();
        assert_eq!(branch.target().unwrap().to_string(), id);
    }

    #[test]
    fn a_push_arrives_and_may_be_said_twice() {
        let it = with_remote();
        let id = commit(&it);
        it.repo
            .push("origin", "batch/r/01", None, &CancellationToken::new())
            .unwrap();
        it.repo
            .push("origin", "batch/r/01", None, &CancellationToken::new())
            .unwrap();
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        let arrived = bare.find_reference("refs/heads/batch/r/01").unwrap();
        assert_eq!(arrived.target().unwrap().to_string(), id);
    }

    #[test]
    fn a_branch_that_somebody_else_made_is_left_alone() {
        let it = with_remote();
        let id = commit(&it);
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        let push = |replaced| {
            let cancel = CancellationToken::new();
            it.repo.push("origin", "batch/r/01", replaced, &cancel)
        };
        push(None).unwrap();
        // The first commit is an older one of ours: to go on from it would be no force, and still is not asked for.
        let theirs = git2::Oid::from_str(&it.first).unwrap();
        let mut branch = bare.find_reference("refs/heads/batch/r/01").unwrap();
        branch.set_target(theirs, "moved").unwrap();
        let error = push(None).unwrap_err().to_string();
        assert!(
            error.contains("stands where this run did not leave it"),
            "{error}"
        );
        assert!(push(Some(&id)).is_err());
        push(Some(&it.first)).unwrap();
        let now = bare.refname_to_id("refs/heads/batch/r/01").unwrap();
        assert_eq!(now.to_string(), id);
    }

    #[test]
    fn no_tag_goes_along_with_a_push() {
        let it = with_remote();
        commit(&it);
        let repo = it.repo.open().unwrap();
        let mut config = repo.config().unwrap();
        config.set_bool("push.followTags", true).unwrap();
        let start = repo.revparse_single(&it.first).unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        repo.tag("mine", &start, &who, "not for others", false)
            .unwrap();
        it.repo
            .push("origin", "batch/r/01", None, &CancellationToken::new())
            .unwrap();
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        assert!(bare.find_reference("refs/tags/mine").is_err());
    }

    #[test]
    fn a_refusal_gives_the_remotes_own_words() {
        let it = with_remote();
        commit(&it);
        let hook = it.beside("remote.git/hooks/pre-receive");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(
            &hook,
            "#!/bin/sh\necho 'you may not push here' >&2\nexit 1\n",
        )
        .unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let error = it
            .repo
            .push("origin", "batch/r/01", None, &CancellationToken::new())
            .unwrap_err();
        assert!(
            error.to_string().contains("you may not push here"),
            "{error}"
        );
    }
}
