//! The step of a unit in which its work is proven: what really changed in the worktree is held against the claim, and the
//! tree that is proven is the one that will be committed.

use crate::run::job::scope::{feedback, outside, reason};
use crate::run::log::event::{Step, UnitFact};
use crate::run::log::state::UnitState;
use crate::run::unit::context::{Checkout, Failure, Halt, Pipeline, ProvenChange};

impl Pipeline {
    /// Holds what really changed against the claim; nothing when nothing changed.
    pub(crate) async fn scope(
        &self,
        ground: &Checkout,
        known: &UnitState,
    ) -> Result<Option<ProvenChange>, Halt> {
        let step = Step::Scope;
        if let Some(tree) = known.proven.clone() {
            // Checks may have written into the worktree since: what was proven then is what counts.
            let (start, after) = (ground.start.clone(), tree.clone());
            let changes = self
                .git(step, move |job| job.repo.changes(&start, &after))
                .await?;
            return Ok(Some(ProvenChange { tree, changes }));
        }
        self.begin(step, None).await?;
        let after = self.snapshot(step, ground).await?;
        if after == ground.prepared {
            return Ok(None);
        }
        let (start, prepared) = (ground.start.clone(), ground.prepared.clone());
        let mending = known.round.as_ref().map(|round| &round.mending);
        let whole_from = mending.map(|mending| mending.ground.clone());
        let (changes, whole, tree) = self
            .git(step, move |job| {
                let changes = job.repo.changes(&prepared, &after)?;
                // Only what the agent did is committed, not what setup did before it.
                let tree = if prepared == job.repo.tree(&start)? {
                    after
                } else {
                    job.repo.graft(&start, &prepared, &after)?
                };
                // What it created before is the unit's, too, but only against what was there before that.
                let whole = whole_from.map(|from| job.repo.changes(&from, &tree));
                Ok((changes, whole.transpose()?, tree))
            })
            .await?;
        let whole = whole.as_ref().unwrap_or(&changes);
        let faults = outside(&self.job.ownership, self.number, whole);
        if !faults.is_empty() {
            return Err(Halt::Failed(Failure {
                feedback: Some(feedback(&faults)),
                ..Failure::new(step, reason(&faults))
            }));
        }
        self.say(UnitFact::ScopeProven {
            tree: tree.clone(),
            changes: (&changes).into(),
        })
        .await?;
        Ok(Some(ProvenChange { tree, changes }))
    }
}
