//! Decides whether a run that ended by itself waits for a person: to accept its canary, or to go on after equal
//! failures.

use crate::run::engine::start::Start;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_fact::Amendment;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::UnitState;

/// Why a run waits for a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pause<'a> {
    /// The first units failed for the same reason.
    SameFailure(&'a StopReason),
    /// The first unit is done, and a person may accept its work.
    Canary(&'a UnitState),
}

impl<'a> Pause<'a> {
    /// Returns the pause of the run; `None` where the run waits for nobody.
    #[must_use]
    pub fn of(state: &'a RunState) -> Option<Self> {
        if state.stop.is_some() {
            return None;
        }
        match (state.first_stop_reason()?, state.canary()) {
            (why @ StopReason::SameFailure { .. }, _) => Some(Self::SameFailure(why)),
            (StopReason::Canary, Some(canary)) => Some(Self::Canary(canary)),
            _ => None,
        }
    }

    /// Checks whether the run waits for a person to accept a canary that succeeded.
    #[must_use]
    pub fn is_acceptable_canary(&self) -> bool {
        match self {
            Self::Canary(canary) => canary.outcome().is_some_and(is_acceptable),
            Self::SameFailure(_) => false,
        }
    }
}

/// Checks whether a person may accept a canary that ended like this.
fn is_acceptable(outcome: &Outcome) -> bool {
    outcome.is_success() || matches!(outcome, Outcome::Withheld { .. })
}

/// Starts all units of the run again, the canary first; every agent gets these words as well.
#[must_use]
pub fn restart_amended(state: &RunState, words: String) -> Start {
    let units = state.units.iter().map(|unit| unit.header.id.clone());
    let amendment = Amendment {
        instruction: Some(words),
        ..Amendment::default()
    };
    Start::Retried(units.collect(), Box::new(amendment))
}
