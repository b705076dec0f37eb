//! The files of a base with work on top of it that exists already: a unit's files may be in the base or in the work.

use std::collections::BTreeMap;

use super::error::PlanError;
use crate::git::{CommitId, Entry, FileChange, GitError, Repo};

/// The files of a base with work on top of it.
pub(super) struct FilesOfWork<'a> {
    pub(super) repo: &'a Repo,
    pub(super) base: &'a CommitId,
    pub(super) work: &'a CommitId,
}

impl<'a> FilesOfWork<'a> {
    /// Returns the files of a plan of existing work; `None` for any other plan.
    ///
    /// # Errors
    /// Where the repository does not have the work any more.
    pub(super) fn of(
        repo: &'a Repo,
        base: &'a CommitId,
        work: Option<&'a CommitId>,
    ) -> Result<Option<Self>, PlanError> {
        let Some(work) = work else {
            return Ok(None);
        };
        if !repo.has_commit(work)? {
            return Err(PlanError::WorkGone(work.clone()));
        }
        Ok(Some(Self { repo, base, work }))
    }

    /// Lists what the base or the work has, in the order of the paths; what both have is as in the work.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, GitError> {
        let before = self.repo.entries(self.base)?;
        let after = self.repo.entries(self.work)?;
        let all = before.into_iter().chain(after);
        let by_path: BTreeMap<Vec<u8>, Entry> =
            all.map(|entry| (entry.path.clone(), entry)).collect();
        Ok(by_path.into_values().collect())
    }

    /// Returns the old and the new name of each file that the work renames.
    pub(super) fn renamed(&self) -> Result<Vec<(String, String)>, GitError> {
        let changes = self.repo.file_changes(self.base, self.work)?.into_iter();
        let renamed = changes.filter_map(|change| match change {
            FileChange::Renamed { from, to, .. } => Some((from, to)),
            _ => None,
        });
        Ok(renamed.collect())
    }
}
