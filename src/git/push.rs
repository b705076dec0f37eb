//! Pushes branches, and recognises why a remote refused a push.
//!
//! The `git` program pushes, so that credential helpers and ssh set-up are the user's own. Every push names
//! the commit that it expects on the remote, so that nothing is overwritten unseen.

use tokio_util::sync::CancellationToken;

use super::error::GitError;
use super::id::{BranchName, CommitId};
use super::pre_push::PlannedPush;
use super::repo::Repo;

impl Repo {
    /// Pushes a commit, and nothing else, to a branch of the remote. A push that changes nothing is no error.
    ///
    /// The remote's branch must be at the commit that is replaced; without one, the remote must have no such branch.
    /// The local branch of that name plays no part, because somebody may have moved it. The caller has run the pre-push
    /// hook.
    pub(crate) fn push(
        &self,
        push: &PlannedPush,
        cancel: &CancellationToken,
    ) -> Result<(), GitError> {
        let PlannedPush {
            remote,
            branch,
            commit,
            replaced,
        } = push;
        let spec = format!("{commit}:refs/heads/{branch}");
        // The user's settings may add tags and the commits of submodules to every push.
        let alone = ["--no-follow-tags", "--recurse-submodules=no"];
        let expected = replaced.as_ref().map_or("", CommitId::as_str);
        let lease = format!("--force-with-lease=refs/heads/{branch}:{expected}");
        // A mirror would refuse to push one branch alone.
        let no_mirror = format!("remote.{remote}.mirror=false");
        // In the checkout's root, because a remote's address may be a relative path.
        self.git_in_checkout(["-c", &no_mirror, "push", "--quiet"])
            .args(&alone)
            .args(&[&lease])
            .args(&[remote, &spec])
            .over_network()
            .until(cancel)
            .run()
            .map(drop)
            .map_err(|error| match error {
                GitError::Program { reason, .. } => {
                    Refusal::of(&reason).error(remote, branch, reason)
                }
                other => other,
            })
    }

    /// Moves a remote's branch to `commit`, if it is at one of the `earlier` commits. A branch that the remote lacks,
    /// or that is at `commit` already, is left as it is.
    pub(crate) fn update_remote_branch(
        &self,
        remote: &str,
        branch: &BranchName,
        commit: &CommitId,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        match self.remote_branch(remote, branch)? {
            None => Ok(()),
            current => self.push_from(current, remote, branch, commit, earlier),
        }
    }

    /// Does the same as [`Self::update_remote_branch`], but creates a branch that the remote lacks.
    pub(crate) fn set_remote_branch(
        &self,
        remote: &str,
        branch: &BranchName,
        commit: &CommitId,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        let current = self.remote_branch(remote, branch)?;
        self.push_from(current, remote, branch, commit, earlier)
    }

    fn push_from(
        &self,
        current: Option<CommitId>,
        remote: &str,
        branch: &BranchName,
        commit: &CommitId,
        earlier: &[CommitId],
    ) -> Result<(), GitError> {
        match current {
            Some(current) if current == *commit => Ok(()),
            Some(current) if !earlier.contains(&current) => Err(moved(remote, branch)),
            current => {
                let never = CancellationToken::new();
                let push = PlannedPush {
                    remote: remote.to_owned(),
                    branch: branch.clone(),
                    commit: commit.clone(),
                    replaced: current,
                };
                self.push(&push, &never)
            }
        }
    }

    /// Deletes a branch of a remote, which the remote must have, if it is still at this commit.
    pub(crate) fn delete_remote_branch(
        &self,
        remote: &str,
        branch: &BranchName,
        commit: &CommitId,
    ) -> Result<(), GitError> {
        let lease = format!("--force-with-lease=refs/heads/{branch}:{commit}");
        let spec = format!(":refs/heads/{branch}");
        self.git_in_checkout(["push", "--quiet"])
            .args(&[&lease, remote, &spec])
            .over_network()
            .run()
            .map(drop)
            .map_err(|error| match error {
                GitError::Program { reason, .. } if Refusal::of(&reason) == Refusal::Moved => {
                    moved(remote, branch)
                }
                other => other,
            })
    }
}

/// Why a remote refused a push. Git has no error codes for this, so its message is searched here, and only here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The remote's branch is at another commit than expected.
    Moved,
    /// The user may not write to the repository.
    Denied,
    Other,
}

