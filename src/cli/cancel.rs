//! `batch cancel` and `batch skip` leave a request for the process that drives a run, and report the answer.

use clap::Args;

use super::global::Global;
use super::request::{ask, refuse_unless_going, tell, who};
use super::workspace::known_run;
use crate::journal::RunLock;
use crate::report;
use crate::run::{KnownRun, Outcome, Phase, Request, Stop, UnitState};

#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Stop only this unit, by its id or a part of it; the others go on
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Let the running units finish, and start no others
    #[arg(long, conflicts_with = "unit")]
    drain: bool,
}

#[derive(Debug, Args)]
pub(super) struct SkipArgs {
    /// The id of a unit, or a part of it
    unit: String,
    /// Skip the unit although it has started: its agent is stopped, and the run goes on without it
    #[arg(long)]
    running: bool,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn cancel(global: &Global, args: &CancelArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    if let Some(said) = end_left_processes(&known)? {
        return tell(global, &known, None, &said);
    }
    let known = refuse_unless_going(known)?;
    let id = &known.state.id;
    let Some(wanted) = &args.unit else {
        let how = if args.drain { Stop::Drain } else { Stop::Now };
        let done = ask(global, &known, &Request::Stop { how }, |known| {
            let stop = known.state.stop;
            (stop.is_some() && (how == Stop::Drain || stop == Some(Stop::Now))).then_some(())
        })?;
        let said = match (done, how) {
            (None, _) => format!("run {id} has ended in the meantime"),
            (Some(()), Stop::Drain) => format!("run {id} starts no further unit"),
            (Some(()), Stop::Now) => {
                format!("run {id} is being stopped; batch resume continues it")
            }
        };
        return tell(global, &known, None, &said);
    };
    let unit = known.unit(wanted)?.header.id.clone();
    if let Phase::Ended(outcome) = &known.unit(wanted)?.phase {
        anyhow::bail!("unit {unit} has already ended: {}", outcome.words());
    }
    let request = Request::StopUnit {
        unit: unit.clone(),
        by: who(),
    };
    let outcome = ask(global, &known, &request, |known| {
        known.state.unit(&unit)?.outcome().cloned()
    })?;
    let said = match outcome {
        Some(Outcome::Stopped) => format!("unit {unit} is stopped; the others go on"),
        Some(outcome) => format!("unit {unit} has ended in the meantime: {}", outcome.words()),
        None => format!("run {id} has ended in the meantime"),
    };
    tell(global, &known, Some(unit.as_str()), &said)
}

pub(super) fn skip(global: &Global, args: &SkipArgs) -> anyhow::Result<u8> {
    let known = refuse_unless_going(known_run(global, args.run.as_deref())?)?;
    let unit = known.unit(&args.unit)?.header.id.clone();
    let begun = |chosen: &UnitState| match &chosen.phase {
        Phase::Ended(outcome) => format!("unit {unit} has already ended: {}", outcome.words()),
        _ if is_committed(chosen) => {
            format!("the work of unit {unit} has passed its checks and is committed already")
        }
        _ => format!(
            "unit {unit} has already started: batch skip --running {unit} goes on without it, and batch cancel \
             --unit {unit} stops it until batch resume"
        ),
    };
    let chosen = known.unit(&args.unit)?;
    let may_skip = match chosen.phase {
        Phase::Waiting => true,
        Phase::Running { .. } => args.running && !is_committed(chosen),
        Phase::Ended(_) => false,
    };
    if !may_skip {
        anyhow::bail!(begun(chosen));
    }
    let request = Request::Skip {
        unit: unit.clone(),
        by: who(),
        running: args.running,
    };
    let answer = ask(global, &known, &request, |known| {
        let chosen = known.state.unit(&unit)?;
        let is_answer = match chosen.phase {
            Phase::Waiting => false,
            // A unit that commits before the request arrives goes on.
            Phase::Running { .. } => {
                !args.running || is_committed(chosen) && chosen.skip_requested.is_none()
            }
            Phase::Ended(_) => true,
        };
        is_answer.then(|| chosen.clone())
    })?;
    match answer {
        Some(chosen) if matches!(chosen.outcome(), Some(Outcome::Skipped { .. })) => tell(
            global,
            &known,
            Some(unit.as_str()),
            &format!("unit {unit} is skipped"),
        ),
        Some(chosen) => anyhow::bail!(begun(&chosen)),
        None => anyhow::bail!("run {} has ended in the meantime", known.state.id),
    }
}

/// Checks whether the unit's work has passed its checks and is committed.
fn is_committed(unit: &UnitState) -> bool {
    unit.attempt.commit.is_some()
}

/// Ends the processes that a killed run left working, and returns what was done; `None` where there are none, or where
/// a process drives the run.
fn end_left_processes(known: &KnownRun) -> anyhow::Result<Option<String>> {
    if known.left_processes().is_empty() {
        return Ok(None);
    }
    // The lock keeps everybody from resuming the run meanwhile: its new processes have the same tags.
    let Ok(_lock) = RunLock::acquire(&known.places.lock(&known.state.id))? else {
        return Ok(None);
    };
    let left = known.left_processes();
    known.process_tags().end_processes();
    let remaining = known.left_processes();
    if !remaining.is_empty() {
        anyhow::bail!(
            "these processes of run {} cannot be ended: {}",
            known.state.id,
            report::left_processes(&remaining)
        );
    }
    Ok(Some(format!(
        "ended what run {id} left working: {}; batch resume {id} continues the run",
        report::left_processes(&left),
        id = known.state.id
    )))
}
