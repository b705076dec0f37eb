//! How much a whole run may take, and what it has taken: pure questions to the state.

use std::time::Duration;

use crate::agent::{Usage, Usd};
use crate::config::{Limit, RunConfig};
use crate::run::log::state::RunState;
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
        let spent = Spent::of(state);
        if let Some(limit) = self.budget.filter(|limit| spent.cost >= *limit) {
            return Some(StopReason::Budget {
                of: limit,
                spent: spent.cost,
            });
        }
        if let Some(limit) = self.tokens.filter(|limit| spent.tokens >= *limit) {
            return Some(StopReason::Tokens {
                of: limit,
                used: spent.tokens,
            });
        }
        self.deadline
            .filter(|limit| driven >= limit.0)
            .map(|of| StopReason::Deadline { of })
    }
}

/// What is known of what the agents have used up, those of earlier attempts and processes too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Spent {
    cost: Usd,
    tokens: u64,
}

impl Spent {
    fn of(state: &RunState) -> Self {
        let turns = state.units.iter().flat_map(|unit| &unit.turns);
        turns.fold(Self::default(), |spent, usage| Self {
            cost: spent.cost.saturating_add(cost(usage)),
            tokens: spent.tokens.saturating_add(tokens(usage)),
        })
    }
}

/// What is known of its cost.
pub(crate) fn cost(usage: &Usage) -> Usd {
    usage.cost.map(|cost| cost.usd).unwrap_or_default()
}

/// What is known of its tokens.
pub(crate) fn tokens(usage: &Usage) -> u64 {
    let read = usage.input_tokens.unwrap_or(0);
    read.saturating_add(usage.output_tokens.unwrap_or(0))
}