impl Refusal {
    fn of(message: &str) -> Self {
        if message.contains("stale info") {
            Self::Moved
        } else if message.contains(" denied to ") {
            // GitHub: "Permission to acme/shop.git denied to ada."
            Self::Denied
        } else {
            Self::Other
        }
    }

    fn error(self, remote: &str, branch: &BranchName, reason: String) -> GitError {
        let (remote, branch) = (remote.to_owned(), branch.to_string());
        match self {
            Self::Moved => GitError::BranchMoved { branch, remote },
            Self::Denied => GitError::PushDenied {
                branch,
                remote,
                reason,
            },
            Self::Other => GitError::PushRefused {
                branch,
                remote,
                reason,
            },
        }
    }
}

fn moved(remote: &str, branch: &BranchName) -> GitError {
    GitError::BranchMoved {
        branch: branch.to_string(),
        remote: remote.to_owned(),
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
        it.set_identity();
        let bare = it.beside("remote.git");
        git2::Repository::init_bare(&bare).unwrap();
        it.repo
            .open()
            .unwrap()
            .remote("origin", &bare.to_string_lossy())
            .unwrap();
        it
    }

    fn branch() -> BranchName {
        BranchName::new("batch/r/01")
    }

    fn commit(it: &Fixture) -> CommitId {
        let tree = it.repo.tree(&it.first).unwrap();
        it.repo
            .commit(&branch(), &it.first, &tree, "Subject\n\nBody.\n")
            .unwrap()
    }

    fn push(it: &Fixture, commit: &CommitId, replaced: Option<&CommitId>) -> Result<(), GitError> {
        let push = PlannedPush {
            remote: "origin".to_owned(),
            branch: branch(),
            commit: commit.clone(),
            replaced: replaced.cloned(),
        };
        it.repo.push(&push, &CancellationToken::new())
    }

    /// Has the remote refuse every push with this message.
    fn reject(it: &Fixture, message: &str) {
        let hook = it.beside("remote.git/hooks/pre-receive");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, format!("#!/bin/sh\necho '{message}' >&2\nexit 1\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_push_may_be_repeated() {
        let it = with_remote();
        let id = commit(&it);
        push(&it, &id, None).unwrap();
        push(&it, &id, None).unwrap();
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        let arrived = bare.find_reference("refs/heads/batch/r/01").unwrap();
        assert_eq!(arrived.target().unwrap().to_string(), id.as_str());
    }

    #[test]
    fn a_branch_that_somebody_else_moved_is_left_alone() {
        let it = with_remote();
        let id = commit(&it);
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        let push = |replaced| push(&it, &id, replaced);
        push(None).unwrap();
        // A push onto the first commit would be a fast-forward, but nobody asked for that either.
        let theirs = git2::Oid::from_str(it.first.as_str()).unwrap();
        let mut branch = bare.find_reference("refs/heads/batch/r/01").unwrap();
        branch.set_target(theirs, "moved").unwrap();
        let error = push(None).unwrap_err().to_string();
        assert!(
            error.contains("is not at the commit where this run left it"),
            "{error}"
        );
        assert!(push(Some(&id)).is_err());
        push(Some(&it.first)).unwrap();
        let now = bare.refname_to_id("refs/heads/batch/r/01").unwrap();
        assert_eq!(now.to_string(), id.as_str());
    }

    #[test]
    fn a_push_takes_no_tag_along() {
        let it = with_remote();
        let id = commit(&it);
        let repo = it.repo.open().unwrap();
        let mut config = repo.config().unwrap();
        config.set_bool("push.followTags", true).unwrap();
        let start = repo.revparse_single(it.first.as_str()).unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        repo.tag("mine", &start, &who, "not for others", false)
            .unwrap();
        push(&it, &id, None).unwrap();
        let bare = git2::Repository::open(it.beside("remote.git")).unwrap();
        assert!(bare.find_reference("refs/tags/mine").is_err());
    }

    #[test]
    fn a_refusal_has_the_remotes_own_message() {
        let it = with_remote();
        let id = commit(&it);
        reject(&it, "you may not push here");
        let error = push(&it, &id, None).unwrap_err();
        assert!(
            error.to_string().contains("you may not push here"),
            "{error}"
        );
    }
    #[test]
    fn a_push_without_write_access_is_denied() {
        let it = with_remote();
        let id = commit(&it);
        reject(&it, "Permission to acme/shop.git denied to ada.");
        let error = push(&it, &id, None).unwrap_err();
        assert!(matches!(error, GitError::PushDenied { .. }), "{error}");
    }
}
