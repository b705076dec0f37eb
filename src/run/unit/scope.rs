//! The step of a unit that proves its work: the changes in the checkout are compared with the claim, and the proven
//! tree is the tree that will be committed.

use crate::git::{Changes, CommitId, GitError, TreeId};
use crate::run::job::scope::{feedback, outside, reason, unreadable};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};
use crate::run::workspace::checkout::KeptTree;
use crate::words;

/// Compares the changes with the claim; `None` when nothing changed. A tree that an earlier process proved is proven
/// again.
pub(crate) async fn scope(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<Option<ProvenChange>, Halt> {
    let step = Step::Scope;
    let state = unit.state();
    let start = prepared.start.clone();
    let merge_base = state.follow_up.map(|open| open.follow_up.merge_base);
    if let Some(proven) = state.attempt.proven {
        // Checks may have written into the checkout since then, so the tree that was proven counts.
        let tree = proven.tree.clone();
        let (changes, whole) = unit
            .git(step, move |job| {
                let repo = &job.workspace.repo;
                let changes = repo.changes(&start, &proven.tree)?;
                let whole = merge_base.map(|from| repo.changes(&from, &proven.tree));
                Ok((changes, whole.transpose()?))
            })
            .await?;
        prove(unit, step, whole.as_ref().unwrap_or(&changes))?;
        return Ok(Some(ProvenChange { tree, changes }));
    }
    unit.begin(step, None).await?;
    let after = read_work(unit).await?;
    if after == prepared.tree {
        return Ok(None);
    }
    let before = prepared.tree.clone();
    let checkout = unit.checkout.clone();
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
            checkout.keep_tree(KeptTree::Proven, &tree)?;
            // Paths that an earlier round created are the unit's too, but only against the merge base.
            let whole = merge_base.map(|from| repo.changes(&from, &tree));
            Ok((changes, whole.transpose()?, tree))
        })
        .await?;
    prove(unit, step, whole.as_ref().unwrap_or(&changes))?;
    unit.say(UnitFact::ScopeProven {
        tree: tree.clone(),
        changes: (&changes).into(),
    })
    .await?;
    Ok(Some(ProvenChange { tree, changes }))
}

/// Writes the content of the checkout as a tree. Where git cannot read what is there, the agent may be able to mend it.
async fn read_work(unit: &UnitContext) -> Result<TreeId, Halt> {
    let step = Step::Scope;
    let checkout = unit.checkout.clone();
    let error = match unit.git_result(move |_| checkout.snapshot()).await? {
        Ok(tree) => return Ok(tree),
        Err(error) => error,
    };
    let reason = words::chain(&error);
    let feedback = matches!(error, GitError::Program { .. } | GitError::NoFile { .. });
    let feedback = feedback.then(|| unreadable(&reason));
    Err(Halt::Failed(Failure {
        feedback,
        ..Failure::new(step, reason)
    }))
}

/// Compares all that a commit changes since the commit `from` with the claim.
pub(crate) async fn prove_commit(
    unit: &UnitContext,
    from: CommitId,
    commit: CommitId,
) -> Result<(), Halt> {
    let step = Step::Push;
    let changes = unit
        .git(step, move |job| job.workspace.repo.changes(&from, &commit))
        .await?;
    prove(unit, step, &changes)
}

fn prove(unit: &UnitContext, step: Step, changes: &Changes) -> Result<(), Halt> {
    let faults = outside(&unit.job.found.ownership, unit.number, changes);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Halt::Failed(Failure {
        feedback: Some(feedback(&faults)),
        ..Failure::new(step, reason(&faults))
    }))
}
