//! The next step after each outcome: the command that goes on, with the units that it is for.

use crate::plan::UnitId;
use crate::run::{
    Liveness, Outcome, RunState, Step, StopReason, UnionEnd, UnitState, WithheldReason,
};
use crate::words;

/// A step names at most so many units.
const NAMED: usize = 6;

/// A command that goes on, and the units that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NextStep {
    pub(super) command: String,
    /// What to put right, or to add to the command.
    hint: Option<&'static str>,
    units: Vec<UnitId>,
}

impl NextStep {
    /// Returns what the command is for, after it.
    pub(super) fn purpose(&self) -> String {
        let units = words::few(self.units.iter(), NAMED);
        match self.hint {
            Some(hint) => format!("{units}; {hint}"),
            None => units,
        }
    }
}

/// Returns the next steps of a run that no process drives, each once.
pub(super) fn next_steps(state: &RunState, liveness: Liveness) -> Vec<NextStep> {
    let mut steps: Vec<NextStep> = Vec::new();
    for unit in &state.units {
        let Some((command, hint)) = step(state, liveness, unit) else {
            continue;
        };
        let id = unit.header.id.clone();
        match steps.iter_mut().find(|step| step.command == command) {
            Some(step) => {
                step.units.push(id);
                step.hint = step.hint.or(hint);
            }
            None => steps.push(NextStep {
                command,
                hint,
                units: vec![id],
            }),
        }
    }
    steps
}

/// Returns the command that goes on with a unit; `None` where nothing is left to do.
pub(super) fn command(state: &RunState, liveness: Liveness, unit: &UnitState) -> Option<String> {
    step(state, liveness, unit).map(|(command, _)| command)
}

/// Returns the units that break together with this one, and this one.
fn culprits_with(state: &RunState, unit: &UnitState) -> String {
    let id = &unit.header.id;
    let sets = match state.union.as_ref().and_then(|union| union.end.as_ref()) {
        Some(UnionEnd::Green { culprits, .. }) => &culprits[..],
        _ => &[],
    };
    let set = sets.iter().find(|set| set.units.contains(id));
    let units = set.map_or(std::slice::from_ref(id), |set| &set.units[..]);
    let units: Vec<&str> = units.iter().map(UnitId::as_str).collect();
    units.join(" ")
}

fn step(
    state: &RunState,
    liveness: Liveness,
    unit: &UnitState,
) -> Option<(String, Option<&'static str>)> {
    let run = &state.id;
    let resume = format!("batch resume {run}");
    let retry = |what: &str| format!("batch retry {what} --run {run}");
    let alone = |command: String| Some((command, None));
    if liveness == Liveness::Going {
        return None;
    }
    let Some(outcome) = unit.outcome() else {
        return alone(resume);
    };
    match outcome {
        Outcome::Published | Outcome::NoChange { .. } => None,
        Outcome::Committed => alone(format!("batch publish {run}")),
        Outcome::Failed {
            step: Step::Push | Step::PullRequest,
            ..
        } if unit.attempt.commit.is_some() => alone(format!("batch publish {run}")),
        Outcome::Failed { .. } => alone(retry("--failed")),
        Outcome::Stopped if unit.stop_requested => alone(retry(unit.header.id.as_str())),
        Outcome::Stopped => alone(resume),
        Outcome::Skipped { .. } => alone(retry(unit.header.id.as_str())),
        Outcome::Blocked { by } => {
            // Needs make no circle.
            let by = state.unit(by)?;
            step(state, liveness, by).or_else(|| alone(resume))
        }
        Outcome::Withheld { why } => match why {
            WithheldReason::GitFolderChanged => alone(resume),
            WithheldReason::TooFew if state.canary().is_some() => alone(format!("{resume} --yes")),
            WithheldReason::TooFew => alone(retry("--failed")),
            WithheldReason::BreaksUnion => Some((
                retry(&culprits_with(state, unit)),
                Some(
                    "say with --instruction what has to fit together; batch publish takes them as they are",
                ),
            )),
            WithheldReason::UnionUnclear => Some((
                resume,
                Some("it checks them again; batch publish takes them as they are"),
            )),
            WithheldReason::Unverified => Some((
                format!("batch publish {run} --unverified draft"),
                Some("or mend the check first, then batch retry"),
            )),
        },
        Outcome::LeftOut { why } => match why {
            StopReason::Budget { .. } => Some((resume, Some("add a larger --budget"))),
            StopReason::Tokens { .. } => Some((resume, Some("add a larger --max-tokens"))),
            StopReason::Deadline { .. } => Some((resume, Some("add a --deadline for the rest"))),
            StopReason::Canary => match state.canary().map(|canary| (canary, canary.outcome())) {
                Some((canary, Some(Outcome::Failed { .. }))) => {
                    alone(retry(canary.header.id.as_str()))
                }
                _ => alone(format!("{resume} --yes")),
            },
            StopReason::Refused { .. } => Some((resume, Some("put right what was refused first"))),
            StopReason::Strayed { .. } => Some((resume, Some("look at your checkout first"))),
            StopReason::SameFailure { .. } => Some((
                retry("--failed"),
                Some(
                    "correct the agent with --agent-cmd, or the codemod with --rewrite, --regex, --to",
                ),
            )),
        },
    }
}
