//! Answers how commits descend from each other.

use super::error::{Context, GitError};
use super::id::CommitId;
use super::lookup::{find_commit, oid};
use super::repo::Repo;

impl Repo {
    /// Checks whether `later` is `earlier` or descends from it.
    pub(crate) fn contains(&self, later: &CommitId, earlier: &CommitId) -> Result<bool, GitError> {
        let repo = self.open()?;
        let context = || format!("{later} cannot be compared with {earlier}");
        let (later, earlier) = (oid(later)?, oid(earlier)?);
        Ok(later == earlier || repo.graph_descendant_of(later, earlier).context(context)?)
    }

    /// Returns the merge base of two commits; `None` where they have no common ancestor.
    pub(crate) fn merge_base(
        &self,
        one: &CommitId,
        other: &CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        let repo = self.open()?;
        let context = || format!("{one} cannot be compared with {other}");
        match repo.merge_base(oid(one)?, oid(other)?) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            found => Ok(Some(CommitId::new(found.context(context)?.to_string()))),
        }
    }

    /// Counts the commits that only `one` has, and the commits that only `other` has.
    pub(crate) fn ahead_behind(
        &self,
        one: &CommitId,
        other: &CommitId,
    ) -> Result<(usize, usize), GitError> {
        let repo = self.open()?;
        repo.graph_ahead_behind(oid(one)?, oid(other)?)
            .context(|| format!("the history between {one} and {other} cannot be read"))
    }

    /// Checks whether the parents of `commit` are exactly these, in this order.
    pub(crate) fn is_join_of(
        &self,
        commit: &CommitId,
        joined: &[CommitId],
    ) -> Result<bool, GitError> {
        let repo = self.open()?;
        let commit = find_commit(&repo, commit)?;
        Ok(commit
            .parent_ids()
            .map(|parent| CommitId::new(parent.to_string()))
            .eq(joined.iter().cloned()))
    }
}
