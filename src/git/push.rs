//! Pushes of a unit's branch, and nothing else.
//!
//! They go through the `git` program, so that credential helpers, ssh set-up and push hooks are the user's own. Nothing is
//! ever overwritten unseen: a branch that moved elsewhere is refused by the remote, and said.

use tokio_util::sync::CancellationToken;

use super::error::GitError;
use super::id::CommitId;
use super::repo::Repo;

impl Repo {
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
    fn push_commit(
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

    /// Brings a remote's branch to where the local one of its name stands, if it still stands at one of the `earlier`
    /// commits. One that is not there, or is there already, is left as it is.
    pub fn push_again(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        match self.remote_branch(remote, branch)? {
            None => Ok(()),
            stands => self.push_from(stands, remote, branch, commit, earlier),
        }
    }

    /// Like [`Self::push_again`], but a branch that is not there is made.
    pub fn push_over(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        let stands = self.remote_branch(remote, branch)?;
        self.push_from(stands, remote, branch, commit, earlier)
    }

    fn push_from(
        &self,
        stands: Option<String>,
        remote: &str,
        branch: &str,
        commit: &str,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        match stands {
            Some(stands) if stands == commit => Ok(()),
            Some(stands) if !earlier.iter().any(|it| stands == *it) => Err(GitError::BranchMoved {
                branch: branch.to_owned(),
                remote: remote.to_owned(),
            }),
            stands => {
                // Whatever the branch of that name here has come to hold.
                let never = CancellationToken::new();
                self.push_commit(remote, (commit, branch), stands.as_deref(), &never)
            }
        }
    }

    /// Deletes a branch of a remote, if it still stands at this commit.
    pub fn delete_remote_branch(
        &self,
        remote: &str,
        branch: &str,
        commit: &str,
    ) -> Result<(), GitError> {
        if self.remote_branch(remote, branch)?.is_none() {
            return Ok(());
        }
        let lease = format!("--force-with-lease=refs/heads/{branch}:{commit}");
        let spec = format!(":refs/heads/{branch}");
        self.git_in_checkout(["push", "--quiet"])
            .args(&[&lease, remote, &spec])
            .over_the_network()
            .run()
            .map(drop)
            .map_err(|error| without_lease(error, remote, branch))
    }
}

/// Why a push with an expected old value failed: what git says where the branch stands elsewhere is told as such.
fn without_lease(error: GitError, remote: &str, branch: &str) -> GitError {
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
    use crate::git::fixture::{Fixture, repository};

    fn with_remote() -> Fixture {
        let it = repository(&[("a.txt", "one\n")]);
        it.identify();
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
        let tree = it.repo.tree(&it.first).unwrap();
        it.repo
            .commit("batch/r/01", &it.first, &tree, "Subject\n\nBody.\n")
            .unwrap()
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
