//! The step of a unit that proves its work: the changes in the checkout are compared with the claim and with what other
//! units hold, and the proven tree is the tree that will be committed.

use std::collections::BTreeSet;

use crate::agent::Restart;
use crate::config::ScopeRule;
use crate::git::{Changes, CommitId, GitError, TreeId};
use crate::run::job::leftovers::{leftovers, scratch};
use crate::run::job::path_holders::PathHolders;
use crate::run::job::scope::{Judgement, Shared, feedback, judge, reason, unreadable};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::{Acquired, CarriedWork, Regenerated, Sharing, StandsOn, UnitFact};
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};
use crate::run::unit::forms::restore_forms;
use crate::run::unit::regenerate;
use crate::run::unit::tidy::tidy;
use crate::run::unit::work::Work;
use crate::run::workspace::checkout::KeptTree;
use crate::words;

/// A fact names at most so many shared paths.
const SHARED_NAMED: usize = 10;

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
        prove_again(unit, step, whole.as_ref().unwrap_or(&changes))?;
        return Ok(Some(ProvenChange { tree, changes }));
    }
    unit.begin(step, None).await?;
    let left = left_by_agent(unit, state.attempt.left_by_agent).await?;
    let left = tidy(unit, prepared, left).await?;
    let work = Work::of(unit, prepared.tree.clone(), left.clone()).await?;
    let (work, left_out) = leave_out_leftovers(unit, work).await?;
    let (work, left_to_others) = leave_to_others(unit, work).await?;
    if work.changes.list.is_empty() {
        return Ok(None);
    }
    let work = restore_forms(unit, work).await?;
    let carried = work.tree.clone();
    let made = unit.job.found.rules.made_again(&work.changes);
    // Nothing is made for work that is not proven, or that others have to come before.
    let shared = judge_made(unit, &work, &made)?;
    if !shared.is_empty() {
        let other = stands_on(unit, prepared, &shared, carried, made).await?;
        return Err(Halt::StandsOn(Box::new(other)));
    }
    let (work, regenerated) = regenerate(unit, &left, work).await?;
    if work.changes.list.is_empty() {
        return Ok(None);
    }
    let (whole, tree) = committed(unit, &start, merge_base, &work, &regenerated).await?;
    let changes = work.changes;
    let judged = whole.as_ref().unwrap_or(&changes);
    let made_files = made_files(unit, &regenerated);
    let shared = {
        // Between the look at what others hold and the record of what this unit holds, no other unit may be judged.
        let _turn = unit.scope_turn.lock().await;
        let holders = unit.holders.borrow().clone();
        let judgement = judge_changes(unit, &holders, judged, &made_files)?;
        if judgement.shared.is_empty() {
            unit.say(UnitFact::ScopeProven {
                tree: tree.clone(),
                changes: (&changes).into(),
                acquired: judgement.acquired,
                claimed_changed: Some(claimed_changed(unit, &changes)),
                left_out,
                left_to_others,
                regenerated,
            })
            .await?;
            return Ok(Some(ProvenChange { tree, changes }));
        }
        judgement.shared
    };
    let other = stands_on(unit, prepared, &shared, carried, made).await?;
    Err(Halt::StandsOn(Box::new(other)))
}

/// Reads what the agent left. Where a process was killed while commands made files again, the checkout is put back to
/// what the agent had left.
async fn left_by_agent(unit: &UnitContext, known: Option<TreeId>) -> Result<TreeId, Halt> {
    let Some(left) = known else {
        return read_work(unit).await;
    };
    let (checkout, tree) = (unit.checkout.clone(), left.clone());
    unit.git(Step::Scope, move |_| checkout.put_back(&tree))
        .await?;
    Ok(left)
}

/// Counts the claimed files among the changes.
fn claimed_changed(unit: &UnitContext, changes: &Changes) -> usize {
    let paths: BTreeSet<&[u8]> = changes.list.iter().map(|it| it.path.as_slice()).collect();
    let claim = unit.unit().claim.files.iter();
    claim.filter(|path| paths.contains(path.as_bytes())).count()
}

/// Judges work before commands make the files `made` again, and returns what others had changed before the unit. A unit
/// with a follow-up is judged by all that its pull request changes, later.
fn judge_made(unit: &UnitContext, work: &Work, made: &[String]) -> Result<Vec<Shared>, Halt> {
    if made.is_empty() || unit.state().follow_up.is_some() {
        return Ok(Vec::new());
    }
    let holders = unit.holders.borrow().clone();
    let made = made.iter().cloned().collect();
    Ok(judge_changes(unit, &holders, &work.changes, &made)?.shared)
}

