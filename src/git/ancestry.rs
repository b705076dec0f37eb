//! How commits descend from each other.

use super::error::{During, GitError};
use super::id::CommitId;
use super::lookup::find_commit;
use super::repo::Repo;

impl Repo {
    /// Whether a commit is another one, or comes after it.
    pub fn contains(&self, later: &str, earlier: &str) -> Result<bool, GitError> {
        let repo = self.open()?;
        let during = || format!("{later} cannot be compared with {earlier}");
        let id = |text| git2::Oid::from_str(text).during(during);
        let (later, earlier) = (id(later)?, id(earlier)?);
        Ok(later == earlier || repo.graph_descendant_of(later, earlier).during(during)?)
    }

    /// Where two commits have parted; nothing where they have nothing in common.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, GitError> {
        let repo = self.open()?;
        let during = || format!("{one} cannot be compared with {other}");
        let id = |text| git2::Oid::from_str(text).during(during);
        match repo.merge_base(id(one)?, id(other)?) {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            found => Ok(Some(found.during(during)?.to_string())),
        }
    }

    /// How many commits `one` has that `other` has not, and the other way round.
    pub fn ahead_behind(&self, one: &str, other: &str) -> Result<(usize, usize), GitError> {
        let repo = self.open()?;
        let id = |commit: &str| {
            git2::Oid::from_str(commit).during(|| format!("{commit} is no commit id"))
        };
        repo.graph_ahead_behind(id(one)?, id(other)?)
            .during(|| format!("the history between {one} and {other} cannot be read"))
    }

    /// Whether the commit joins just these, in this order.
    pub fn is_join_of(&self, commit: &str, joined: &[CommitId]) -> Result<bool, GitError> {
        let repo = self.open()?;
        let commit = find_commit(&repo, commit)?;
        Ok(commit
            .parent_ids()
            .map(|parent| parent.to_string())
            .eq(joined.iter().cloned()))
    }
}
