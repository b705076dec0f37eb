//! Which units of a run are alike: those that failed for the same cause, and those that wrote the same helper. Pure
//! functions of the state.

use std::cmp::Reverse;

use crate::agent::AgentId;
use crate::plan::UnitId;
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::cause::Cause;

/// Units that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCluster {
    /// The cause in words for people, on one line.
    pub cause: String,
    /// The units that failed.
    pub failed: Vec<UnitId>,
    /// The units that did not start because these had failed.
    pub spared: Vec<UnitId>,
    key: (Step, String),
}

impl FailureCluster {
    /// Returns all units of the cluster, the failed ones first.
    pub fn units(&self) -> impl ExactSizeIterator<Item = &UnitId> {
        let all: Vec<&UnitId> = self.failed.iter().chain(&self.spared).collect();
        all.into_iter()
    }
}

/// Returns the causes for which units failed, each with its units; the cause of most units comes first.
#[must_use]
pub fn failure_clusters(state: &RunState) -> Vec<FailureCluster> {
    let mut clusters: Vec<FailureCluster> = Vec::new();
    for unit in &state.units {
        let Some((step, cause)) = failure(unit) else {
            continue;
        };
        let (key, id) = ((step, cause.key), unit.header.id.clone());
        match clusters.iter_mut().find(|it| it.key == key) {
            Some(cluster) => cluster.failed.push(id),
            None => clusters.push(FailureCluster {
                cause: cause.said,
                failed: vec![id],
                spared: Vec::new(),
                key,
            }),
        }
    }
    for unit in &state.units {
        if let Some(said) = spared_for(unit) {
            let agent = state.own_agent(unit);
            if let Some(cluster) = cluster_of_breaker(state, &mut clusters, agent, said) {
                cluster.spared.push(unit.header.id.clone());
            }
        }
    }
    clusters.sort_by_key(|it| Reverse(it.units().len()));
    clusters
}

/// Returns the units that are like this one, with it: those that failed for the same cause, or did not start because of
/// it; or those that wrote a helper that this one wrote, too. Nothing is like a unit that did neither.
pub(crate) fn alike(state: &RunState, unit: &UnitId) -> Vec<UnitId> {
    let clusters = failure_clusters(state).into_iter();
    let mut its = clusters.filter(|cluster| cluster.units().any(|it| it == unit));
    if let Some(cluster) = its.next() {
        let in_plan = state.units.iter().map(|it| &it.header.id);
        let all = in_plan.filter(|id| cluster.units().any(|it| it == *id));
        return all.cloned().collect();
    }
    let doubles = state.helper_doubles.iter();
    let doubles: Vec<_> = doubles.filter(|it| it.is_in(unit)).collect();
    let in_plan = state.units.iter().map(|it| &it.header.id);
    let all = in_plan.filter(|id| doubles.iter().any(|it| it.is_in(id)));
    all.cloned().collect()
}

/// Returns the cause for which a unit's work failed. Work that could only not be published is no such failure.
fn failure(unit: &UnitState) -> Option<(Step, Cause)> {
    let Some(Outcome::Failed {
        step, reason, tail, ..
    }) = unit.outcome()
    else {
        return None;
    };
    let is_publishing = matches!(step, Step::Push | Step::PullRequest);
    if is_publishing && unit.attempt.commit.is_some() {
        return None;
    }
    Some((*step, cause(unit, reason, tail.as_deref())))
}

/// Returns the cause of a failure of the unit.
pub(crate) fn cause(unit: &UnitState, reason: &str, tail: Option<&str>) -> Cause {
    let worktree = unit.attempt.worktree.as_ref();
    let worktree = worktree.map(|path| path.to_string_lossy());
    let own = [
        worktree.as_deref().unwrap_or_default(),
        unit.header.id.as_str(),
    ];
    Cause::of(reason, tail, &own)
}

/// Returns what the breaker said of the failures because of which the unit did not start.
fn spared_for(unit: &UnitState) -> Option<&str> {
    match unit.outcome()? {
        Outcome::LeftOut {
            why: StopReason::SameFailure { said },
        } => Some(said),
        _ => None,
    }
}

