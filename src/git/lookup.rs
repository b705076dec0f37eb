//! Looks up commits and trees by their ids.

use super::error::{Context, GitError};
use super::id::{CommitId, TreeId, TreeIsh};
use super::repo::Repo;

impl Repo {
    /// Checks whether the repository holds this commit.
    pub(crate) fn has_commit(&self, id: &CommitId) -> Result<bool, GitError> {
        let repo = self.open()?;
        Ok(oid(id).is_ok_and(|id| repo.find_commit(id).is_ok()))
    }

    /// Returns the id of a commit's tree.
    pub(crate) fn tree(&self, commit: &CommitId) -> Result<TreeId, GitError> {
        let repo = self.open()?;
        let tree = tree_of(&repo, commit)?;
        Ok(TreeId::new(tree.id().to_string()))
    }
}

/// Returns the id in libgit2's form.
pub(super) fn oid(id: &impl TreeIsh) -> Result<git2::Oid, GitError> {
    let id = id.id();
    git2::Oid::from_str(id).context(|| format!("{id:?} is not an object id"))
}

pub(super) fn find_commit<'r>(
    repo: &'r git2::Repository,
    commit: &CommitId,
) -> Result<git2::Commit<'r>, GitError> {
    git2::Oid::from_str(commit.as_str())
        .and_then(|id| repo.find_commit(id))
        .context(|| format!("commit {commit} cannot be read"))
}

pub(super) fn tree_of<'r>(
    repo: &'r git2::Repository,
    commit: &CommitId,
) -> Result<git2::Tree<'r>, GitError> {
    find_tree(repo, find_commit(repo, commit)?.tree_id())
}

/// Finds the tree with this id, or the tree of the commit with this id.
pub(super) fn any_tree<'r>(
    repo: &'r git2::Repository,
    id: &impl TreeIsh,
) -> Result<git2::Tree<'r>, GitError> {
    let id = id.id();
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
