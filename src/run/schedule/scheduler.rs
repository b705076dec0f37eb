//! Decides what starts next: a pure function of the state, of the number of agents that may work, and of the disk
//! space.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::agent::{AgentId, Interruption};
use crate::config::PublishWhen;
use crate::plan::UnitId;
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::{Phase, UnitState};

/// The next step for a waiting unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Start(UnitId),
    Block {
        unit: UnitId,
        by: UnitId,
    },
    /// Units that could start wait for disk space.
    Wait,
    /// The disk has space again.
    Continue,
}

/// How many more checkouts the disk has space for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Now(usize),
    /// This many now, and more once files are deleted.
    MoreSoon(usize),
}

/// How many agents may work at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// The limit on all agents together.
    pub(crate) all: usize,
    /// The limit on each agent that its provider throttles.
    pub(crate) each: BTreeMap<AgentId, usize>,
}

impl Allowed {
    /// Keeps the units that may start beside the running ones; earlier units have priority.
    fn choose(&self, state: &RunState, ready: &mut Vec<&UnitState>) {
        let mut busy = busy(state);
        let mut all: usize = busy.values().sum();
        ready.retain(|unit| {
            let who = state.agent_of(unit);
            let of_it = busy.entry(who).or_default();
            let may_start = all < self.all && self.each.get(who).is_none_or(|most| *of_it < *most);
            if may_start {
                all += 1;
                *of_it += 1;
            }
            may_start
        });
    }
}

/// Returns everything that may happen now. The largest units start first, so that no long unit is left for the end. A
/// unit that has reached its commit takes no job's place any more, because it only waits for servers.
///
/// While the disk is full, units wait until other checkouts are removed. When no checkout can be removed, one unit
/// starts all the same, and its failure says what is missing.
pub(crate) fn next(state: &RunState, allowed: &Allowed, space: Space) -> Vec<Next> {
    let mut steps = Vec::new();
    let mut ready: Vec<&UnitState> = Vec::new();
    let after_all = state.header.publish != PublishWhen::AsReady;
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
                // The work is done; it is published before the unit that needs it.
                None if after_all && need.attempt.commit.is_some() => {}
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
    if let Some(canary) = state.canary() {
        ready.retain(|unit| unit.header.id == canary.header.id);
    }
    ready.retain(|unit| state.pilot_before(unit).is_none());
    if !state.starts_no_more() {
        ready.retain(|unit| state.agent_stop_reason(unit).is_none());
        ready.sort_by_key(|unit| Reverse(unit.header.lines));
        allowed.choose(state, &mut ready);
        // A unit that is published after all others frees no disk space before they are done.
        let running = state
            .units
            .iter()
            .filter(|unit| matches!(unit.phase, Phase::Running { .. }))
            .any(|unit| !(after_all && unit.attempt.commit.is_some()));
        // Units that are making their checkout have not taken their disk space yet.
        let about_to = state
            .count(|phase| matches!(phase, Phase::Running { step, .. } if *step == Step::Checkout));
        let (room, more_soon) = match space {
            Space::Now(room) => (room, false),
            Space::MoreSoon(room) => (room, true),
        };
        let at_least = usize::from(!running && !more_soon);
        let room = room.saturating_sub(about_to).max(at_least);
        match (ready.len() > room, state.waits_for_disk_space) {
            (true, false) => steps.push(Next::Wait),
            (false, true) => steps.push(Next::Continue),
            _ => {}
        }
        ready.truncate(room);
        steps.extend(
            ready
                .into_iter()
                .map(|unit| Next::Start(unit.header.id.clone())),
        );
    }
    steps
}

/// Checks whether anything is left that could start: a unit, or a further candidate of a unit.
pub(crate) fn may_begin_more(state: &RunState, candidates: usize) -> bool {
    let is_left = |unit: &UnitState| match unit.phase {
        Phase::Waiting => true,
        Phase::Running { .. } => {
            let begun = unit.candidates.len() + 1;
            unit.follow_up.is_none() && unit.chosen.is_none() && begun < candidates
        }
        Phase::Ended(_) => false,
    };
    !state.starts_no_more() && state.units.iter().any(is_left)
}

/// Counts the units of each agent that take a job's place.
pub(crate) fn busy(state: &RunState) -> BTreeMap<&AgentId, usize> {
    let mut busy = BTreeMap::new();
    for unit in state.units.iter().filter(|unit| takes_a_place(unit)) {
        *busy.entry(state.agent_of(unit)).or_default() += 1;
    }
    busy
}

fn takes_a_place(unit: &UnitState) -> bool {
    matches!(unit.phase, Phase::Running { step, .. } if step < Step::Commit)
        && unit.attempt.commit.is_none()
}

