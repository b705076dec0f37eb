//! The step of a unit whose command works once for all units (`--once`): the first unit that comes to it has the
//! command work in a checkout of the base, and each unit takes its own part of the result.
//!
//! The result is kept in the repository and recorded, so that no later process has the command work again. Where the
//! command fails, each unit fails for the same reason.

use crate::agent::{Activity, Task, TaskKind, Work};
use crate::git::{Change, Changes, TreeId};
use crate::plan::claim::Division;
use crate::run::job::once::WholeFailure;
use crate::run::log::event::Event;
use crate::run::log::outcome::Step;
use crate::run::log::run_fact::{RunFact, WholeWork};
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::agent::done;
use crate::run::unit::base_checks::{make_checkout, take_away};
use crate::run::unit::bench::Bench;
use crate::run::unit::context::{Failure, Halt, Prepared, UnitContext, failure, milliseconds};
use crate::run::unit::turn::{begin_turn, turns};
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::naming::whole_work_ref;
use crate::words;

/// A message names at most so many paths.
const PATHS_NAMED: usize = 5;

/// Checks whether the unit takes a part of the one run of the command.
pub(crate) fn is_shared(unit: &UnitContext) -> bool {
    let state = unit.state();
    // A unit with a command of its own, or with a further round of work, works alone.
    unit.job.spec.is_once()
        && unit.job.spec.late_kind(unit.number).is_none()
        && state.amendment.agent.is_none()
        && state.follow_up.is_none()
}

