//! The step that leaves removals to a later unit: a check that fails with what the unit took away from unclaimed files,
//! and passes without, says that the work of other units still needs it.

use crate::run::job::late_units::LateKind;
use crate::run::log::check_result::CheckResult;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::{Acquired, DeferredRemovals, Regenerated, UnitFact};
use crate::run::unit::checks::checks;
use crate::run::unit::context::{Halt, Prepared, ProvenChange, UnitContext};
use crate::run::unit::regenerate::regenerate;
use crate::run::unit::work::Work;
use crate::run::workspace::checkout::KeptTree;

/// Runs the checks of proven work. Where they fail, they run again without the removals in unclaimed files.
pub(crate) async fn checked(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: ProvenChange,
) -> Result<(ProvenChange, Vec<CheckResult>), Halt> {
    let full = proven.tree.clone();
    let failure = match checks(unit).await {
        Ok(results) => return Ok((proven, results)),
        Err(Halt::Failed(failure)) if failure.step == Step::Check => failure,
        Err(halt) => return Err(halt),
    };
    if let Some(deferred) = unit.state().attempt.deferred {
        // An earlier process ended after the checks without the removals.
        let checkout = unit.checkout.clone();
        unit.git(Step::Check, move |_| checkout.put_back(&deferred.full))
            .await?;
        return Err(Halt::Failed(failure));
    }
    let Some(without) = defer_removals(unit, prepared, &proven).await? else {
        return Err(Halt::Failed(failure));
    };
    match checks(unit).await {
        Ok(results) => Ok((without, results)),
        Err(Halt::Failed(_)) => {
            // The agent goes on with its own work.
            let checkout = unit.checkout.clone();
            unit.git(Step::Check, move |_| checkout.put_back(&full))
                .await?;
            Err(Halt::Failed(failure))
        }
        Err(halt) => Err(halt),
    }
}

/// Takes the removals in unclaimed files out of the work; `None` where there are none, or no other unit could make
/// them.
async fn defer_removals(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
) -> Result<Option<ProvenChange>, Halt> {
    let state = unit.state();
    let is_late = unit.job.spec.late_kind(unit.number) == Some(LateKind::Removals);
    let is_alone = unit.job.spec.plan.units.len() < 2;
    if is_late || is_alone || state.follow_up.is_some() {
        return Ok(None);
    }
    let mut made = state.regenerated_files();
    let acquired = state.attempt.proven.map(|proven| proven.acquired);
    let acquired = acquired.unwrap_or_default();
    let (start, full, paths) = (
        prepared.start.clone(),
        proven.tree.clone(),
        acquired.companions.clone(),
    );
    let (checkout, files) = (unit.checkout.clone(), Vec::from_iter(made.clone()));
    let found = unit
        .git(Step::Check, move |job| {
            let repo = &job.workspace.repo;
            let Some((tree, paths)) = repo.without_removals(&start, &full, &paths)? else {
                return Ok(None);
            };
            let before = job.tree(&start)?;
            // They follow from what was taken away too.
            let tree = repo.with_paths_of(&tree, &before, &files)?;
            checkout.keep_tree(KeptTree::Deferred, &full)?;
            checkout.put_back(&tree)?;
            Ok(Some((before, tree, paths, full)))
        })
        .await?;
    let Some((before, tree, paths, full)) = found else {
        return Ok(None);
    };
    let work = Work::of(unit, before, tree).await?;
    let (Work { tree, changes, .. }, regenerated) = regenerate(unit, work).await?;
    let (checkout, kept) = (unit.checkout.clone(), tree.clone());
    unit.git(Step::Check, move |_| {
        checkout.keep_tree(KeptTree::Proven, &kept)
    })
    .await?;
    made.extend(Regenerated::files_of(&regenerated).map(str::to_owned));
    let is_left = |path: &String| {
        let mut list = changes.list.iter();
        list.any(|change| change.path == path.as_bytes())
    };
    let companions = acquired.companions.into_iter().filter(is_left).collect();
    unit.say(UnitFact::RemovalsDeferred(DeferredRemovals {
        tree: tree.clone(),
        changes: (&changes).into(),
        acquired: Acquired {
            companions,
            ..acquired
        },
        full,
        paths,
        regenerated,
        made: made.into_iter().collect(),
    }))
    .await?;
    Ok(Some(ProvenChange { tree, changes }))
}
