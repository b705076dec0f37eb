//! Decides which unit is a pilot: the others of its agent wait until it has passed all gates. Pure functions over the
//! state.
//!
//! A run of coding agents that nobody watches begins with a pilot. Where the first attempts fail alike all the same,
//! one of their units goes on as a pilot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::agent::AgentId;
use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::pilot::is_under_way;
use crate::run::log::run_fact::{Pilot, UnitHeader};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::Phase;
use crate::run::schedule::breaker;

/// With fewer units, a pilot would cost more time than it saves work.
pub(crate) const FEWEST_UNITS: usize = 4;

/// After so many pilots that failed for different reasons, the other units start without one.
const MOST_PILOTS: usize = 3;

/// Returns the unit that stands for these: one of middle size that needs no other unit, and that no other unit needs
/// if there is such a unit.
pub(crate) fn representative<'a>(
    of: impl Iterator<Item = &'a UnitHeader>,
    all: &[&UnitHeader],
) -> Option<UnitId> {
    let mut free: Vec<&UnitHeader> = of.filter(|unit| unit.needs.is_empty()).collect();
    let is_needed = |unit: &UnitHeader| all.iter().any(|other| other.needs.contains(&unit.id));
    if free.iter().any(|unit| !is_needed(unit)) {
        free.retain(|unit| !is_needed(unit));
    }
    free.sort_by_key(|unit| unit.lines);
    free.get(free.len() / 2).map(|unit| unit.id.clone())
}

/// Returns the units that become pilots now.
pub(crate) fn due(state: &RunState) -> Vec<Pilot> {
    if state.breaker_is_off || state.starts_no_more() || state.header.canary.is_some() {
        return Vec::new();
    }
    let agents: BTreeSet<&AgentId> = state.units.iter().map(|it| state.own_agent(it)).collect();
    agents
        .into_iter()
        .filter(|agent| !state.stopped_agents.contains_key(*agent) && !state.has_passed(agent))
        .filter_map(|agent| next_pilot(state, agent))
        .collect()
}

/// Returns the next pilot of an agent.
fn next_pilot(state: &RunState, agent: &AgentId) -> Option<Pilot> {
    let last = state.last_pilot(agent);
    let unit = last.and_then(|pilot| state.unit(&pilot.unit));
    if unit.is_some_and(is_under_way) {
        return None;
    }
    let its = || state.units.iter().filter(|it| state.own_agent(it) == agent);
    if let Some(said) = breaker::first_attempts_alike(state, agent) {
        if last.is_some() {
            return None;
        }
        // The first of the units that have got furthest.
        let working = its().filter(|unit| {
            matches!(unit.phase, Phase::Running { .. }) && unit.header.needs.is_empty()
        });
        let pilot = working.min_by_key(|unit| Reverse(unit.attempt.sent_back.len()))?;
        return Some(Pilot {
            unit: pilot.header.id.clone(),
            said: Some(said),
        });
    }
    // The run began with a pilot, which failed.
    let has_failed = matches!(unit?.outcome(), Some(Outcome::Failed { .. }));
    let earlier = state.pilots.iter().filter_map(|it| state.unit(&it.unit));
    let earlier = earlier
        .filter(|unit| state.own_agent(unit) == agent)
        .count();
    if !has_failed || earlier >= MOST_PILOTS {
        return None;
    }
    let waiting = its().filter(|unit| unit.phase == Phase::Waiting);
    let all: Vec<&UnitHeader> = state.units.iter().map(|unit| &unit.header).collect();
    let unit = representative(waiting.map(|unit| &unit.header), &all)?;
    Some(Pilot { unit, said: None })
}

/// What the pilots mean for the units that work beside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PilotGate {
    /// The units that make no further attempt before their pilot has passed.
    waiting: BTreeMap<UnitId, UnitId>,
    /// The units that end, because their pilot failed.
    ended: BTreeMap<UnitId, StopReason>,
    /// The units that began before there was a pilot, so that its work is news to them.
    uninformed: BTreeSet<UnitId>,
}