/// Puts the unit's part of the work of the command into its checkout, and returns the command's text about its work.
pub(crate) async fn own_part(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<Option<String>, Halt> {
    begin_turn(unit).await?;
    let whole = unit.whole_work.get_or_try_init(|| work_once(unit));
    let whole = unit.unless_cancelled(whole).await??;
    let whole = whole.clone().map_err(failed)?;
    put_own_part(unit, prepared, &whole).await?;
    let WholeWork {
        took_ms, summary, ..
    } = whole;
    let finished = UnitFact::AgentFinished {
        took_ms,
        summary: summary.clone(),
        activity: Activity::default(),
    };
    unit.say(finished).await?;
    Ok(summary)
}

/// Fails a unit because the command failed.
fn failed(whole: WholeFailure) -> Halt {
    Halt::Failed(Failure {
        tail: whole.tail,
        log: whole.log,
        ..Failure::new(Step::Agent, whole.reason)
    })
}

/// Applies to the checkout what the command changed of the unit's own files, and of files that no unit claims and that
/// lie nearest to these.
async fn put_own_part(
    unit: &UnitContext,
    prepared: &Prepared,
    whole: &WholeWork,
) -> Result<(), Halt> {
    let (number, onto, checkout) = (unit.number, prepared.tree.clone(), unit.checkout.clone());
    let (before, after) = (whole.before.clone(), whole.after.clone());
    let conflicts = unit
        .git(Step::Agent, move |job| {
            let repo = &job.workspace.repo;
            let changes = repo.changes(&before, &after)?;
            // They follow from the changes of all units; the unit makes them again from its own.
            let made = job.found.rules.made_again(&changes);
            let division = Division::of(&job.spec.plan.units);
            let own: Vec<String> = paths(&changes)
                .filter(|path| {
                    division.unit_of(path) == number && !made.iter().any(|it| it == path)
                })
                .map(str::to_owned)
                .collect();
            let part = repo.with_paths_of(&before, &after, &own)?;
            let (tree, conflicts) = repo.put_together(&onto, &before, &part)?;
            checkout.put_back(&tree)?;
            Ok(conflicts)
        })
        .await?;
    if conflicts.is_empty() {
        return Ok(());
    }
    let names = words::few(conflicts.iter().map(|path| words::line(path)), PATHS_NAMED);
    let reason = format!("{names}: units that it needs changed the same places in another way");
    Err(failure(Step::Agent, reason))
}

/// Has the command work in a checkout of the base. An error ends this unit alone, and the next one tries again.
async fn work_once(unit: &UnitContext) -> Result<Result<WholeWork, WholeFailure>, Halt> {
    let checkout = unit.job.base_checkout();
    // Checks of the base use the same checkout, one after another.
    let mut of_checks = unit.base_checks.prepared.lock().await;
    *of_checks = None;
    let worked = work_in(unit, &checkout).await;
    let gone = checkout.clone();
    unit.git(Step::Agent, move |_| {
        gone.release();
        take_away(&gone)
    })
    .await?;
    match worked {
        Ok(whole) => {
            unit.say_event(Event::Run(RunFact::WorkedOnce(whole.clone())))
                .await?;
            Ok(Ok(whole))
        }
        Err(Halt::Failed(Failure {
            reason, tail, log, ..
        })) => Ok(Err(WholeFailure { reason, tail, log })),
        Err(halt) => Err(halt),
    }
}

async fn work_in(unit: &UnitContext, checkout: &Checkout) -> Result<WholeWork, Halt> {
    let step = Step::Agent;
    make_checkout(&Bench::of(unit), checkout).await?;
    let there = unit.in_checkout(checkout.clone());
    let before = there.snapshot(step).await?;
    let place = checkout.clone();
    unit.git(step, move |_| place.make_temp_dir()).await?;
    let task = task(unit, checkout)?;
    let assignment = unit.assignment();
    let prepared = Prepared {
        start: unit.job.base(),
        tree: before.clone(),
    };
    let end = turns(&there, &task, &assignment, &prepared).await?;
    let Work { took, summary, .. } = done(unit, &task, end)?;
    let after = there.snapshot(step).await?;
    keep(unit, &before, &after).await?;
    Ok(WholeWork {
        before,
        after,
        took_ms: milliseconds(took),
        summary,
    })
}

/// Keeps the result in the repository, where units can share it.
async fn keep(unit: &UnitContext, before: &TreeId, after: &TreeId) -> Result<(), Halt> {
    let (before, after) = (before.clone(), after.clone());
    let nameless = unit
        .git(Step::Agent, move |job| {
            let (repo, run) = (&job.workspace.repo, job.id());
            repo.keep_tree(&whole_work_ref(run, "before"), &before)?;
            repo.keep_tree(&whole_work_ref(run, "after"), &after)?;
            let changes = repo.changes(&before, &after)?;
            Ok(changes
                .list
                .into_iter()
                .find(|change| name(change).is_none()))
        })
        .await?;
    let Some(change) = nameless else {
        return Ok(());
    };
    let path = words::line(&String::from_utf8_lossy(&change.path));
    let reason = format!("it changed {path}, whose name is not UTF-8, so no unit can hold it");
    Err(failure(Step::Agent, reason))
}

fn paths(changes: &Changes) -> impl Iterator<Item = &str> {
    changes.list.iter().filter_map(name)
}

fn name(change: &Change) -> Option<&str> {
    str::from_utf8(&change.path).ok()
}

/// Describes the work on all units as one task.
fn task(unit: &UnitContext, checkout: &Checkout) -> Result<Task, Halt> {
    let assignment = unit.assignment();
    let whole = unit.job.spec.plan.whole();
    let prompt = unit.job.prompt_for(&whole, unit.number, None, &[]);
    let mut environment = unit.job.environment(checkout, unit.job.units.len());
    environment.set("BATCH_SEQUENCE", "1");
    Ok(Task {
        run: unit.job.id().to_string(),
        unit: whole.id.to_string(),
        instruction: assignment.instruction.clone(),
        prompt: prompt.map_err(|error| failure(Step::Agent, error.to_string()))?,
        claim: whole.claim,
        worktree: checkout.path().to_path_buf(),
        folder: unit.folder(),
        home: checkout.worker_folders().home(),
        environment,
        sandbox: checkout.sandbox(),
        limits: assignment.limits,
        kind: TaskKind::Change,
        feedback: None,
    })
}
