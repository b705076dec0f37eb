//! How many agents may work at once: as many as the user allows, as their providers allow, and as this machine can
//! bear.
//!
//! It decides over values and returns facts; the engine records them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agent::{AgentId, Interruption};
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::ThrottleReason;
use crate::run::log::unit_state::Phase;
use crate::run::schedule::governor::{Governor, Moment};
use crate::run::schedule::overload::{MachineOverload, overload};
use crate::run::schedule::scheduler::{self, Allowed};
use crate::run::workspace::machine::Machine;

/// How often an overloaded machine is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// An agent was interrupted by its model's provider, or killed from outside.
#[derive(Debug, Clone)]
pub(crate) struct InterruptionReport {
    pub(crate) agent: AgentId,
    pub(crate) interruption: Interruption,
    /// How long the agent has to wait, where the provider said so.
    pub(crate) wait: Option<Duration>,
}

/// Whether an overloaded machine lets fewer agents start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MachineLoad {
    Heeded,
    /// The user insists on the number of agents.
    Ignored,
}

/// How many agents may work at once, and why.
pub(crate) struct Concurrency {
    jobs: usize,
    machine_load: MachineLoad,
    /// One governor for each agent that was interrupted: the limits of one provider say nothing about another provider.
    providers: BTreeMap<AgentId, Governor>,
    /// The governor for all agents together: the machine is to blame when agents are killed from outside.
    machine: Governor,
    overload: Option<MachineOverload>,
    /// The number that was recorded last, for each agent and for all together.
    recorded: BTreeMap<Option<AgentId>, usize>,
}

impl Concurrency {
    pub(crate) fn new(jobs: usize, machine_load: MachineLoad) -> Self {
        Self {
            jobs: jobs.max(1),
            machine_load,
            providers: BTreeMap::new(),
            machine: Governor::new(jobs),
            overload: None,
            recorded: BTreeMap::new(),
        }
    }

    /// Takes in that an agent was interrupted at `at`; `now` is the same moment in milliseconds since 1970-01-01 UTC.
    pub(crate) fn interrupt(
        &mut self,
        state: &RunState,
        report: &InterruptionReport,
        at: Moment,
        now: i64,
    ) -> Option<RunFact> {
        let InterruptionReport {
            agent,
            interruption,
            wait,
        } = report;
        let interruption = *interruption;
        let busy = scheduler::busy(state);
        let (of, governor, busy) = match interruption {
            Interruption::Killed => (None, &mut self.machine, busy.values().sum()),
            // Fewer agents at once would not help.
            Interruption::Crashed | Interruption::NoAnswer => return None,
            Interruption::RateLimit
            | Interruption::UsageLimit
            | Interruption::Overload
            | Interruption::Connection => {
                let governors = self.providers.entry(agent.clone());
                let governor = governors.or_insert_with(|| Governor::new(self.jobs));
                let busy = busy.get(agent).copied().unwrap_or_default();
                (Some(agent), governor, busy)
            }
        };
        governor.interrupt(at, busy, *wait);
        let why = match governor.closed_until() {
            Some(until) => {
                let wait = i64::try_from(until.saturating_sub(at).as_millis());
                let until = now.saturating_add(wait.unwrap_or(i64::MAX));
                ThrottleReason::Closed {
                    interruption,
                    until,
                }
            }
            None => ThrottleReason::Interrupted { interruption },
        };
        self.change(state, of, why)
    }

    /// Takes in that time has passed.
    pub(crate) fn pass(&mut self, state: &RunState, at: Moment) -> Vec<RunFact> {
        for governor in self.providers.values_mut() {
            governor.pass(at);
        }
        self.machine.pass(at);
        let agents: Vec<AgentId> = self.providers.keys().cloned().collect();
        let agents = agents.iter().map(Some);
        agents
            .chain([None])
            .filter_map(|agent| self.change(state, agent, ThrottleReason::Quiet))
            .collect()
    }

