//! Looks up commits and trees by their ids.

use super::error::{Context, GitError};
use super::repo::Repo;

impl Repo {
    /// Checks whether the repository holds this commit.
    pub(crate) fn has_commit(&self, id: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        Ok(git2::Oid::from_str(id).is_ok_and(|id| repo.find_commit(id).is_ok()))
    }

    /// Returns the id of a commit's tree.
    pub(crate) fn tree(&self, commit: &str) -> Result<String, GitError> {
        Ok(tree_of(&self.open()?, commit)?.id().to_string())
    }
}

pub(super) fn find_commit<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Commit<'r>, GitError> {
    git2::Oid::from_str(commit)
        .and_then(|id| repo.find_commit(id))
        .context(|| format!("commit {commit} cannot be read"))
}

pub(super) fn tree_of<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Tree<'r>, GitError> {
    find_tree(repo, find_commit(repo, commit)?.tree_id())
}

/// Finds the tree with this id, or the tree of the commit with this id.
pub(super) fn any_tree<'r>(
    repo: &'r git2::Repository,
    id: &str,
) -> Result<git2::Tree<'r>, GitError> {
    git2::Oid::from_str(id)
        .and_then(|id| repo.find_object(id, None))
        .and_then(|object| object.peel_to_tree())
        .context(|| format!("the tree of {id} cannot be read"))
}

fn find_tree(repo: &git2::Repository, id: git2::Oid) -> Result<git2::Tree<'_>, GitError> {
    match repo.find_tree(id) {
        Err(error) if error.code() == git2::ErrorCode::NotFound && is_partial(repo) => {
            Err(GitError::PartialClone { missing: None })
        }
        found => found.context(|| format!("tree {id} cannot be read")),
    }
}

/// Checks whether this is a partial clone (gitrepository-layout(5), `git help partial-clone`). Git fetches the missing
/// objects when it needs them; libgit2 does not.
pub(super) fn is_partial(repo: &git2::Repository) -> bool {
    let Ok(config) = repo.config() else {
        return false;
    };
    let promises = |name: &str| {
        config
            .entries(Some(name))
            .is_ok_and(|mut it| it.next().is_some())
    };
    promises(r"^extensions\.partialclone$") || promises(r"^remote\..*\.promisor$")
}
