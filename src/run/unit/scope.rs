//! The step of a unit that proves its work: the changes in the checkout are compared with the claim, and the proven
//! tree is the tree that will be committed.

use crate::run::job::scope::{feedback, outside, reason};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};

/// Compares the changes with the claim; `None` when nothing changed.
pub(crate) async fn scope(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<Option<ProvenChange>, Halt> {
    let step = Step::Scope;
    let state = unit.state();
    let start = prepared.start.clone();
    if let Some(proven) = state.attempt.proven {
        // Checks may have written into the checkout since then, so the tree that was proven counts.
        let tree = proven.tree.clone();
        let changes = unit
            .git(step, move |job| {
                job.workspace.repo.changes(&start, &proven.tree)
            })
            .await?;
        return Ok(Some(ProvenChange { tree, changes }));
    }
    unit.begin(step, None).await?;
    let after = unit.snapshot(step).await?;
    if after == prepared.tree {
        return Ok(None);
    }
    let before = prepared.tree.clone();
    let merge_base = state.follow_up.map(|open| open.follow_up.merge_base);
    let (changes, whole, tree) = unit
        .git(step, move |job| {
            let repo = &job.workspace.repo;
            let changes = repo.changes(&before, &after)?;
            // Only the agent's changes are committed, not the changes of setup.
            let tree = if before == job.tree(&start)? {
                after
            } else {
                repo.apply_changes(&start, &before, &after)?
            };
            // Paths that an earlier round created are the unit's too, but only against the merge base.
            let whole = merge_base.map(|from| repo.changes(&from, &tree));
            Ok((changes, whole.transpose()?, tree))
        })
        .await?;
    let whole = whole.as_ref().unwrap_or(&changes);
    let faults = outside(&unit.job.found.ownership, unit.number, whole);
    if !faults.is_empty() {
        return Err(Halt::Failed(Failure {
            feedback: Some(feedback(&faults)),
            ..Failure::new(step, reason(&faults))
        }));
    }
    unit.say(UnitFact::ScopeProven {
        tree: tree.clone(),
        changes: (&changes).into(),
    })
    .await?;
    Ok(Some(ProvenChange { tree, changes }))
}
