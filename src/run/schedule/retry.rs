//! Decides which units of a run can be retried: a pure function of the state.

use std::path::PathBuf;

use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::clusters;

/// Why units cannot be retried.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetryError {
    #[error("run {id} has not come to its end: go on with it first, with batch resume {id}")]
    NotEnded { id: RunId },
    #[error("no unit of run {id} has failed, so there is nothing to retry")]
    NoneFailed { id: RunId },
    #[error(
        "no unit is like {unit}: it has neither failed nor written a helper that others wrote, too"
    )]
    NothingAlike { unit: UnitId },
    #[error("unit {unit} did not come to an end of its own: batch resume {id} goes on with it")]
    Unfinished { unit: UnitId, id: RunId },
    #[error("unit {unit} is blocked by unit {by}, and starts with it: batch retry {by}")]
    Blocked { unit: UnitId, by: UnitId },
    #[error(
        "the worktree of unit {unit} was locked or moved by somebody: unlock it or move it back to {} first",
        path.display()
    )]
    Claimed { unit: UnitId, path: PathBuf },
    #[error("unit {unit} has got new work since its pull request was read: try again")]
    Outdated { unit: UnitId },
    #[error("unit {stands} builds on the work of unit {unit}: name both to do both again")]
    StoodOn { unit: UnitId, stands: UnitId },
}

/// Returns the units that have failed, and the units that did not start because the first ones failed alike.
pub fn failed(state: &RunState) -> Result<Vec<UnitId>, RetryError> {
    let has_failed = |unit: &&UnitState| matches!(unit.outcome(), Some(Outcome::Failed { .. }));
    if !state.units.iter().any(|unit| has_failed(&unit)) {
        let id = state.id.clone();
        return Err(RetryError::NoneFailed { id });
    }
    let was_spared = |unit: &&UnitState| {
        let Some(Outcome::LeftOut { why }) = unit.outcome() else {
            return false;
        };
        matches!(why, StopReason::SameFailure { .. })
    };
    let again = state.units.iter();
    let again = again.filter(|unit| has_failed(unit) || was_spared(unit));
    Ok(again.map(|unit| unit.header.id.clone()).collect())
}

/// Returns the units that are like this one, with it: those that failed for the same cause, also those that did not
/// start because of it, and those that wrote the same helper.
pub fn like(state: &RunState, unit: &UnitId) -> Result<Vec<UnitId>, RetryError> {
    let alike = clusters::alike(state, unit);
    if alike.is_empty() {
        let unit = unit.clone();
        return Err(RetryError::NothingAlike { unit });
    }
    Ok(alike)
}

/// Checks whether these units can be retried.
pub(crate) fn allowed(state: &RunState, units: &[UnitId]) -> Result<(), RetryError> {
    let id = state.id.clone();
    if state.ended_at.is_none() {
        return Err(RetryError::NotEnded { id });
    }
    for unit in units.iter().filter_map(|unit| state.unit(unit)) {
        let unit_id = &unit.header.id;
        // Units that wait for the canary have not ended either, and are retried with it.
        let is_canarys = state.canary().is_some();
        let may_start_anew = match unit.outcome() {
            Some(Outcome::Blocked { by }) if !is_canarys && !units.contains(by) => {
                return Err(RetryError::Blocked {
                    unit: unit_id.clone(),
                    by: by.clone(),
                });
            }
            Some(Outcome::LeftOut { .. } | Outcome::Stopped | Outcome::Blocked { .. }) => true,
            _ => unit.is_settled() || is_canarys || unit.is_held_by_union(),
        };
        if !may_start_anew {
            return Err(RetryError::Unfinished {
                unit: unit_id.clone(),
                id,
            });
        }
        // Its old commits would stay below work that is published.
        let stands = state.units.iter().find(|other| {
            other.header.needs.contains(unit_id)
                && other.outcome().is_some_and(Outcome::is_success)
                && !units.contains(&other.header.id)
        });
        if let Some(stands) = stands {
            return Err(RetryError::StoodOn {
                unit: unit_id.clone(),
                stands: stands.header.id.clone(),
            });
        }
    }
    Ok(())
}