/// Returns the cluster of the failures that the breaker named: the one with most of the agent's units among those that
/// it may have meant.
fn cluster_of_breaker<'c>(
    state: &RunState,
    clusters: &'c mut [FailureCluster],
    agent: &AgentId,
    said: &str,
) -> Option<&'c mut FailureCluster> {
    let count = |cluster: &FailureCluster, is_meant: &dyn Fn(&UnitState) -> bool| {
        let units = cluster.failed.iter().filter_map(|id| state.unit(id));
        let its = units.filter(|unit| state.own_agent(unit) == agent);
        its.filter(|unit| is_meant(unit)).count()
    };
    let was_named = |unit: &UnitState| match unit.outcome() {
        Some(Outcome::Failed { step, reason, .. }) => {
            let line = reason.lines().next().unwrap_or_default();
            said == format!("{}: {line}", step.words())
        }
        _ => false,
    };
    // Where the first attempts failed alike, the pilot may have failed for another cause in the end.
    let rank = |it: &FailureCluster| (count(it, &was_named), count(it, &|_| true));
    let best = clusters
        .iter_mut()
        .max_by_key(|it| (rank(it), Reverse(it.failed.first().cloned())));
    best.filter(|it| count(it, &|_| true) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::log::helper_doubles::{HelperDouble, HelperPlace};
    use crate::run::{Event, Recorded, RunId, UnitFact, sample};

    fn id(unit: &str) -> UnitId {
        UnitId::parse(unit).unwrap()
    }

    fn failed(step: Step, reason: &str, tail: &str) -> Outcome {
        Outcome::Failed {
            step,
            reason: reason.into(),
            tail: Some(tail.into()),
            log: None,
        }
    }

    fn run(ends: &[(&str, Outcome)]) -> RunState {
        let units = ends.iter().map(|(unit, _)| sample::unit(unit)).collect();
        let mut state = RunState::start(RunId::from_journal("r"), sample::header(units), 0);
        for (unit, outcome) in ends {
            let outcome = outcome.clone();
            let event = Event::Unit(id(unit), UnitFact::Ended { outcome });
            let (seq, at) = (1, 1);
            state.apply(&Recorded { seq, at, event });
        }
        state
    }

    fn missing(name: &str, file: &str) -> Outcome {
        let tail = format!("{file}(1,2): error TS2304: Cannot find name '{name}'.\n");
        failed(Step::Check, "`tsc` failed: exit code 2", &tail)
    }

    fn shown(state: &RunState) -> Vec<String> {
        let clusters = failure_clusters(state).into_iter();
        clusters
            .map(|it| {
                let ids = |units: &[UnitId]| {
                    let ids: Vec<&str> = units.iter().map(UnitId::as_str).collect();
                    ids.join(" ")
                };
                format!("{}: {} | {}", it.cause, ids(&it.failed), ids(&it.spared))
            })
            .collect()
    }

    #[test]
    fn the_cause_of_most_units_comes_first() {
        let state = run(&[
            ("01-a", missing("Bar", "src/a.ts")),
            ("02-b", missing("Foo", "src/b.ts")),
            ("03-c", Outcome::Published),
            ("04-d", missing("Foo", "lib/d.ts")),
        ]);
        assert_eq!(
            shown(&state),
            [
                "Cannot find name 'Foo': 02-b 04-d | ",
                "Cannot find name 'Bar': 01-a | "
            ]
        );
        assert_eq!(alike(&state, &id("04-d")), [id("02-b"), id("04-d")]);
        assert_eq!(alike(&state, &id("01-a")), [id("01-a")]);
        assert_eq!(alike(&state, &id("03-c")), []);
    }

    #[test]
    fn units_that_the_breaker_spared_belong_to_the_failures_that_it_named() {
        let said = "check: `tsc` failed: exit code 2".to_owned();
        let spared = Outcome::LeftOut {
            why: StopReason::SameFailure { said },
        };
        let state = run(&[
            ("01-a", failed(Step::Agent, "it was silent for 1m", "")),
            ("02-b", missing("Foo", "src/b.ts")),
            ("03-c", missing("Foo", "src/c.ts")),
            ("04-d", spared.clone()),
            (
                "05-e",
                Outcome::LeftOut {
                    why: StopReason::Canary,
                },
            ),
        ]);
        assert_eq!(
            shown(&state),
            [
                "Cannot find name 'Foo': 02-b 03-c | 04-d",
                "it was silent for 1m: 01-a | "
            ]
        );
        let all = [id("02-b"), id("03-c"), id("04-d")];
        assert_eq!(alike(&state, &id("04-d")), all);
        assert_eq!(alike(&state, &id("03-c")), all);
        // What the breaker named is not always the cause in the end.
        let other = run(&[
            ("01-a", failed(Step::Agent, "it was silent for 1m", "")),
            ("02-b", spared),
        ]);
        assert_eq!(shown(&other), ["it was silent for 1m: 01-a | 02-b"]);
    }

    #[test]
    fn units_with_the_same_helper_are_alike() {
        let mut state = run(&[
            ("01-a", Outcome::Published),
            ("02-b", Outcome::Published),
            ("03-c", Outcome::Published),
        ]);
        let place = |unit: &str, name: &str| HelperPlace {
            unit: id(unit),
            path: "a.js".into(),
            name: name.into(),
        };
        state.helper_doubles = vec![HelperDouble {
            places: vec![place("01-a", "format"), place("03-c", "money")],
        }];
        assert_eq!(alike(&state, &id("03-c")), [id("01-a"), id("03-c")]);
        assert_eq!(alike(&state, &id("02-b")), []);
    }

    #[test]
    fn work_that_could_not_be_published_is_no_failure_of_the_work() {
        let mut state = run(&[("01-a", failed(Step::Push, "no", ""))]);
        assert_eq!(shown(&state), ["no: 01-a | "]);
        state.units[0].attempt.commit = Some(crate::git::CommitId::new("1".repeat(40)));
        assert_eq!(shown(&state), [""; 0]);
    }
}