/// What the pilots mean for one unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PilotDecision {
    GoOn,
    WaitFor(UnitId),
    End(StopReason),
}

impl PilotGate {
    pub(crate) fn of(state: &RunState) -> Self {
        let mut gate = Self::default();
        for unit in &state.units {
            let id = &unit.header.id;
            let agent = state.own_agent(unit);
            let pilot = state.last_pilot(agent);
            if pilot.is_none_or(|pilot| pilot.said.is_none()) {
                continue;
            }
            gate.uninformed.insert(id.clone());
            if let Some(pilot) = state.pilot_before(unit) {
                gate.waiting.insert(id.clone(), pilot.header.id.clone());
            }
            let stopped = state
                .stopped_agents
                .get(agent)
                .or(state.stop_reason.as_ref());
            if let Some(why @ StopReason::SameFailure { .. }) = stopped {
                gate.ended.insert(id.clone(), why.clone());
            }
        }
        gate
    }

    /// Says whether the unit makes a further attempt.
    pub(crate) fn decide(&self, unit: &UnitId) -> PilotDecision {
        match (self.ended.get(unit), self.waiting.get(unit)) {
            (Some(why), _) => PilotDecision::End(why.clone()),
            (None, Some(pilot)) => PilotDecision::WaitFor(pilot.clone()),
            (None, None) => PilotDecision::GoOn,
        }
    }

