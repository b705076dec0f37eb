//! Brings a unit's work onto another commit where the files changed there too that commands made for the unit: the
//! commands make them again.

use std::collections::BTreeSet;

use super::action::NotDone;
use super::session::PrSession;
use crate::git::{CommitId, Merged, TreeId};
use crate::regenerate::Rules;
use crate::run::UnitState;
use crate::words;

/// The files that commands made for a unit and can make again.
pub(super) struct MadeFiles {
    files: BTreeSet<String>,
    /// Absent where there are no files.
    rules: Option<Rules>,
}

impl MadeFiles {
    /// Finds the files and commands for a merge of the unit's work into `onto`.
    pub(super) fn of(
        session: &PrSession,
        unit: &UnitState,
        onto: &CommitId,
    ) -> Result<Self, NotDone> {
        let files = unit.regenerated_files();
        let rules = if files.is_empty() {
            None
        } else {
            Some(session.regenerator.rules(onto)?)
        };
        Ok(Self { files, rules })
    }

    /// Checks whether a command made the file for the unit and can make it again.
    pub(super) fn has(&self, path: &str) -> bool {
        let rules = self.rules.as_ref();
        self.files.contains(path) && rules.is_some_and(|rules| rules.make(path))
    }

    /// Makes the stale files of a merge into `onto` again; returns the tree, and words about what was made.
    pub(super) async fn make_again(
        &self,
        session: &PrSession,
        onto: &CommitId,
        merged: &Merged,
    ) -> Result<(TreeId, Option<String>), NotDone> {
        let Some(rules) = self.rules.as_ref().filter(|_| !merged.stale.is_empty()) else {
            return Ok((merged.tree.clone(), None));
        };
        let tree = session.regenerator.make_again(onto, merged, rules).await?;
        let names = words::few(merged.stale.iter().map(|path| words::line(path)), NAMED);
        Ok((tree, Some(format!("{names} made again"))))
    }
}

/// A message names at most so many files.
const NAMED: usize = 3;
