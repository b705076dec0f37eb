//! Decides whether finished work may be published yet: a pure function of the state.

use std::collections::BTreeMap;

use crate::config::PublishWhen;
use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::Phase;

/// Whether the run publishes anything more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateState {
    /// Nobody knows yet whether enough units succeed.
    Wait,
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
        } else if open == 0 || state.header.publish == PublishWhen::AsReady {
            Self::Open
        } else {
            Self::Wait
        }
    }
}

/// The facts that a finished unit needs before it is published.
#[derive(Debug, Clone)]
pub(crate) struct PublishGate {
    pub(crate) gate: GateState,
    pub(crate) ended: BTreeMap<UnitId, Ended>,
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
        Self {
            gate: GateState::of(state),
            ended: ended.collect(),
            stopping: state.stop.is_some(),
            begins_no_more: state.starts_no_more(),
        }
    }
}
