//! The work in a checkout between the agent and the proof: a tree that loses what is not the unit's, and gains what
//! commands make again.

use crate::git::{Changes, TreeId};
use crate::run::log::outcome::Step;
use crate::run::unit::context::{Halt, UnitContext};

/// The content of the checkout after the agent, with what it changes.
pub(crate) struct Work {
    /// The content before the agent worked.
    pub(crate) before: TreeId,
    pub(crate) tree: TreeId,
    pub(crate) changes: Changes,
}

impl Work {
    /// Compares two contents of a checkout.
    pub(crate) async fn of(unit: &UnitContext, before: TreeId, tree: TreeId) -> Result<Self, Halt> {
        let (from, to) = (before.clone(), tree.clone());
        let changes = unit
            .git(Step::Scope, move |job| {
                job.workspace.repo.changes(&from, &to)
            })
            .await?;
        Ok(Self {
            before,
            tree,
            changes,
        })
    }

    /// Returns the work without these paths, as if the agent had left them as they were. The checkout still has them.
    pub(crate) async fn without(self, unit: &UnitContext, paths: &[String]) -> Result<Self, Halt> {
        let (before, after, paths) = (self.before.clone(), self.tree, paths.to_vec());
        let tree = unit
            .git(Step::Scope, move |job| {
                job.workspace.repo.with_paths_of(&after, &before, &paths)
            })
            .await?;
        Self::of(unit, self.before, tree).await
    }

    /// Returns the paths that the work changes, where their names are UTF-8.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let list = self.changes.list.iter();
        list.filter_map(|change| str::from_utf8(&change.path).ok())
    }
}
