//! The limits on what a whole run may use: pure functions of the state.

use std::time::Duration;

use crate::agent::{UsageSum, Usd};
use crate::config::{Limit, RunConfig};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;

/// The limits of a whole run; `None` means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Caps {
    budget: Option<Usd>,
    tokens: Option<u64>,
    deadline: Option<Limit>,
}

impl Caps {
    pub(crate) fn of(config: &RunConfig) -> Self {
        Self {
            budget: config.budget.and_then(|budget| Usd::new(budget.dollars())),
            tokens: config.max_tokens.map(|tokens| tokens.0),
            deadline: config.deadline,
        }
    }

    /// Returns how long after its start the run starts no further unit.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline.map(|limit| limit.0)
    }

    /// Returns the limit that the run has reached; `driven` is how long this process has driven the run.
    pub(crate) fn reached(&self, state: &RunState, driven: Duration) -> Option<StopReason> {
        // Earlier attempts and processes count too.
        let turns = state.units.iter().flat_map(|unit| &unit.ledger.turns);
        let sum: UsageSum = turns.collect();
        let (spent, used) = (sum.least_cost(), sum.least_tokens());
        if let Some(of) = self.budget.filter(|limit| spent >= *limit) {
            return Some(StopReason::Budget { of, spent });
        }
        if let Some(of) = self.tokens.filter(|limit| used >= *limit) {
            return Some(StopReason::Tokens { of, used });
        }
        self.deadline
            .filter(|limit| driven >= limit.0)
            .map(|of| StopReason::Deadline { of })
    }
}
