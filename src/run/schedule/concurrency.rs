//! The part of the engine that has as many agents work at once as their providers and this machine allow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::agent::Interruption;
use crate::plan::UnitId;
use crate::run::engine::error::RunError;
use crate::run::engine::run_loop::Engine;
use crate::run::log::event::{Event, Outcome, RunFact, Step};
use crate::run::log::record::now;
use crate::run::log::state::Phase;
use crate::run::log::stop_reason::ThrottleReason;
use crate::run::schedule::governor::Governor;
use crate::run::schedule::overload::{Machine, MachineOverload};
use crate::run::schedule::scheduler::{self, Allowed};

/// How often a strained machine is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// An agent is held back by its model's provider, or was killed by somebody else.
#[derive(Debug, Clone)]
pub(crate) struct InterruptionReport {
    /// Who it is, as [`RunState::who`] calls it.
    pub(crate) agent: Arc<str>,
    pub(crate) pressure: Interruption,
    /// How long, where that was said.
    pub(crate) wait: Option<Duration>,
}

/// How many agents may work at once, and why.
pub(crate) struct Pacing {
    jobs: usize,
    /// For each agent that was held back: what one provider does not give says nothing of another.
    governors: BTreeMap<String, Governor>,
    /// For all together: what kills agents from outside is the machine's.
    machine: Governor,
    strain: Option<MachineOverload>,
    /// What was told last of each, and of all together.
    told: BTreeMap<Option<String>, usize>,
}

impl Pacing {
    pub(crate) fn new(jobs: usize) -> Self {
        Self {
            jobs: jobs.max(1),
            governors: BTreeMap::new(),
            machine: Governor::new(jobs),
            strain: None,
            told: BTreeMap::new(),
        }
    }

    /// How many may work at once of an agent, as far as its provider is concerned.
    fn of(&self, agent: &str) -> usize {
        self.governors
            .get(agent)
            .map_or(self.jobs, Governor::at_once)
    }

    /// How many may work at once of the agent, or of all together, in a run of so many agents.
    fn told_of(&self, agent: Option<&str>, agents: usize) -> usize {
        let all = self.machine.at_once();
        match agent {
            Some(agent) => self.of(agent),
            // What is its provider's and what is the machine's is all one.
            None if agents == 1 => {
                let each = self.governors.values().map(Governor::at_once);
                each.fold(all, usize::min)
            }
            None => all,
        }
    }

    /// How many may work at once, of which so many work now.
    fn allowed(&self, busy: usize) -> Allowed {
        let all = match self.strain {
            // What works goes on, and one always does.
            Some(_) => self.machine.at_once().min(busy.max(1)),
            None => self.machine.at_once(),
        };
        let each = self.governors.iter();
        Allowed {
            all,
            each: each
                .map(|(agent, governor)| (agent.clone(), governor.at_once()))
                .collect(),
        }
    }
}