/// Makes files again that follow from the work.
async fn regenerate(
    unit: &UnitContext,
    left: &TreeId,
    work: Work,
) -> Result<(Work, Vec<Regenerated>), Halt> {
    let rules = &unit.job.found.rules;
    if rules.due_beside(&work.changes, &BTreeSet::new()).is_none() {
        return Ok((work, Vec::new()));
    }
    regenerate::begin(unit, left).await?;
    regenerate::regenerate(unit, work).await
}

/// Returns the tree that is to be committed, and, for a follow-up, all that its pull request then changes.
async fn committed(
    unit: &UnitContext,
    start: &CommitId,
    merge_base: Option<CommitId>,
    work: &Work,
    regenerated: &[Regenerated],
) -> Result<(Option<Changes>, TreeId), Halt> {
    let (start, before, after) = (start.clone(), work.before.clone(), work.tree.clone());
    let made: Vec<String> = Regenerated::files_of(regenerated)
        .map(str::to_owned)
        .collect();
    let checkout = unit.checkout.clone();
    unit.git(Step::Scope, move |job| {
        let repo = &job.workspace.repo;
        // Only the agent's changes are committed, not the changes of setup.
        let tree = if before == job.tree(&start)? {
            after
        } else {
            let own = repo.with_paths_of(&after, &before, &made)?;
            let own = repo.apply_changes(&start, &before, &own)?;
            repo.with_paths_of(&own, &after, &made)?
        };
        checkout.keep_tree(KeptTree::Proven, &tree)?;
        // Paths that an earlier round created are the unit's too, but only against the merge base.
        let whole = merge_base.map(|from| repo.changes(&from, &tree));
        Ok((whole.transpose()?, tree))
    })
    .await
}

/// Returns all files of the unit that commands made: now, and in earlier rounds on its pull request.
fn made_files(unit: &UnitContext, regenerated: &[Regenerated]) -> BTreeSet<String> {
    let mut files = unit.state().regenerated_files();
    files.extend(Regenerated::files_of(regenerated).map(str::to_owned));
    files
}

/// Takes the new files that tools and agents left behind out of the work, and returns them.
async fn leave_out_leftovers(unit: &UnitContext, work: Work) -> Result<(Work, Vec<String>), Halt> {
    let ownership = &unit.job.found.ownership;
    let claims = |path: &str| ownership.names(unit.number, path);
    let changes = &work.changes;
    let mut left = leftovers(changes, ownership.tracked(), claims);
    let further = &unit.job.spec.settings.content.scratch;
    let instruction = unit.instruction();
    let of_agents = scratch(further, &instruction, changes, ownership.tracked(), claims);
    left.extend(of_agents);
    left.sort_unstable();
    left.dedup();
    if left.is_empty() {
        return Ok((work, left));
    }
    Ok((work.without(unit, &left).await?, left))
}

/// Leaves the unit's own part of the work of a command that works on the whole repository, and returns how many changes
/// of files of other units are not in it. A coding agent is told its files and has to keep to them.
async fn leave_to_others(unit: &UnitContext, work: Work) -> Result<(Work, usize), Halt> {
    let is_told = unit.assignment().agent.restart() == Restart::AsLeft;
    let rule = unit.job.spec.scope_rule();
    if is_told || rule == ScopeRule::Listed || unit.state().follow_up.is_some() {
        return Ok((work, 0));
    }
    let holders = unit.holders.borrow().clone();
    let ownership = &unit.job.found.ownership;
    let made = unit.job.found.rules.made_again(&work.changes);
    let made_files = made.iter().cloned().collect();
    let judgement = judge(
        ownership,
        &holders,
        rule,
        unit.number,
        &work.changes,
        &made_files,
    );
    if judgement.foreign.is_empty() {
        return Ok((work, 0));
    }
    let mut others = judgement.paths_of_others();
    let count = others.len();
    // They follow from the changes of all units; the unit makes them again from its own.
    others.extend(made);
    let work = work.without(unit, &others).await?;
    // The checks judge the unit's own part alone.
    let (checkout, own) = (unit.checkout.clone(), work.tree.clone());
    unit.git(Step::Scope, move |_| checkout.put_back(&own))
        .await?;
    Ok((work, count))
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
    let feedback = matches!(
        error,
        GitError::Program { .. }
            | GitError::NoFile { .. }
            | GitError::TooMuch { .. }
            | GitError::TooDeep { .. }
    );
    let feedback = feedback.then(|| unreadable(&reason));
    Err(Halt::Failed(Failure {
        feedback,
        ..Failure::new(step, reason)
    }))
}