    /// Checks whether a unit waits that could start if the machine can bear it, so that a look at the machine is due.
    pub(crate) fn wants_machine(&self, state: &RunState) -> bool {
        let by_agent = scheduler::busy(state);
        let busy: usize = by_agent.values().sum();
        self.machine_load == MachineLoad::Heeded
            && busy < self.machine.at_once()
            && !state.starts_no_more()
            && waiting_agents(state).any(|agent| {
                by_agent.get(agent).copied().unwrap_or_default() < self.allowed_by_provider(agent)
            })
    }

    /// Takes in a look at the machine.
    pub(crate) fn look_at(&mut self, state: &RunState, machine: Machine) -> Option<RunFact> {
        let before = self.overload;
        self.overload = overload(machine, before);
        let why = match (before, self.overload) {
            (None, Some(MachineOverload::Load(load))) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a cast of floats saturates"
                )]
                let load = (load * 100.0) as u32;
                ThrottleReason::Busy { load }
            }
            (None, Some(MachineOverload::Memory(free))) => ThrottleReason::LittleMemory { free },
            (Some(_), None) => ThrottleReason::Eased,
            _ => return None,
        };
        let at_once = self.allowed(state).all;
        Some(RunFact::ConcurrencyChanged {
            at_once,
            why,
            agent: None,
        })
    }

    /// Returns how many agents may work at once.
    pub(crate) fn allowed(&self, state: &RunState) -> Allowed {
        let busy: usize = scheduler::busy(state).values().sum();
        let all = match self.overload {
            // Running agents continue, and one agent may always work.
            Some(_) => self.machine.at_once().min(busy.max(1)),
            None => self.machine.at_once(),
        };
        let each = self.providers.iter();
        Allowed {
            all,
            each: each
                .map(|(agent, governor)| (agent.clone(), governor.at_once()))
                .collect(),
        }
    }

    /// Returns the moment, seen from `at`, when more may start though nothing happens.
    pub(crate) fn next_change(&self, at: Moment) -> Option<Moment> {
        let governors = self.providers.values().chain([&self.machine]);
        let look = self.overload.map(|_| at + LOOK);
        governors.filter_map(Governor::next).chain(look).min()
    }

    /// Checks whether units wait only for the moment when a provider takes requests again.
    pub(crate) fn waits_for_providers(&self, state: &RunState) -> bool {
        !state.starts_no_more()
            && waiting_agents(state).any(|agent| self.allowed_by_provider(agent) == 0)
    }

    /// Checks whether an agent that was killed from outside may work again.
    pub(crate) fn may_restart(&self, state: &RunState) -> bool {
        scheduler::may_restart(state, self.machine.at_once())
    }

    /// Returns how many turns of an agent its provider allows at once.
    fn allowed_by_provider(&self, agent: &AgentId) -> usize {
        self.providers
            .get(agent)
            .map_or(self.jobs, Governor::at_once)
    }

    /// Returns the fact that another number of agents may work at once, where the number differs from the recorded one:
    /// for one agent, or for all together.
    fn change(
        &mut self,
        state: &RunState,
        agent: Option<&AgentId>,
        why: ThrottleReason,
    ) -> Option<RunFact> {
        let agents = state.agents().len();
        let agent = agent.filter(|_| agents > 1).cloned();
        let all = self.machine.at_once();
        let at_once = match &agent {
            Some(agent) => self.allowed_by_provider(agent),
            // The provider's limit and the machine's limit are one number for one agent.
            None if agents == 1 => {
                let each = self.providers.values().map(Governor::at_once);
                each.fold(all, usize::min)
            }
            None => all,
        };
        let before = self.recorded.insert(agent.clone(), at_once);
        (at_once != before.unwrap_or(self.jobs)).then_some(RunFact::ConcurrencyChanged {
            at_once,
            why,
            agent,
        })
    }
}

/// Returns the agents of the units that wait, except agents that get no further unit.
fn waiting_agents(state: &RunState) -> impl Iterator<Item = &AgentId> {
    state
        .units
        .iter()
        .filter(|unit| unit.phase == Phase::Waiting && state.agent_stop_reason(unit).is_none())
        .map(|unit| state.agent_of(unit))
}
