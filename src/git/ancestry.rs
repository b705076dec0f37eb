//! Answers how commits descend from each other.

use super::error::{Context, GitError};
use super::id::CommitId;
use super::lookup::find_commit;
use super::repo::Repo;

impl Repo {
    /// Checks whether `later` is `earlier` or descends from it.
    pub(crate) fn contains(&self, later: &str, earlier: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        let context = || format!("{later} cannot be compared with {earlier}");
        let id = |text| git2::Oid::from_str(text).context(context);
        let (later, earlier) = (id(later)?, id(earlier)?);
        Ok(later == earlier || repo.graph_descendant_of(later, earlier).context(context)?)
    }

    /// Returns the merge base of two commits; `None` where they have no common ancestor.
    pub(crate) fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let context = || format!("{one} cannot be compared with {other}");
        let id = |text| git2::Oid::from_str(text).context(context);
        match repo.merge_base(id(one)?, id(other)?) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            found => Ok(Some(found.context(context)?.to_string())),
        }
    }

    /// Counts the commits that only `one` has, and the commits that only `other` has.
    pub(crate) fn ahead_behind(&self, one: &str, other: &str) -> Result<(usize, usize), GitError> {
        let repo = self.open()?;
        let id = |commit: &str| {
            git2::Oid::from_str(commit).context(|| format!("{commit} is not a commit id"))
        };
        repo.graph_ahead_behind(id(one)?, id(other)?)
            .context(|| format!("the history between {one} and {other} cannot be read"))
    }

    /// Checks whether the parents of `commit` are exactly these, in this order.
    pub(crate) fn is_join_of(&self, commit: &str, joined: &[CommitId]) -> Result<bool, GitError> {
        let repo = self.open()?;
        let commit = find_commit(&repo, commit)?;
        Ok(commit
            .parent_ids()
            .map(|parent| parent.to_string())
            .eq(joined.iter().cloned()))
    }
}
