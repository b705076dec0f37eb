//! The breaker: when the first units all fail for the same reason, the other units would fail too. A pure function of
//! the state.

use crate::agent::AgentId;
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::clusters::cause;

/// At least this many units must have failed for the same reason, and no unit may have ended otherwise before.
const ALIKE: usize = 3;

/// Returns the agents that get no further unit because their first units all failed, each with the reason.
pub(crate) fn same_failures(state: &RunState) -> Vec<(AgentId, String)> {
    if state.breaker_is_off {
        return Vec::new();
    }
    let agents = state.agents().into_iter();
    agents
        .filter(|who| !state.stopped_agents.contains_key(*who))
        .filter_map(|who| {
            let said = same_failure(state, who).or_else(|| pilot_failure(state, who))?;
            Some((who.clone(), said))
        })
        .collect()
}

/// Returns the reason for which the first attempts at an agent's units failed, where all that are known failed alike,
/// and no unit has passed since.
pub(crate) fn first_attempts_alike(state: &RunState, who: &AgentId) -> Option<String> {
    if state.has_passed(who) {
        return None;
    }
    let its = state.units.iter().filter(|it| state.own_agent(it) == who);
    let failures: Vec<(String, String)> = its.filter_map(first_failure).collect();
    let (first, said) = failures.first()?;
    let is_alike = failures.iter().all(|(likeness, _)| likeness == first);
    (failures.len() >= ALIKE && is_alike).then(|| said.clone())
}

/// Returns the reason for which the first attempts at an agent's units failed, where the pilot did not mend it.
fn pilot_failure(state: &RunState, who: &AgentId) -> Option<String> {
    let pilot = state.unit(&state.last_pilot(who)?.unit)?;
    let has_failed = matches!(pilot.outcome(), Some(Outcome::Failed { .. }));
    has_failed.then(|| first_attempts_alike(state, who))?
}

/// Returns the likeness of a unit's first failure, and the failure's first line.
fn first_failure(unit: &UnitState) -> Option<(String, String)> {
    let (step, reason, tail) = match (unit.attempt.sent_back.first(), unit.outcome()) {
        (Some(back), _) => (back.step, &back.reason, &back.tail),
        (
            None,
            Some(Outcome::Failed {
                step, reason, tail, ..
            }),
        ) => (*step, reason, tail),
        _ => return None,
    };
    let likeness = likeness_of(unit, step, reason, tail.as_deref());
    let line = reason.lines().next().unwrap_or_default();
    Some((likeness, format!("{}: {line}", step.words())))
}

/// Returns the reason for which the first units of an agent all failed.
fn same_failure(state: &RunState, who: &AgentId) -> Option<String> {
    let mut ended: Vec<&UnitState> = state
        .units
        .iter()
        .filter(|unit| {
            // A unit that never started says nothing about its agent.
            state.agents_of(unit).contains(&who)
                && unit.outcome().is_some()
                && unit.started_at.is_some()
        })
        .collect();
    ended.sort_by_key(|unit| unit.ended_at);
    let first = ended.get(..ALIKE)?;
    let mut alike = first.iter().map(|unit| likeness(unit));
    let one = alike.next()??;
    if alike.any(|other| other.as_ref() != Some(&one)) {
        return None;
    }
    match first[0].outcome() {
        Some(Outcome::Failed { step, reason, .. }) => {
            let line = reason.lines().next().unwrap_or_default();
            Some(format!("{}: {line}", step.words()))
        }
        _ => None,
    }
}

/// Returns the text that is equal for failures with the same reason: the step and the cause.
fn likeness(unit: &UnitState) -> Option<String> {
    let Some(Outcome::Failed {
        step, reason, tail, ..
    }) = unit.outcome()
    else {
        return None;
    };
    Some(likeness_of(unit, *step, reason, tail.as_deref()))
}