impl Engine<'_> {
    pub(crate) fn trouble(&mut self, trouble: &InterruptionReport) -> Result<(), RunError> {
        let at = self.begun.elapsed();
        let InterruptionReport {
            agent,
            pressure,
            wait,
        } = trouble;
        let busy = scheduler::busy(&self.state);
        let busy_of_it = busy.get(&**agent).copied().unwrap_or_default();
        let jobs = self.pacing.jobs;
        let (of, governor, busy) = match pressure {
            Interruption::Killed => (None, &mut self.pacing.machine, busy.values().sum()),
            Interruption::RateLimit | Interruption::Overload | Interruption::Connection => {
                let governors = self.pacing.governors.entry(agent.to_string());
                let governor = governors.or_insert_with(|| Governor::new(jobs));
                (Some(&**agent), governor, busy_of_it)
            }
        };
        governor.held_back(at, busy, *wait);
        let pressure = *pressure;
        let why = match governor.closed_until() {
            Some(until) => {
                let wait = i64::try_from(until.saturating_sub(at).as_millis());
                let until = now().saturating_add(wait.unwrap_or(i64::MAX));
                ThrottleReason::Closed { pressure, until }
            }
            None => ThrottleReason::Interrupted { pressure },
        };
        self.tell_pace(of, why)
    }

    /// How many may work at once now; what has changed is written down.
    pub(crate) fn pace(&mut self) -> Result<Allowed, RunError> {
        let now = self.begun.elapsed();
        for governor in self.pacing.governors.values_mut() {
            governor.pass(now);
        }
        self.pacing.machine.pass(now);
        self.tell_comeback();
        let agents: Vec<String> = self.pacing.governors.keys().cloned().collect();
        for agent in &agents {
            self.tell_pace(Some(agent), ThrottleReason::Quiet)?;
        }
        self.tell_pace(None, ThrottleReason::Quiet)?;
        let by_agent = scheduler::busy(&self.state);
        let busy = by_agent.values().sum();
        if self.could_start(busy, &by_agent) {
            let before = self.pacing.strain;
            self.pacing.strain = Machine::read().strain(before);
            let at_once = self.pacing.allowed(busy).all;
            let why = match (before, self.pacing.strain) {
                (None, Some(MachineOverload::Load(load))) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a cast of floats saturates"
                    )]
                    let load = (load * 100.0) as u32;
                    Some(ThrottleReason::Busy { load })
                }
                (None, Some(MachineOverload::Memory(free))) => {
                    Some(ThrottleReason::LittleMemory { free })
                }
                (Some(_), None) => Some(ThrottleReason::Eased),
                _ => None,
            };
            if let Some(why) = why {
                self.record(Event::Run(RunFact::ConcurrencyChanged {
                    at_once,
                    why,
                    agent: None,
                }))?;
            }
        }
        Ok(self.pacing.allowed(busy))
    }

    /// Whether a unit waits that could start, if the machine can bear it.
    fn could_start(&self, busy: usize, by_agent: &BTreeMap<&str, usize>) -> bool {
        busy < self.pacing.machine.at_once()
            && !self.state.starts_no_more()
            && self.waiting().any(|agent| {
                by_agent.get(agent).copied().unwrap_or_default() < self.pacing.of(agent)
            })
    }

    /// The agents of the units that wait, but for those that get none of them.
    fn waiting(&self) -> impl Iterator<Item = &str> {
        let state = &self.state;
        state
            .units
            .iter()
            .filter(|unit| unit.phase == Phase::Waiting && state.cut_off_from(unit).is_none())
            .map(|unit| state.who(unit))
    }

    /// When to look again though nothing happens.
    pub(crate) fn look_again(&self) -> Option<Instant> {
        let governors = self.pacing.governors.values().chain([&self.pacing.machine]);
        let next = governors.filter_map(Governor::next);
        let next = next.min().map(|at| self.begun + at);
        let strained = self.pacing.strain.map(|_| Instant::now() + LOOK);
        match (next, strained) {
            (Some(next), Some(strained)) => Some(next.min(strained)),
            (next, strained) => next.or(strained),
        }
    }

    /// Whether units wait for nothing but the moment at which they may be started.
    pub(crate) fn waits_for_pace(&self) -> bool {
        !self.state.starts_no_more() && self.waiting().any(|agent| self.pacing.of(agent) == 0)
    }

    /// Says whether one of those that were killed from outside may work again.
    pub(crate) fn tell_comeback(&self) {
        let at_once = self.pacing.machine.at_once();
        let may = scheduler::may_come_back(&self.state, at_once);
        self.comeback.tell(may);
    }

    /// Says how many may work at once of the agent, or of all together, where that has changed.
    fn tell_pace(&mut self, agent: Option<&str>, why: ThrottleReason) -> Result<(), RunError> {
        let agent = agent.and_then(|agent| self.among_others(agent));
        let at_once = self
            .pacing
            .told_of(agent.as_deref(), self.state.agents().len());
        let before = self.pacing.told.insert(agent.clone(), at_once);
        if at_once == before.unwrap_or(self.pacing.jobs) {
            return Ok(());
        }
        self.record(Event::Run(RunFact::ConcurrencyChanged {
            at_once,
            why,
            agent,
        }))
    }

    /// The agent, where it is not the only one of the run.
    pub(crate) fn among_others(&self, agent: &str) -> Option<String> {
        (self.state.agents().len() > 1).then(|| agent.to_owned())
    }

    /// What stands in the way of an agent's every unit ends all that it still works on: they would hear the same.
    pub(crate) fn heed(&mut self, unit: &UnitId, outcome: &Outcome) -> Result<(), RunError> {
        let (Outcome::LeftOut { why }, Some(unit)) = (outcome, self.state.unit(unit)) else {
            return Ok(());
        };
        let who = self.state.who(unit).to_owned();
        let agent = self.among_others(&who);
        if self.state.cut_short.is_none() && !self.state.cut_off.contains_key(&who) {
            let why = why.clone();
            self.record(Event::Run(RunFact::StartsStopped { why, agent }))?;
        }
        for running in &self.running {
            let unit = self.state.units.get(running.unit);
            let works = unit.is_some_and(|unit| {
                self.state.who(unit) == who
                    && matches!(unit.phase, Phase::Running { step, .. } if step <= Step::Agent)
            });
            if works {
                running.cancel.cancel();
            }
        }
        Ok(())
    }
}
