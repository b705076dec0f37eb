//! Whether a run fails as a whole: when its first units all fail for the same reason, the others would as well. A pure
//! question to the state.

use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;

/// So many units must have failed alike, and none have ended otherwise before.
const ALIKE: usize = 3;

/// The agents that get no further unit because their first ones have all failed, each with the reason.
pub(crate) fn same_failures(state: &RunState) -> Vec<(String, String)> {
    if state.breaker_is_off {
        return Vec::new();
    }
    let agents = state.agents().into_iter();
    agents
        .filter(|who| !state.stopped_agents.contains_key(*who))
        .filter_map(|who| Some((who.to_owned(), same_failure(state, who)?)))
        .collect()
}

/// The reason for which the first units of an agent have all failed.
fn same_failure(state: &RunState, who: &str) -> Option<String> {
    let mut ended: Vec<&UnitState> = state
        .units
        .iter()
        .filter(|unit| {
            // Whoever was not begun tells nothing.
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

/// What is the same in failures for the same reason: the step, the reason and the last words of the output, without
/// what belongs to the unit, and without numbers.
fn likeness(unit: &UnitState) -> Option<String> {
    let Some(Outcome::Failed {
        step, reason, tail, ..
    }) = unit.outcome()
    else {
        return None;
    };
    let tail = tail.as_deref().unwrap_or_default();
    let last = tail.lines().rfind(|line| !line.trim().is_empty());
    let mut text = format!("{} {reason} {}", step.words(), last.unwrap_or_default());
    if let Some(worktree) = &unit.attempt.worktree {
        text = text.replace(&*worktree.to_string_lossy(), "");
    }
    text = text.replace(unit.header.id.as_str(), "");
    text.retain(|c| !c.is_ascii_digit());
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::UnitId;
    use crate::run::{Event, Recorded, RunFact, RunId, Step, StopReason, UnitFact, sample};

    /// A run of units `unit-a` to `unit-d`, whose first ones ended in this order, each with a reason or well.
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
                    tail: Some("last words\n\n".into()),
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
    fn one_agent_that_fails_says_nothing_of_another() {
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
        assert_eq!(said, [("a".to_owned(), "agent: x".to_owned())]);
        it.stopped_agents.insert("a".into(), StopReason::Canary);
        assert_eq!(same_failures(&it), []);
    }

    #[test]
    fn three_failures_alike_are_enough_and_numbers_do_not_tell_them_apart() {
        let said = first(&state(&[
            ("unit-c", Some("unit-c: gone after 1s")),
            ("unit-a", Some("unit-a: gone after 2s")),
            ("unit-b", Some("unit-b: gone after 30s")),
        ]));
        assert_eq!(said.as_deref(), Some("agent: unit-c: gone after 1s"));
    }

    #[test]
    fn fewer_or_different_ones_or_a_success_among_the_first_are_not() {
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
    fn whoever_goes_on_all_the_same_is_not_asked_again() {
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
    fn whoever_goes_on_is_not_asked_again_though_another_agent_was_cut_off_for_something_else() {
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
            }),
        });
        assert_eq!(first(&it), None);
    }
}