    /// Checks whether the unit's agent may have begun without an example.
    pub(crate) fn is_uninformed(&self, unit: &UnitId) -> bool {
        self.uninformed.contains(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{CommitId, TreeId};
    use crate::run::{Event, Recorded, RunFact, RunId, Step, UnitFact, sample};

    const UNITS: [&str; 5] = ["01-a", "02-b", "03-c", "04-d", "05-e"];

    fn id(unit: &str) -> UnitId {
        UnitId::parse(unit).unwrap()
    }

    fn apply(state: &mut RunState, event: Event) {
        state.apply(&Recorded {
            seq: 1,
            at: 1,
            event,
        });
    }

    fn tell(state: &mut RunState, unit: &str, fact: UnitFact) {
        apply(state, Event::Unit(id(unit), fact));
    }

    /// A run of five units that begins with these pilots.
    fn run(pilots: &[&str]) -> RunState {
        let mut header = sample::header(UNITS.map(sample::unit).to_vec());
        header.pilots = pilots.iter().map(|pilot| id(pilot)).collect();
        RunState::start(RunId::from_journal("r"), header, 0)
    }

    fn begin(state: &mut RunState, unit: &str) {
        let (step, detail) = (Step::Agent, None);
        tell(state, unit, UnitFact::StepStarted { step, detail });
    }

    fn send_back(state: &mut RunState, unit: &str, tail: &str) {
        begin(state, unit);
        let back = UnitFact::SentBack {
            attempt: 1,
            step: Step::Check,
            reason: "`test` failed: exit code 1".into(),
            text: "t".into(),
            tail: Some(tail.into()),
            left: None::<TreeId>,
            fresh: false,
        };
        tell(state, unit, back);
    }

    fn fail(state: &mut RunState, unit: &str, reason: &str) {
        begin(state, unit);
        let outcome = Outcome::Failed {
            step: Step::Check,
            reason: reason.into(),
            tail: None,
            log: None,
        };
        tell(state, unit, UnitFact::Ended { outcome });
    }

    fn commit(state: &mut RunState, unit: &str) {
        let commit = CommitId::new("1".repeat(40));
        tell(state, unit, UnitFact::Committed { commit });
    }

    /// Takes in the pilots that are due, and names them.
    fn choose(state: &mut RunState) -> Vec<String> {
        let due = due(state);
        for pilot in &due {
            apply(state, Event::Run(RunFact::PilotChosen(pilot.clone())));
        }
        due.iter().map(|pilot| pilot.unit.to_string()).collect()
    }

    fn waits(state: &RunState, unit: &str) -> bool {
        let unit = state.unit(&id(unit)).unwrap();
        state.pilot_before(unit).is_some()
    }

    #[test]
    fn the_representative_is_of_middle_size_and_nobody_needs_it() {
        let mut units = UNITS.map(sample::unit);
        for (unit, lines) in units.iter_mut().zip([9, 1, 5, 7, 3]) {
            unit.lines = lines;
        }
        units[0].needs = vec![id("03-c")];
        let all: Vec<&UnitHeader> = units.iter().collect();
        let chosen = representative(all.iter().copied(), &all);
        assert_eq!(chosen, Some(id("05-e")));
    }

    #[test]
    fn the_others_wait_until_the_pilot_has_passed_or_ended() {
        let mut it = run(&["02-b"]);
        assert!(waits(&it, "01-a") && !waits(&it, "02-b"));
        assert_eq!(choose(&mut it), [""; 0]);
        let mut failed = it.clone();
        commit(&mut it, "02-b");
        assert!(!waits(&it, "01-a"));
        assert_eq!(
            it.passed_pilot().map(|unit| &unit.header.id),
            Some(&id("02-b"))
        );
        // Up to three units that fail for different reasons go first.
        fail(&mut failed, "02-b", "x");
        assert_eq!(choose(&mut failed), ["04-d"]);
        assert!(waits(&failed, "01-a"));
        fail(&mut failed, "04-d", "y");
        assert_eq!(choose(&mut failed), ["03-c"]);
        fail(&mut failed, "03-c", "z");
        assert_eq!(choose(&mut failed), [""; 0]);
        assert!(!waits(&failed, "01-a"));
        assert_eq!(breaker::same_failures(&failed), []);
    }

    #[test]
    fn after_three_first_attempts_that_fail_alike_one_unit_goes_on() {
        let mut it = run(&[]);
        for unit in ["01-a", "02-b"] {
            send_back(&mut it, unit, "FAIL syntax, line 3");
            assert_eq!(choose(&mut it), [""; 0]);
        }
        let mut different = it.clone();
        send_back(&mut different, "03-c", "FAIL types");
        assert_eq!(choose(&mut different), [""; 0]);
        send_back(&mut it, "03-c", "FAIL syntax, line 7");
        assert_eq!(choose(&mut it), ["01-a"]);
        let gate = PilotGate::of(&it);
        assert_eq!(gate.decide(&id("01-a")), PilotDecision::GoOn);
        assert_eq!(gate.decide(&id("02-b")), PilotDecision::WaitFor(id("01-a")));
        assert!(gate.is_uninformed(&id("03-c")));
        // A unit that passes before its pilot is an example as well.
        let mut other = it.clone();
        commit(&mut other, "02-b");
        assert_eq!(
            PilotGate::of(&other).decide(&id("03-c")),
            PilotDecision::GoOn
        );
        assert_eq!(
            other.passed_pilot().map(|unit| &unit.header.id),
            Some(&id("02-b"))
        );
        // The pilot could not mend it.
        fail(&mut it, "01-a", "x");
        let (agent, said) = breaker::same_failures(&it).pop().unwrap();
        assert_eq!(
            (agent.as_str(), &*said),
            ("a", "check: `test` failed: exit code 1")
        );
        let why = StopReason::SameFailure { said };
        let stopped = RunFact::StartsStopped {
            why: why.clone(),
            agent: None,
        };
        apply(&mut it, Event::Run(stopped));
        assert_eq!(
            PilotGate::of(&it).decide(&id("02-b")),
            PilotDecision::End(why)
        );
    }

    #[test]
    fn nobody_waits_for_a_pilot_that_waits_for_them_or_that_a_user_overruled() {
        let mut it = run(&[]);
        for unit in ["01-a", "02-b", "03-c"] {
            send_back(&mut it, unit, "FAIL");
        }
        choose(&mut it);
        let mut stands = it.clone();
        stands.units[0].header.needs.push(id("02-b"));
        assert!(waits(&it, "02-b") && !waits(&stands, "02-b"));
        it.breaker_is_off = true;
        assert!(!waits(&it, "02-b"));
    }
}
