//! Who runs next: a pure function of the state and the number of jobs.

use std::cmp::Reverse;

use super::event::{Outcome, Step};
use super::state::{Phase, RunState, UnitState};
use crate::plan::UnitId;

/// What is to be done with a waiting unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Start(UnitId),
    Block { unit: UnitId, by: UnitId },
}

/// All that may happen now. The largest units start first, so that no long one is left for the end; a unit that has
/// got to its commit no longer takes a job's place, because the rest is waiting for servers.
pub(super) fn next(state: &RunState, jobs: usize) -> Vec<Next> {
    let mut steps = Vec::new();
    let mut ready: Vec<&UnitState> = Vec::new();
    for unit in state
        .units
        .iter()
        .filter(|unit| unit.phase == Phase::Waiting)
    {
        let needs = unit.header.needs.iter().filter_map(|id| state.unit(id));
        let mut all_done = true;
        let mut failed = None;
        for need in needs {
            match need.outcome() {
                Some(outcome) if outcome.is_success() => {}
                Some(_) => failed = failed.or(Some(&need.header.id)),
                None => all_done = false,
            }
        }
        match failed {
            Some(by) => steps.push(Next::Block {
                unit: unit.header.id.clone(),
                by: by.clone(),
            }),
            None if all_done => ready.push(unit),
            None => {}
        }
    }
    if state.stop.is_none() {
        let busy = state
            .count(|phase| matches!(phase, Phase::Running { step, .. } if *step < Step::Commit));
        ready.sort_by_key(|unit| Reverse(unit.header.lines));
        let free = jobs.saturating_sub(busy);
        steps.extend(
            ready
                .into_iter()
                .take(free)
                .map(|unit| Next::Start(unit.header.id.clone())),
        );
    }
    steps
}

/// The units that will never start because the run was stopped.
pub(super) fn never_started(state: &RunState) -> Vec<(UnitId, Outcome)> {
    state
        .units
        .iter()
        .filter(|unit| unit.phase == Phase::Waiting)
        .map(|unit| (unit.header.id.clone(), Outcome::Stopped))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{
        Event, Goal, Recorded, RunFact, RunHeader, RunId, Stop, UnitFact, UnitHeader,
    };

    fn id(text: &str) -> UnitId {
        UnitId::parse(text).unwrap()
    }

    fn state(units: &[(&str, u64, &[&str])]) -> RunState {
        let units = units
            .iter()
            .map(|(name, lines, needs)| UnitHeader {
                id: id(name),
                title: (*name).into(),
                needs: needs.iter().map(|need| id(need)).collect(),
                files: 1,
                lines: *lines,
            })
            .collect();
        let header = RunHeader {
            instruction: "x".into(),
            base: "0".repeat(40),
            base_name: "HEAD".into(),
            agent: "a".into(),
            forge: "f".into(),
            remote: None,
            goal: Goal::default(),
            dir: None,
            jobs: 2,
            version: "0".into(),
            pid: 1,
            units,
        };
        RunState::start(RunId::from_journal("r"), header, 0)
    }

    fn tell(state: &mut RunState, unit: &str, fact: UnitFact) {
        let event = Event::Unit(id(unit), fact);
        state.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
    }

    fn step(step: Step) -> UnitFact {
        UnitFact::StepStarted { step, detail: None }
    }

    fn ended(outcome: Outcome) -> UnitFact {
        UnitFact::Ended { outcome }
    }

    fn starts(steps: &[Next]) -> Vec<&str> {
        steps
            .iter()
            .filter_map(|step| match step {
                Next::Start(id) => Some(id.as_str()),
                Next::Block { .. } => None,
            })
            .collect()
    }

    #[test]
    fn the_largest_start_first_and_no_more_than_there_are_jobs() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &[]), ("c", 5, &[])]);
        assert_eq!(starts(&next(&it, 2)), ["b", "c"]);
        tell(&mut it, "b", step(Step::Agent));
        assert_eq!(starts(&next(&it, 2)), ["c"]);
    }

    #[test]
    fn a_unit_that_is_being_published_takes_no_place() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &[])]);
        tell(&mut it, "b", step(Step::Check));
        assert_eq!(starts(&next(&it, 1)), [""; 0]);
        tell(&mut it, "b", step(Step::Commit));
        assert_eq!(starts(&next(&it, 1)), ["a"]);
    }

    #[test]
    fn a_unit_waits_for_what_it_needs_and_is_blocked_by_its_failure() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &["a"]), ("c", 9, &["b"])]);
        assert_eq!(starts(&next(&it, 4)), ["a"]);
        tell(&mut it, "a", step(Step::Agent));
        assert_eq!(next(&it, 4), []);
        let mut good = it.clone();
        tell(&mut good, "a", ended(Outcome::Published));
        assert_eq!(starts(&next(&good, 4)), ["b"]);
        tell(&mut it, "a", ended(Outcome::Stopped));
        let blocked = |unit, by| Next::Block {
            unit: id(unit),
            by: id(by),
        };
        assert_eq!(next(&it, 4), [blocked("b", "a")]);
        tell(&mut it, "b", ended(Outcome::Blocked { by: id("a") }));
        assert_eq!(next(&it, 4), [blocked("c", "b")]);
    }

    #[test]
    fn nothing_starts_after_a_stop() {
        let mut it = state(&[("a", 1, &[])]);
        let event = Event::Run(RunFact::StopAsked { how: Stop::Drain });
        it.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
        assert_eq!(next(&it, 4), []);
        assert_eq!(never_started(&it), [(id("a"), Outcome::Stopped)]);
    }
}
