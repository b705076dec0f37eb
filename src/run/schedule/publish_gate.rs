//! Decides whether finished work may be published yet: a pure function of the state.

use std::collections::BTreeMap;

use crate::config::PublishWhen;
use crate::plan::UnitId;
use crate::run::log::outcome::{Outcome, WithheldReason};
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::{Phase, UnitState};
use crate::run::schedule::union;

/// Whether the run publishes anything more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateState {
    /// Nobody knows yet whether enough units succeed.
    Wait,
    /// All units are done, and are checked together before anything is published.
    AwaitsUnion,
    Open,
    /// Enough units cannot succeed any more.
    Shut,
}

impl GateState {
    pub(crate) fn of(state: &RunState) -> Self {
        if state.canary().is_some() {
            return Self::Shut;
        }
        let (mut good, mut open) = (0, 0);
        for unit in &state.units {
            match unit.outcome() {
                _ if state.union_holds(unit).is_some() => {}
                // A refusal by the server says nothing about the work.
                _ if unit.attempt.commit.is_some() => good += 1,
                Some(outcome) if outcome.is_success() => good += 1,
                Some(_) => {}
                // The unit will never start.
                None if unit.phase == Phase::Waiting && state.starts_no_more() => {}
                None => open += 1,
            }
        }
        if good + open < state.required_successes() {
            Self::Shut
        } else if state.header.publish == PublishWhen::AsReady {
            Self::Open
        } else if open > 0 {
            Self::Wait
        } else if union::is_missing(state) {
            Self::AwaitsUnion
        } else {
            Self::Open
        }
    }
}

/// The facts that a finished unit needs before it is published.
#[derive(Debug, Clone)]
pub(crate) struct PublishGate {
    pub(crate) gate: GateState,
    pub(crate) ended: BTreeMap<UnitId, Ended>,
    /// The units that the union holds.
    pub(crate) held: BTreeMap<UnitId, WithheldReason>,
    /// How many other units a unit was green together with.
    pub(crate) tested_with: BTreeMap<UnitId, usize>,
    /// The run is to end early: no unit waits for long any more.
    pub(crate) stopping: bool,
    /// No further work starts: the run is to end, or has reached a limit.
    pub(crate) begins_no_more: bool,
}

/// How another unit ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) well: bool,
    /// The address of its pull request.
    pub(crate) url: Option<String>,
}

impl PublishGate {
    pub(crate) fn of(state: &RunState) -> Self {
        let ended = state.units.iter().filter_map(|unit| {
            let ended = Ended {
                well: unit.outcome().map(Outcome::is_success)?,
                url: unit
                    .publication
                    .pull_request
                    .as_ref()
                    .map(|link| link.url.clone()),
            };
            Some((unit.header.id.clone(), ended))
        });
        let id = |unit: &UnitState| unit.header.id.clone();
        let units = || state.units.iter();
        let held = units().filter_map(|unit| Some((id(unit), state.union_holds(unit)?)));
        let union = state.union.as_ref();
        let tested_with = units().filter_map(|unit| {
            let others = union?.tested_with(&unit.header.id)?;
            Some((id(unit), others))
        });
        Self {
            gate: GateState::of(state),
            ended: ended.collect(),
            held: held.collect(),
            tested_with: tested_with.collect(),
            stopping: state.stop.is_some(),
            begins_no_more: state.starts_no_more(),
        }
    }
}
