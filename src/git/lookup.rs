//! Commits and trees by their ids.

use super::error::{During, GitError};
use super::repo::Repo;

impl Repo {
    /// Whether the repository holds this commit.
    pub fn has_commit(&self, id: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        Ok(git2::Oid::from_str(id).is_ok_and(|id| repo.find_commit(id).is_ok()))
    }

    /// The id of a commit's tree.
    pub fn tree(&self, commit: &str) -> Result<String, GitError> {
        Ok(tree_of(&self.open()?, commit)?.id().to_string())
    }
}

pub(super) fn find_commit<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Commit<'r>, GitError> {
    git2::Oid::from_str(commit)
        .and_then(|id| repo.find_commit(id))
        .during(|| format!("commit {commit} cannot be read"))
}

pub(super) fn tree_of<'r>(
    repo: &'r git2::Repository,
    commit: &str,
) -> Result<git2::Tree<'r>, GitError> {
    find_tree(repo, find_commit(repo, commit)?.tree_id())
}

/// The tree with this id, or of the commit with this id.
pub(super) fn any_tree<'r>(
    repo: &'r git2::Repository,
    id: &str,
) -> Result<git2::Tree<'r>, GitError> {
    git2::Oid::from_str(id)
        .and_then(|id| repo.find_object(id, None))
        .and_then(|object| object.peel_to_tree())
        .during(|| format!("the tree of {id} cannot be read"))
}

fn find_tree(repo: &git2::Repository, id: git2::Oid) -> Result<git2::Tree<'_>, GitError> {
    match repo.find_tree(id) {
        Err(error) if error.code() == git2::ErrorCode::NotFound && is_partial(repo) => {
            let missing = "some".to_owned();
            Err(GitError::Partial { missing })
        }
        found => found.during(|| format!("tree {id} cannot be read")),
    }
}

/// Whether the clone was made without some objects, which git fetches when it needs them (gitrepository-layout(5),
/// `git help partial-clone`). libgit2 does not.
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
