//! Decides when the green units of a run are checked together, and with which units: pure functions of the state.

use std::collections::BTreeSet;

use crate::config::{PublishWhen, Unverified};
use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_fact::Goal;
use crate::run::log::run_state::RunState;
use crate::run::log::union::{Union, UnionCheck, UnionMember, UnionPart, UnionVerdict};
use crate::run::log::unit_state::{Phase, UnitState};
use crate::run::schedule::narrowing::{Answer, Members, Set};

/// Checks whether units wait to be published that no union has decided about. One unit alone makes no union.
pub(crate) fn is_missing(state: &RunState) -> bool {
    if state.header.publish != PublishWhen::AfterUnion || state.header.goal != Goal::PullRequests {
        return false;
    }
    let is_decided = |unit: &UnitState| {
        let union = state.union.as_ref().filter(|union| union.end.is_some());
        let commit = unit.attempt.commit.as_ref();
        union
            .zip(commit)
            .is_some_and(|(union, commit)| union.covers(&unit.header.id, commit))
    };
    let units = || state.units.iter();
    let waiting: Vec<&UnitState> = units().filter(|unit| waits(state, unit)).collect();
    let published = units().filter(|unit| is_published(unit)).count();
    waiting.len() + published > 1 && waiting.iter().any(|unit| !is_decided(unit))
}

/// Returns the units of the union that is to be made now, in the order of needs.
pub(crate) fn members(state: &RunState, unverified: Unverified) -> Vec<UnionMember> {
    let part = |unit: &UnitState| {
        if is_published(unit) {
            Some(UnionPart::Published)
        } else if !waits(state, unit) {
            None
        } else if unverified == Unverified::Hold && unit.attempt.is_unverified() {
            Some(UnionPart::LeftOut)
        } else {
            Some(UnionPart::Candidate)
        }
    };
    let units = state.needs_first().into_iter();
    units
        .filter_map(|unit| {
            Some(UnionMember {
                unit: unit.header.id.clone(),
                commit: unit.attempt.commit.clone()?,
                part: part(unit)?,
            })
        })
        .collect()
}

/// Checks whether the work of a unit is done and waits to be published.
fn waits(state: &RunState, unit: &UnitState) -> bool {
    let will_never_start = unit.phase == Phase::Waiting && state.starts_no_more();
    unit.attempt.commit.is_some()
        && unit.outcome().is_none()
        && unit.follow_up.is_none()
        && !will_never_start
}

fn is_published(unit: &UnitState) -> bool {
    unit.attempt.commit.is_some()
        && unit.publication.pull_request.is_some()
        && unit.follow_up.is_none()
        && unit.outcome().is_some_and(Outcome::is_success)
}

/// A union in the form in which it is narrowed down: the units that take part, by their places.
pub(crate) struct Places {
    units: Vec<UnitId>,
    pub(crate) members: Members,
}

impl Places {
    pub(crate) fn of(state: &RunState, union: &Union) -> Self {
        let takes_part = |it: &&UnionMember| it.part != UnionPart::LeftOut;
        let members: Vec<&UnionMember> = union.members.iter().filter(takes_part).collect();
        let units: Vec<UnitId> = members.iter().map(|it| it.unit.clone()).collect();
        let needs = units.iter().map(|unit| {
            let needs: BTreeSet<UnitId> = state.stands_on(unit);
            let place = |need: &UnitId| units.iter().position(|it| it == need);
            needs.iter().filter_map(place).collect()
        });
        let is_out = |(_, it): &(usize, &&UnionMember)| it.part == UnionPart::Published;
        let published = members.iter().enumerate().filter(is_out);
        let published: Set = published.map(|(place, _)| place).collect();
        Self {
            members: Members::new(needs.collect(), published),
            units,
        }
    }

    pub(crate) fn units(&self, set: &Set) -> Vec<UnitId> {
        let units = set.iter().filter_map(|place| self.units.get(*place));
        units.cloned().collect()
    }

    /// Returns the answers that are known already.
    pub(crate) fn answers(&self, checks: &[UnionCheck]) -> Vec<(Set, Answer)> {
        checks.iter().map(|check| self.answer(check)).collect()
    }

    pub(crate) fn answer(&self, check: &UnionCheck) -> (Set, Answer) {
        let place = |unit: &UnitId| self.units.iter().position(|it| it == unit);
        let answer = match check.verdict {
            UnionVerdict::Green => Answer::Green,
            UnionVerdict::Red => Answer::Red,
            UnionVerdict::Flaky => Answer::Flaky,
        };
        (check.units.iter().filter_map(place).collect(), answer)
    }

    /// Counts the units that take part.
    pub(crate) fn len(&self) -> usize {
        self.units.len()
    }
}
