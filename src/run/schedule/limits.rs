//! The limits on what a whole run may use: pure functions of the state.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agent::{Usage, UsageSum, Usd};
use crate::config::{Limit, RunConfig};
use crate::plan::UnitId;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::UnitState;

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

    /// Returns the limit that the run has reached, so that no further unit starts; `driven` is how long this process
    /// has driven the run.
    pub(crate) fn reached(
        &self,
        state: &RunState,
        working: &WorkingAgents,
        driven: Duration,
    ) -> Option<StopReason> {
        let (spent, used) = sum(state, working);
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

    /// Returns the limit that the run is over, so that working agents stop. The deadline lets them finish.
    pub(crate) fn exceeded(&self, state: &RunState, working: &WorkingAgents) -> Option<StopReason> {
        let (spent, used) = sum(state, working);
        let budget = self.budget.filter(|limit| spent > *limit);
        let tokens = self.tokens.filter(|limit| used > *limit);
        budget
            .map(|of| StopReason::Budget { of, spent })
            .or(tokens.map(|of| StopReason::Tokens { of, used }))
    }
}

/// What an agent has used so far in a turn that goes on.
#[derive(Debug, Clone)]
pub(crate) struct UsageReport {
    pub(crate) unit: UnitId,
    /// How many turns of the unit had reported their usage before.
    pub(crate) turn: usize,
    pub(crate) usage: Usage,
}

/// What working agents have used in their present turns, which the state does not know yet.
#[derive(Debug, Default)]
pub(crate) struct WorkingAgents(BTreeMap<UnitId, Usage>);

impl WorkingAgents {
    /// Takes in a report. A report of a turn that has ended comes too late: the state knows that turn.
    pub(crate) fn report(&mut self, state: &RunState, report: UsageReport) {
        let is_current =
            |unit: &UnitState| unit.outcome().is_none() && unit.ledger.turns.len() == report.turn;
        if state.unit(&report.unit).is_some_and(is_current) {
            self.0.insert(report.unit, report.usage);
        }
    }

    /// Takes in that the turn has ended, so that the state knows its usage.
    pub(crate) fn end_turn(&mut self, unit: &UnitId) {
        self.0.remove(unit);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the least cost and the least tokens of the run. Earlier attempts and processes count, too.
fn sum(state: &RunState, working: &WorkingAgents) -> (Usd, u64) {
    let turns = state.units.iter().flat_map(|unit| &unit.ledger.turns);
    let sum: UsageSum = turns.chain(working.0.values()).collect();
    (sum.least_cost(), sum.least_tokens())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunId, sample};

    #[test]
    fn working_agents_count_and_stop_only_beyond_a_limit() {
        let units = vec![sample::unit("01-a"), sample::unit("02-b")];
        let state = RunState::start(RunId::from_journal("r"), sample::header(units), 0);
        let caps = Caps {
            tokens: Some(100),
            ..Caps::default()
        };
        let mut working = WorkingAgents::default();
        let report = |working: &mut WorkingAgents, unit: &str, tokens| {
            let report = UsageReport {
                unit: UnitId::parse(unit).unwrap(),
                turn: 0,
                usage: Usage {
                    input_tokens: Some(tokens),
                    ..Usage::default()
                },
            };
            let late = UsageReport {
                turn: 1,
                usage: Usage::default(),
                ..report.clone()
            };
            working.report(&state, report);
            // Another turn's report changes nothing.
            working.report(&state, late);
        };
        let found = |working: &WorkingAgents| {
            let reached = caps.reached(&state, working, Duration::ZERO);
            (reached.is_some(), caps.exceeded(&state, working).is_some())
        };
        report(&mut working, "01-a", 40);
        report(&mut working, "02-b", 59);
        assert_eq!(found(&working), (false, false));
        report(&mut working, "02-b", 60);
        assert_eq!(found(&working), (true, false));
        report(&mut working, "02-b", 61);
        assert_eq!(found(&working), (true, true));
        working.end_turn(&UnitId::parse("01-a").unwrap());
        assert_eq!(found(&working), (false, false));
        assert!(!working.is_empty());
    }
}
