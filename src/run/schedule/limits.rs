//! How much a whole run may take, and what it has taken: pure questions to the state.

use std::time::Duration;

use crate::agent::{UsageSum, Usd};
use crate::config::{Limit, RunConfig};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;

/// How much a whole run may take; as much as it likes where nothing is said.
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

    /// How long after its beginning the run starts nothing more.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.deadline.map(|limit| limit.0)
    }

    /// The limit that a run has reached; `driven` is for how long this process has been at it.
    pub(crate) fn reached(&self, state: &RunState, driven: Duration) -> Option<StopReason> {
        // Earlier attempts and processes count, too.
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
