//! Whether finished work may be published yet: a pure question to the state.

use std::collections::BTreeMap;

use crate::config::PublishWhen;
use crate::plan::UnitId;
use crate::run::event::Outcome;
use crate::run::state::{Phase, RunState};

/// Whether anything more is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Gate {
    /// It is not known yet whether enough units succeed.
    Wait,
    Open,
    /// Enough units cannot succeed any more.
    Shut,
}

impl Gate {
    pub(in crate::run) fn of(state: &RunState) -> Self {
        if state.canary().is_some() {
            return Self::Shut;
        }
        let (mut good, mut open) = (0, 0);
        for unit in &state.units {
            match unit.outcome() {
                // Whether a server takes it says nothing about the work.
                _ if unit.commit.is_some() => good += 1,
                Some(outcome) if outcome.is_success() => good += 1,
                Some(_) => {}
                // It will never be started.
                None if unit.phase == Phase::Waiting && state.starts_no_more() => {}
                None => open += 1,
            }
        }
        if good + open < state.least() {
            Self::Shut
        } else if open == 0 || state.header.publish == PublishWhen::AsReady {
            Self::Open
        } else {
            Self::Wait
        }
    }
}

/// What a unit that is done has to know before it is published.
#[derive(Debug, Clone)]
pub(in crate::run) struct Clearance {
    pub(in crate::run) gate: Gate,
    pub(in crate::run) ended: BTreeMap<UnitId, Ended>,
    /// The run is to end before its time: nobody waits for long any more.
    pub(in crate::run) stopping: bool,
    /// Nothing further is begun: the run is to end, or has come to a limit.
    pub(in crate::run) begins_no_more: bool,
}

/// How another unit ended.
#[derive(Debug, Clone)]
pub(in crate::run) struct Ended {
    pub(in crate::run) well: bool,
    /// Its pull request.
    pub(in crate::run) url: Option<String>,
}

impl Clearance {
    pub(in crate::run) fn of(state: &RunState) -> Self {
        let ended = state.units.iter().filter_map(|unit| {
            let ended = Ended {
                well: unit.outcome().map(Outcome::is_success)?,
                url: unit.pull_request.as_ref().map(|link| link.url.clone()),
            };
            Some((unit.header.id.clone(), ended))
        });
        Self {
            gate: Gate::of(state),
            ended: ended.collect(),
            stopping: state.stop.is_some(),
            begins_no_more: state.starts_no_more(),
        }
    }
}
