//! Estimates how long a plan will take, from the times of units in earlier runs of this repository.

use std::collections::BTreeMap;

use crate::journal::Journal;
use crate::plan::{Forecast, Plan, Unit, UnitId, forecast};
use crate::run::job::unit_agents::UnitAgents;
use crate::run::log::outcome::Outcome;
use crate::run::log::record::load;
use crate::run::log::run_id::RunId;
use crate::run::log::unit_state::Phase;
use crate::run::workspace::places::Places;

/// Only this many of the latest runs count; older ones had other machines, checks and agents.
const RUNS: usize = 30;

/// Where a unit takes less than this, the work around it weighs as much.
const WORTH_WHILE_MS: u64 = 30_000;

/// How long units of earlier runs took.
pub struct PastTimes {
    /// The agent, and the milliseconds.
    took: Vec<(String, u64)>,
}

/// How long a plan will take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeEstimate {
    pub jobs: usize,
    pub plan: Forecast,
    /// The usual time of a unit, for each kind of agent.
    pub usual: Vec<UsualTime>,
    /// Whether units are so short that several at once gain little.
    pub gains_little: bool,
}

/// The time that a unit of one kind of agent usually takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualTime {
    pub agent: String,
    pub takes_ms: u64,
    /// How many earlier units this was seen in.
    pub seen: usize,
}

impl PastTimes {
    /// Reads the journal. An absent or unreadable journal gives no times.
    #[must_use]
    pub fn read(places: &Places) -> Self {
        let mut took = Vec::new();
        let journal = Journal::read(&places.journal()).ok().flatten();
        let runs = journal.as_ref().and_then(|journal| journal.runs().ok());
        for id in runs.unwrap_or_default().iter().take(RUNS) {
            let state = journal
                .as_ref()
                .and_then(|journal| load(journal, &RunId::from_journal(id)).ok());
            let Some(state) = state else { continue };
            for unit in &state.units {
                let Phase::Ended(Outcome::Published | Outcome::Committed) = unit.phase else {
                    continue;
                };
                took.extend(
                    unit.took_ms(0)
                        .map(|ms| (state.agent_of(unit).to_string(), ms)),
                );
            }
        }
        Self { took }
    }

    /// Estimates the time of a plan. Nothing where one of its agents never worked here.
    #[must_use]
    pub fn estimate(&self, plan: &Plan, agents: &UnitAgents, jobs: usize) -> Option<TimeEstimate> {
        let mut kinds: Vec<&str> = agents.iter().map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let usual: Vec<UsualTime> = kinds
            .into_iter()
            .map(|kind| self.usual(kind))
            .collect::<Option<_>>()?;
        let of = |agent| usual.iter().find(|known| known.agent == kind(agent));
        let takes: BTreeMap<&UnitId, u64> = plan
            .units
            .iter()
            .zip(agents.iter())
            .filter_map(|(unit, agent)| Some((&unit.id, of(agent)?.takes_ms)))
            .collect();
        let takes = |unit: &Unit| takes.get(&unit.id).copied().unwrap_or_default();
        let forecast = forecast(&plan.units, takes, jobs).ok()?;
        let is_short = usual.iter().all(|usual| usual.takes_ms < WORTH_WHILE_MS);
        Some(TimeEstimate {
            jobs,
            plan: forecast,
            gains_little: plan.units.len() > 1 && jobs > 1 && is_short,
            usual,
        })
    }

    /// The median time of units that this kind of agent did.
    fn usual(&self, agent: &str) -> Option<UsualTime> {
        let took = self.took.iter();
        let mut alike: Vec<u64> = took
            .filter(|(other, _)| kind(other) == agent)
            .map(|(_, ms)| *ms)
            .collect();
        alike.sort_unstable();
        Some(UsualTime {
            agent: agent.to_owned(),
            takes_ms: *alike.get(alike.len() / 2)?,
            seen: alike.len(),
        })
    }
}

#[cfg(test)]
impl FromIterator<(String, u64)> for PastTimes {
    fn from_iter<T: IntoIterator<Item = (String, u64)>>(took: T) -> Self {
        Self {
            took: took.into_iter().collect(),
        }
    }
}

/// The part of an agent's description that decides how long it takes: the codemod is as fast with any pattern, models
/// of one agent count as the same, and every command is a kind of its own.
fn kind(agent: &str) -> &str {
    if agent.starts_with("command:") {
        return agent;
    }
    agent.split([':', ' ']).next().unwrap_or(agent)
}