fn likeness_of(unit: &UnitState, step: Step, reason: &str, tail: Option<&str>) -> String {
    format!("{} {}", step.words(), cause(unit, reason, tail).key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::UnitId;
    use crate::run::{Event, Phase, Recorded, RunFact, RunId, StopReason, UnitFact, sample};

    /// Makes a run of the units `unit-a` to `unit-d`; some ended in this order, each with a reason or well.
    fn state(ends: &[(&str, Option<&str>)]) -> RunState {
        let units = ["unit-a", "unit-b", "unit-c", "unit-d"].map(sample::unit);
        let mut state =
            RunState::start(RunId::from_journal("r"), sample::header(units.to_vec()), 0);
        for (at, (name, reason)) in (1..).zip(ends) {
            let begun = UnitFact::StepStarted {
                step: Step::Agent,
                detail: None,
            };
            let outcome = match reason {
                None => Outcome::Published,
                Some(reason) => Outcome::Failed {
                    step: Step::Agent,
                    reason: (*reason).into(),
                    tail: Some(format!("last words of {name}\n\n")),
                    log: None,
                },
            };
            for fact in [begun, UnitFact::Ended { outcome }] {
                let event = Event::Unit(UnitId::parse(name).unwrap(), fact);
                state.apply(&Recorded { seq: 1, at, event });
            }
        }
        state
    }

    fn first(state: &RunState) -> Option<String> {
        same_failures(state).pop().map(|(_, said)| said)
    }

    #[test]
    fn the_failures_of_one_agent_say_nothing_about_another() {
        let x = Some("x");
        let mut it = state(&[
            ("unit-a", x),
            ("unit-b", None),
            ("unit-c", x),
            ("unit-d", x),
        ]);
        assert_eq!(first(&it), None);
        it.units[1].agent = Some("other".into());
        let said = same_failures(&it);
        assert_eq!(said, [("a".into(), "agent: x".to_owned())]);
        it.stopped_agents.insert("a".into(), StopReason::Canary);
        assert_eq!(same_failures(&it), []);
    }

    #[test]
    fn three_failures_that_differ_in_numbers_alone_are_enough() {
        let said = first(&state(&[
            ("unit-c", Some("unit-c: gone after 1s")),
            ("unit-a", Some("unit-a: gone after 2s")),
            ("unit-b", Some("unit-b: gone after 30s")),
        ]));
        assert_eq!(said.as_deref(), Some("agent: unit-c: gone after 1s"));
    }

    #[test]
    fn fewer_failures_different_ones_or_an_early_success_are_not_enough() {
        let x = Some("x");
        assert_eq!(first(&state(&[("unit-a", x), ("unit-b", x)])), None);
        assert_eq!(
            first(&state(&[
                ("unit-a", x),
                ("unit-b", Some("y")),
                ("unit-c", x)
            ])),
            None
        );
        let late = state(&[
            ("unit-a", x),
            ("unit-b", None),
            ("unit-c", x),
            ("unit-d", x),
        ]);
        assert_eq!(first(&late), None);
    }

    #[test]
    fn the_output_tells_failures_apart_only_where_the_reason_does_not() {
        let alike = |reason| {
            let mut it = state(&[
                ("unit-a", Some(reason)),
                ("unit-b", Some(reason)),
                ("unit-c", Some(reason)),
            ]);
            for (unit, tail) in it.units.iter_mut().zip(["red", "green", "blue"]) {
                if let Phase::Ended(Outcome::Failed { tail: said, .. }) = &mut unit.phase {
                    *said = Some(tail.to_owned());
                }
            }
            first(&it).is_some()
        };
        assert!(alike("stopped because it was not done within 15s"));
        assert!(!alike("`npm test` failed: exit code 1"));
        assert!(!alike("the agent failed: ended by SIGSEGV"));
    }

    #[test]
    fn a_user_who_continues_is_not_stopped_again() {
        let x = Some("x");
        let mut it = state(&[("unit-a", x), ("unit-b", x), ("unit-c", x)]);
        let reason = first(&it).unwrap();
        for fact in [
            RunFact::StartsStopped {
                why: StopReason::SameFailure { said: reason },
                agent: None,
            },
            RunFact::Resumed {
                pid: 1,
                version: "0".into(),
                allow: Vec::new(),
            },
        ] {
            let event = Event::Run(fact);
            it.apply(&Recorded {
                seq: 1,
                at: 9,
                event,
            });
        }
        assert_eq!(first(&it), None);
    }

    #[test]
    fn a_user_who_continues_is_not_stopped_again_though_another_agent_was_refused() {
        let x = Some("x");
        let mut it = state(&[("unit-a", x), ("unit-b", x), ("unit-c", x)]);
        let reason = first(&it).unwrap();
        let said = "the key is wrong".to_owned();
        it.stopped_agents
            .insert("0".into(), StopReason::Refused { said });
        let why = StopReason::SameFailure { said: reason };
        it.stopped_agents.insert("a".into(), why);
        it.apply(&Recorded {
            seq: 1,
            at: 9,
            event: Event::Run(RunFact::Resumed {
                pid: 1,
                version: "0".into(),
                allow: Vec::new(),
            }),
        });
        assert_eq!(first(&it), None);
    }
}