/// Checks whether an agent that was killed from outside may work again, where `at_once` agents may work.
pub(crate) fn may_restart(state: &RunState, at_once: usize) -> bool {
    let works =
        |unit: &&UnitState| takes_a_place(unit) && unit.interruption != Some(Interruption::Killed);
    state.units.iter().filter(works).count() < at_once
}

/// Returns the units that never start because the run was stopped or reached a limit.
pub(crate) fn never_started(state: &RunState) -> Vec<(UnitId, Outcome)> {
    state
        .units
        .iter()
        .filter(|unit| unit.phase == Phase::Waiting)
        .map(|unit| (unit.header.id.clone(), why_not_started(state, unit)))
        .collect()
}

fn why_not_started(state: &RunState, unit: &UnitState) -> Outcome {
    let limit = state
        .stop_reason
        .as_ref()
        .or_else(|| state.agent_stop_reason(unit));
    let waits = |id: &&UnitId| {
        let need = state.unit(id);
        need.is_some_and(|need| need.phase == Phase::Waiting)
    };
    match (&state.stop, limit) {
        (None, Some(why)) => Outcome::LeftOut { why: why.clone() },
        // The agent of a unit that it needs gets no further unit.
        (None, None) => match unit.header.needs.iter().find(waits) {
            Some(by) => Outcome::Blocked { by: by.clone() },
            None => Outcome::Stopped,
        },
        (Some(_), _) => Outcome::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::log::unit_fact::{Candidate, CandidateEnd};
    use crate::run::{
        Event, Recorded, RunFact, RunId, Stop, StopReason, UnitFact, UnitHeader, WithheldReason,
        sample,
    };

    const PLENTY: Space = Space::Now(100);

    fn at_once(all: usize) -> Allowed {
        Allowed {
            all,
            ..Allowed::default()
        }
    }

    fn id(text: &str) -> UnitId {
        UnitId::parse(text).unwrap()
    }

    fn state(units: &[(&str, u64, &[&str])]) -> RunState {
        let units = units
            .iter()
            .map(|(name, lines, needs)| UnitHeader {
                needs: needs.iter().map(|need| id(need)).collect(),
                lines: *lines,
                ..sample::unit(name)
            })
            .collect();
        RunState::start(RunId::from_journal("r"), sample::header(units), 0)
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
                Next::Block { .. } | Next::Wait | Next::Continue => None,
            })
            .collect()
    }

    #[test]
    fn the_largest_units_start_first_up_to_the_number_of_jobs() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &[]), ("c", 5, &[])]);
        assert_eq!(starts(&next(&it, &at_once(2), PLENTY)), ["b", "c"]);
        tell(&mut it, "b", step(Step::Agent));
        assert_eq!(starts(&next(&it, &at_once(2), PLENTY)), ["c"]);
    }

    #[test]
    fn a_unit_that_is_being_published_takes_no_jobs_place() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &[])]);
        tell(&mut it, "b", step(Step::Check));
        assert_eq!(starts(&next(&it, &at_once(1), PLENTY)), [""; 0]);
        tell(&mut it, "b", step(Step::Commit));
        assert_eq!(starts(&next(&it, &at_once(1), PLENTY)), ["a"]);
    }

    #[test]
    fn a_unit_waits_for_its_needs_and_is_blocked_by_their_failure() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &["a"]), ("c", 9, &["b"])]);
        assert_eq!(starts(&next(&it, &at_once(4), PLENTY)), ["a"]);
        tell(&mut it, "a", step(Step::Agent));
        assert_eq!(next(&it, &at_once(4), PLENTY), []);
        let mut good = it.clone();
        tell(&mut good, "a", ended(Outcome::Published));
        assert_eq!(starts(&next(&good, &at_once(4), PLENTY)), ["b"]);
        tell(&mut it, "a", ended(Outcome::Stopped));
        let blocked = |unit, by| Next::Block {
            unit: id(unit),
            by: id(by),
        };
        assert_eq!(next(&it, &at_once(4), PLENTY), [blocked("b", "a")]);
        tell(&mut it, "b", ended(Outcome::Blocked { by: id("a") }));
        assert_eq!(next(&it, &at_once(4), PLENTY), [blocked("c", "b")]);
    }

    #[test]
    fn units_that_wait_to_be_published_do_not_stop_others_from_starting() {
        let mut it = state(&[("a", 1, &[]), ("b", 1, &["a"])]);
        let commit = crate::git::CommitId::new("1".repeat(40));
        tell(&mut it, "a", step(Step::Commit));
        tell(&mut it, "a", UnitFact::Committed { commit });
        assert_eq!(
            starts(&crate::run::schedule::scheduler::next(
                &it,
                &at_once(1),
                Space::Now(0)
            )),
            [""; 0]
        );
        it.header.publish = PublishWhen::AfterAll;
        assert_eq!(
            starts(&crate::run::schedule::scheduler::next(
                &it,
                &at_once(1),
                Space::Now(0)
            )),
            ["b"]
        );
    }

    #[test]
    fn until_the_canary_is_accepted_no_other_unit_starts() {
        let mut it = state(&[("a", 1, &[]), ("b", 9, &[])]);
        it.header.canary = Some(id("a"));
        assert_eq!(starts(&next(&it, &at_once(4), PLENTY)), ["a"]);
        let why = WithheldReason::TooFew;
        tell(&mut it, "a", ended(Outcome::Withheld { why }));
        assert_eq!(starts(&next(&it, &at_once(4), PLENTY)), [""; 0]);
        let event = Event::Run(RunFact::CanaryAccepted {
            pid: 1,
            version: "0".into(),
        });
        it.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
        assert_eq!(starts(&next(&it, &at_once(4), PLENTY)), ["b", "a"]);
    }

    #[test]
    fn nothing_starts_after_a_stop() {
        let mut it = state(&[("a", 1, &[])]);
        let event = Event::Run(RunFact::StopRequested { how: Stop::Drain });
        it.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
        assert_eq!(next(&it, &at_once(4), PLENTY), []);
        assert_eq!(never_started(&it), [(id("a"), Outcome::Stopped)]);
    }

    #[test]
    fn units_wait_for_disk_space_and_continue_when_there_is_some() {
        let mut it = state(&[("a", 9, &[]), ("b", 5, &[]), ("c", 1, &[])]);
        let start = |unit| Next::Start(id(unit));
        assert_eq!(
            next(&it, &at_once(3), Space::Now(2)),
            [Next::Wait, start("a"), start("b")]
        );
        // It has not taken its room yet.
        tell(&mut it, "a", step(Step::Checkout));
        assert_eq!(next(&it, &at_once(3), Space::Now(1)), [Next::Wait]);
        tell(&mut it, "a", step(Step::Agent));
        let mut short = it.clone();
        let event = Event::Run(RunFact::DiskSpaceShort { free: 1, each: 2 });
        short.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
        assert_eq!(next(&short, &at_once(3), Space::Now(0)), []);
        assert_eq!(next(&short, &at_once(3), Space::Now(1)), [start("b")]);
        assert_eq!(
            next(&short, &at_once(3), Space::Now(2)),
            [Next::Continue, start("b"), start("c")]
        );
    }

    #[test]
    fn the_agent_of_the_present_candidate_takes_the_place() {
        let mut it = state(&[("a", 9, &[]), ("b", 5, &[])]);
        for unit in &mut it.units {
            unit.header.candidates = vec!["left".into(), "right".into()];
        }
        tell(&mut it, "a", step(Step::Agent));
        assert_eq!(busy(&it), BTreeMap::from([(&AgentId::from("left"), 1)]));
        let ended = Candidate {
            agent: "left".into(),
            took_ms: 1,
            commit: None,
            end: CandidateEnd::NoChange { summary: None },
        };
        tell(&mut it, "a", UnitFact::CandidateEnded(ended));
        assert_eq!(busy(&it), BTreeMap::from([(&AgentId::from("right"), 1)]));
        assert_eq!(starts(&next(&it, &at_once(2), PLENTY)), ["b"]);
        it.stopped_agents.insert("right".into(), StopReason::Canary);
        assert_eq!(starts(&next(&it, &at_once(2), PLENTY)), [""; 0]);
    }

    #[test]
    fn a_killed_agent_keeps_its_place_and_restarts_when_few_enough_work() {
        let mut it = state(&[("a", 9, &[]), ("b", 5, &[]), ("c", 1, &[])]);
        for unit in ["a", "b"] {
            tell(&mut it, unit, step(Step::Agent));
        }
        let killed = UnitFact::Interrupted {
            interruption: Interruption::Killed,
            said: "s".into(),
            wait_ms: 1,
        };
        tell(&mut it, "b", killed);
        assert_eq!(starts(&next(&it, &at_once(2), PLENTY)), [""; 0]);
        assert!(!may_restart(&it, 1));
        assert!(may_restart(&it, 2));
        tell(&mut it, "a", ended(Outcome::Published));
        assert!(may_restart(&it, 1));
        tell(&mut it, "b", step(Step::Agent));
        assert!(!may_restart(&it, 1));
    }

    #[test]
    fn a_run_always_has_something_to_wait_for() {
        let mut it = state(&[("a", 9, &[]), ("b", 5, &[])]);
        assert_eq!(starts(&next(&it, &at_once(2), Space::MoreSoon(0))), [""; 0]);
        assert_eq!(starts(&next(&it, &at_once(2), Space::Now(0))), ["a"]);
        tell(&mut it, "a", ended(Outcome::Stopped));
        assert_eq!(starts(&next(&it, &at_once(2), Space::Now(0))), ["b"]);
    }
}