/// Compares all that a commit changes since the commit `from` with the claim and with what the unit holds.
pub(crate) async fn prove_commit(
    unit: &UnitContext,
    from: CommitId,
    commit: CommitId,
) -> Result<(), Halt> {
    let step = Step::Push;
    let changes = unit
        .git(step, move |job| job.workspace.repo.changes(&from, &commit))
        .await?;
    prove_again(unit, step, &changes)
}

/// Proves changes that were proven before: they may hold no path that the unit did not hold then.
fn prove_again(unit: &UnitContext, step: Step, changes: &Changes) -> Result<(), Halt> {
    let holders = unit.holders.borrow().clone();
    let state = unit.state();
    let judgement = judge_unshared(unit, &holders, changes, &state.regenerated_files());
    let mut faults = judgement.all_faults();
    let known = state.acquired();
    let is_known = |acquired: &Acquired| known.iter().any(|known| acquired.is_within(known));
    if !judgement.acquired.is_empty() && !is_known(&judgement.acquired) {
        faults.extend(judgement.acquired.paths().into_iter().map(|path| {
            format!(
                "{}: the unit did not hold it when its work was proven",
                words::line(path)
            )
        }));
    }
    refuse(step, &faults)
}

/// Judges changes; what the unit may neither hold nor share is a fault.
fn judge_changes(
    unit: &UnitContext,
    holders: &PathHolders,
    changes: &Changes,
    made: &BTreeSet<String>,
) -> Result<Judgement, Halt> {
    let judgement = if unit.state().follow_up.is_some() {
        judge_unshared(unit, holders, changes, made)
    } else {
        let found = &unit.job.found;
        let rule = unit.job.spec.scope_rule();
        judge(&found.ownership, holders, rule, unit.number, changes, made)
    };
    refuse(Step::Scope, &judgement.all_faults())?;
    Ok(judgement)
}

/// Judges changes of a unit that cannot start again: what another unit changed before is a fault.
fn judge_unshared(
    unit: &UnitContext,
    holders: &PathHolders,
    changes: &Changes,
    made: &BTreeSet<String>,
) -> Judgement {
    let found = &unit.job.found;
    let rule = unit.job.spec.scope_rule();
    let mut judgement = judge(&found.ownership, holders, rule, unit.number, changes, made);
    let shared = std::mem::take(&mut judgement.shared);
    let same_path = shared.iter().filter(|it| it.why == Sharing::SamePath);
    judgement
        .faults
        .extend(same_path.map(|it| it.line(holders)));
    judgement
}

fn refuse(step: Step, faults: &[String]) -> Result<(), Halt> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(Halt::Failed(Failure {
        feedback: Some(feedback(faults)),
        ..Failure::new(step, reason(faults))
    }))
}

/// Describes on which units the unit starts again, and keeps the work of its agent, `after`. Commands make the files
/// `made` again then.
async fn stands_on(
    unit: &UnitContext,
    prepared: &Prepared,
    shared: &[Shared],
    after: TreeId,
    made: Vec<String>,
) -> Result<StandsOn, Halt> {
    let is_same_path = shared.iter().any(|it| it.why == Sharing::SamePath);
    let places: BTreeSet<usize> = shared
        .iter()
        .flat_map(|it| it.with.iter().copied())
        .collect();
    let units = places
        .into_iter()
        .filter_map(|place| unit.holders.borrow().id(place).cloned());
    let mut paths: Vec<String> = shared.iter().map(|it| it.path.clone()).collect();
    paths.truncate(SHARED_NAMED);
    let work = if unit.job.candidates() == 1 {
        let (checkout, before) = (unit.checkout.clone(), prepared.tree.clone());
        let (kept_before, kept_after) = (before.clone(), after.clone());
        unit.git(Step::Scope, move |_| {
            checkout.keep_tree(KeptTree::CarriedBefore, &kept_before)?;
            checkout.keep_tree(KeptTree::CarriedAfter, &kept_after)
        })
        .await?;
        let attempt = unit.state().attempt;
        vec![CarriedWork {
            before,
            after,
            made,
            took_ms: attempt.agent_took_ms.unwrap_or_default(),
            summary: attempt.summary,
            session: attempt.session,
        }]
    } else {
        Vec::new()
    };
    Ok(StandsOn {
        units: units.collect(),
        why: if is_same_path {
            Sharing::SamePath
        } else {
            Sharing::SameNumber
        },
        paths,
        work,
    })
}
