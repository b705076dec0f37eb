//! What every written form says of a unit: its row in the table, and its failure. Text from outside is not yet cleaned
//! here, because each form cleans in its own way.

use std::path::{Path, PathBuf};

use crate::check::Verdict;
use crate::plan::UnitId;
use crate::run::{CheckResult, Outcome, Phase, RunState, Step, UnitState};
use crate::words;

use super::Liveness;

/// A unit that failed, with all that is known of why.
pub(super) struct Failure<'a> {
    pub unit: &'a UnitState,
    pub step: Step,
    pub reason: &'a str,
    pub tail: Option<&'a str>,
    pub log: Option<&'a Path>,
}

/// The failures, in the plan's order.
pub(super) fn failures(state: &RunState) -> impl Iterator<Item = Failure<'_>> {
    state.units.iter().filter_map(|unit| match unit.outcome()? {
        Outcome::Failed {
            step,
            reason,
            tail,
            log,
        } => Some(Failure {
            unit,
            step: *step,
            reason,
            tail: tail.as_deref(),
            log: log.as_deref(),
        }),
        _ => None,
    })
}

/// Units that wait for nothing any more because one that they need did not succeed, each with that one.
pub(super) fn blocked(state: &RunState) -> Vec<(&UnitId, &UnitId)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::Blocked { by } => Some((&unit.header.id, by)),
            _ => None,
        })
        .collect()
}

/// Units that somebody did not want begun, each with who.
pub(super) fn skipped(state: &RunState) -> Vec<(&UnitId, &str)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::Skipped { by } => Some((&unit.header.id, by.as_str())),
            _ => None,
        })
        .collect()
}

/// Units whose commits were not published because too few units succeeded.
pub(super) fn withheld(state: &RunState) -> Vec<&str> {
    state
        .units
        .iter()
        .filter(|unit| unit.outcome() == Some(&Outcome::Withheld))
        .map(|unit| unit.header.id.as_str())
        .collect()
}

/// Units that the user stopped.
pub(super) fn stopped(state: &RunState) -> Vec<&UnitId> {
    state
        .units
        .iter()
        .filter(|unit| unit.outcome() == Some(&Outcome::Stopped))
        .map(|unit| &unit.header.id)
        .collect()
}

/// Units in which nothing needed doing, each with the agent's reason.
pub(super) fn unchanged(state: &RunState) -> Vec<(&UnitId, &str)> {
    state
        .units
        .iter()
        .filter_map(|unit| match unit.outcome()? {
            Outcome::NoChange { reason } => Some((&unit.header.id, reason.as_str())),
            _ => None,
        })
        .collect()
}

/// The outcome, or where the unit stands before it has one.
pub(super) fn outcome(unit: &UnitState) -> &'static str {
    match &unit.phase {
        Phase::Waiting => "waiting",
        Phase::Running { step, .. } => step.words(),
        Phase::Ended(outcome) => outcome.words(),
    }
}

/// `2 passed`, `1 of 2 failed`, or a dash where no check ran.
pub(super) fn checks(unit: &UnitState) -> String {
    let results = last_results(unit);
    let failed = results
        .iter()
        .filter(|result| !passed(&result.verdict))
        .count();
    match (results.len(), failed) {
        (0, _) => "–".to_owned(),
        (all, 0) => format!("{all} passed"),
        (1, 1) => "1 failed".to_owned(),
        (all, failed) => format!("{failed} of {all} failed"),
    }
}

/// A check may run again after the agent had another try; its last result is the one that counts.
fn last_results(unit: &UnitState) -> Vec<&CheckResult> {
    let mut last: Vec<&CheckResult> = Vec::new();
    for result in &unit.checks {
        match last.iter_mut().find(|known| known.name == result.name) {
            Some(known) => *known = result,
            None => last.push(result),
        }
    }
    last
}

fn passed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Pass)
}

/// How long the unit took or has been at it, or a dash before it began.
pub(super) fn time(unit: &UnitState, now: i64) -> String {
    unit.took_ms(now)
        .map_or_else(|| "–".to_owned(), words::duration)
}

/// The moment to reckon times of a report by. A run whose process is gone stood still since its last event.
pub(super) fn moment(state: &RunState, liveness: Liveness, now: i64) -> i64 {
    match liveness {
        Liveness::Going => now,
        Liveness::Ended => state.ended_at.unwrap_or(now),
        Liveness::Died => state
            .units
            .iter()
            .flat_map(|unit| [unit.started_at, unit.ended_at])
            .flatten()
            .fold(state.started_at, i64::max),
    }
}

/// A path as text; bytes that are not Unicode are replaced, since a report cannot show them.
pub(super) fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The same for a path that may not be known.
pub(super) fn optional_path(known: Option<&PathBuf>) -> Option<String> {
    known.map(|known| path(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{self, Story};

    #[test]
    fn a_check_that_passed_in_the_end_has_passed() {
        let state = Story::of(["a"])
            .check("a", 1, "npm test", sample::failing())
            .check("a", 2, "npm test", Verdict::Pass)
            .state();
        assert_eq!(checks(&state.units[0]), "1 passed");
    }

    #[test]
    fn failed_checks_are_told_beside_the_others() {
        let state = Story::of(["a"])
            .check("a", 1, "lint", Verdict::Pass)
            .check("a", 2, "npm test", sample::failing())
            .state();
        assert_eq!(checks(&state.units[0]), "1 of 2 failed");
    }

    #[test]
    fn a_dead_run_stood_still_since_its_last_event() {
        let state = Story::of(["a"]).step("a", 5_000).state();
        let moment = moment(&state, Liveness::Died, i64::MAX);
        assert_eq!(state.took_ms(moment), 5_000);
    }
}
