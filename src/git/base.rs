//! Finds the base: the commit that a plan is made for.

use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::repo::Repo;

/// The commit that a plan is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The full id of the commit.
    pub id: CommitId,
    /// The name that the user knows: `origin/main`, `HEAD`, `v1.2`.
    pub name: String,
    /// The branch that pull requests go to, without the remote's name; `None` when the base is not a branch.
    pub branch: Option<BranchName>,
}

impl Repo {
    /// Finds the base: `name` where given, else the remote's default branch where known, else HEAD.
    pub fn base(&self, name: Option<&str>, remote: Option<&str>) -> Result<Base, GitError> {
        let repo = self.open()?;
        if let Some(name) = name {
            return self.named_base(&repo, name, remote);
        }
        if let Some(remote) = remote
            && let Some(target) = lost_default(&repo, remote)
        {
            return Err(GitError::LostDefault {
                remote: remote.to_owned(),
                target,
            });
        }
        if let Some(remote) = remote
            && let Some((name, commit)) = remote_default(&repo, remote)
        {
            let branch = name
                .strip_prefix(&format!("{remote}/"))
                .map(BranchName::new);
            return Ok(Base {
                id: CommitId::new(commit.to_string()),
                name,
                branch,
            });
        }
        self.head_base(remote)
    }

    /// Returns HEAD of the checkout in which the user called batch, which need not be the main one.
    fn head_base(&self, remote: Option<&str>) -> Result<Base, GitError> {
        let here = git2::Repository::open(&self.root)
            .context(|| format!("the checkout {} cannot be opened", self.root.display()))?;
        let head = here.head().map_err(|error| match error.code() {
            git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound => GitError::NoCommits,
            _ => GitError::Library {
                what: "HEAD cannot be read".into(),
                fault: error,
            },
        })?;
        let commit = head
            .peel_to_commit()
            .context(|| "HEAD is not a commit".into())?;
        let branch = if head.is_branch() {
            head.shorthand().ok().map(BranchName::new)
        } else {
            remote.and_then(|remote| default_branch(&here, remote))
        };
        Ok(Base {
            id: CommitId::new(commit.id().to_string()),
            name: "HEAD".into(),
            branch,
        })
    }

    fn named_base(
        &self,
        repo: &git2::Repository,
        name: &str,
        remote: Option<&str>,
    ) -> Result<Base, GitError> {
        if name == "HEAD" {
            return self.head_base(remote);
        }
        let unknown = || GitError::UnknownBase {
            name: name.to_owned(),
            near: near_names(repo, name),
        };
        // Git would take the tag, and pull requests would go to the branch.
        let place = |folder: &str| repo.refname_to_id(&format!("refs/{folder}/{name}")).ok();
        if place("heads").is_some() && place("tags").is_some() {
            return Err(GitError::AmbiguousBase {
                name: name.to_owned(),
            });
        }
        let (object, reference) = repo.revparse_ext(name).map_err(|_| unknown())?;
        let commit = object.peel_to_commit().map_err(|_| unknown())?;
        let branch = reference
            .as_ref()
            .and_then(|reference| {
                let full = reference.name().ok()?;
                if let Some(local) = full.strip_prefix("refs/heads/") {
                    return Some(BranchName::new(local));
                }
                full.strip_prefix(&format!("refs/remotes/{}/", remote?))
                    .filter(|branch| *branch != "HEAD")
                    .map(BranchName::new)
            })
            .or_else(|| default_branch(repo, remote?));
        Ok(Base {
            id: CommitId::new(commit.id().to_string()),
            name: name.to_owned(),
            branch,
        })
    }
}

/// Returns the ref that `refs/remotes/origin/HEAD` names, where that ref does not exist.
fn lost_default(repo: &git2::Repository, remote: &str) -> Option<String> {
    let head = repo
        .find_reference(&format!("refs/remotes/{remote}/HEAD"))
        .ok()?;
    let target = head.symbolic_target().ok()??.to_owned();
    let short = target.strip_prefix("refs/remotes/").unwrap_or(&target);
    repo.find_reference(&target)
        .is_err()
        .then(|| short.to_owned())
}

/// Returns `origin/main` and its commit, where `refs/remotes/origin/HEAD` names it.
fn remote_default(repo: &git2::Repository, remote: &str) -> Option<(String, git2::Oid)> {
    let head = repo
        .find_reference(&format!("refs/remotes/{remote}/HEAD"))
        .ok()?;
    let target = head.resolve().ok()?;
    let commit = target.peel_to_commit().ok()?;
    Some((target.shorthand().ok()?.to_owned(), commit.id()))
}

fn default_branch(repo: &git2::Repository, remote: &str) -> Option<BranchName> {
    let (name, _) = remote_default(repo, remote)?;
    name.strip_prefix(&format!("{remote}/"))
        .map(BranchName::new)
}

/// Returns up to three branch and tag names that look like `name`.
pub(super) fn near_names(repo: &git2::Repository, name: &str) -> Vec<String> {
    let Ok(references) = repo.references() else {
        return Vec::new();
    };
    let mut scored: Vec<(f64, String)> = references
        .filter_map(Result::ok)
        .filter_map(|reference| reference.shorthand().ok().map(ToOwned::to_owned))
        .map(|candidate| {
            let last = candidate.rsplit('/').next().unwrap_or(&candidate);
            let similarity =
                strsim::jaro_winkler(name, &candidate).max(strsim::jaro_winkler(name, last));
            (similarity, candidate)
        })
        .filter(|(similarity, _)| *similarity > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.truncate(3);
    scored.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn without_a_remote_the_base_is_head() {
        let it = repository(&[("a.txt", "one\n")]);
        let base = it
            .repo
            .base(None, it.repo.remote(None).unwrap().as_deref())
            .unwrap();
        assert_eq!(base.name, "HEAD");
        assert!(it.repo.has_commit(&base.id).unwrap());
    }

    #[test]
    fn the_remotes_default_branch_wins_over_head() {
        let it = repository(&[("a.txt", "one\n")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        git.remote("origin", "https://example.org/shop.git")
            .unwrap();
        let first = git.head().unwrap().peel_to_commit().unwrap();
        git.reference("refs/remotes/origin/trunk", first.id(), true, "")
            .unwrap();
        git.reference_symbolic(
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/trunk",
            true,
            "",
        )
        .unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        let tree = first.tree().unwrap();
        git.commit(Some("HEAD"), &who, &who, "second", &tree, &[&first])
            .unwrap();

        let base = it
            .repo
            .base(None, it.repo.remote(None).unwrap().as_deref())
            .unwrap();
        assert_eq!(base.id.as_str(), first.id().to_string());
        assert_eq!(base.name, "origin/trunk");
        assert_eq!(base.branch, Some(BranchName::new("trunk")));
    }

    #[test]
    fn an_unknown_base_is_answered_with_similar_names() {
        let it = repository(&[("a.txt", "one\n")]);
        let git = git2::Repository::open(it.repo.root()).unwrap();
        let first = git.head().unwrap().peel_to_commit().unwrap();
        git.branch("release-2", &first, false).unwrap();
        let error = it.repo.base(Some("relaese-2"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no commit \"relaese-2\" in this repository; similar names: release-2"
        );
    }

    #[test]
    fn a_repository_without_a_commit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init(folder.path()).unwrap();
        let repo = Repo::discover(folder.path()).unwrap();
        assert!(matches!(repo.base(None, None), Err(GitError::NoCommits)));
    }
}
