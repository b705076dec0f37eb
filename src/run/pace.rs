//! The part of the engine that has as many agents work at once as their providers and this machine allow.

use std::time::Duration;

use tokio::time::Instant;

use super::engine::Engine;
use super::error::RunError;
use super::event::{Event, Outcome, RunFact, Step};
use super::governor::Governor;
use super::machine::{Machine, Strain};
use super::record::now;
use super::restraint::Pace;
use super::scheduler;
use super::state::Phase;
use crate::agent::Pressure;

/// How often a strained machine is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// An agent is held back by its model's provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub(super) pressure: Pressure,
    /// How long, where that was said.
    pub(super) wait: Option<Duration>,
}

/// How many agents may work at once, and why.
pub(super) struct Pacing {
    governor: Governor,
    strain: Option<Strain>,
    /// What was told last.
    told: usize,
}

impl Pacing {
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            governor: Governor::new(jobs),
            strain: None,
            told: jobs,
        }
    }

    /// How many may work at once, of which so many work now.
    fn at_once(&self, busy: usize) -> usize {
        let allowed = self.governor.at_once();
        match self.strain {
            // What works goes on, and one always does.
            Some(_) => allowed.min(busy.max(1)),
            None => allowed,
        }
    }
}

impl Engine<'_> {
    pub(super) fn trouble(&mut self, trouble: Trouble) -> Result<(), RunError> {
        let at = self.begun.elapsed();
        self.pacing.governor.held_back(at, trouble.wait);
        let pressure = trouble.pressure;
        let why = match self.pacing.governor.closed_until() {
            Some(until) => {
                let wait = i64::try_from(until.saturating_sub(at).as_millis());
                let until = now().saturating_add(wait.unwrap_or(i64::MAX));
                Pace::Closed { pressure, until }
            }
            None => Pace::HeldBack { pressure },
        };
        self.tell_pace(self.pacing.governor.at_once(), why)
    }

    /// How many may work at once now; what has changed is written down.
    pub(super) fn pace(&mut self) -> Result<usize, RunError> {
        self.pacing.governor.pass(self.begun.elapsed());
        self.tell_pace(self.pacing.governor.at_once(), Pace::Quiet)?;
        let busy = scheduler::busy(&self.state);
        let waits = self.state.count(|phase| *phase == Phase::Waiting) > 0;
        if waits && busy < self.pacing.governor.at_once() && !self.state.starts_no_more() {
            let before = self.pacing.strain;
            self.pacing.strain = Machine::read().strain(before);
            let at_once = self.pacing.at_once(busy);
            match (before, self.pacing.strain) {
                (None, Some(Strain::Load(load))) => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a cast of floats saturates"
                    )]
                    let load = (load * 100.0) as u32;
                    self.write_pace(at_once, Pace::Busy { load })?;
                }
                (None, Some(Strain::Memory(free))) => {
                    self.write_pace(at_once, Pace::LittleMemory { free })?;
                }
                (Some(_), None) => self.write_pace(at_once, Pace::Eased)?,
                _ => {}
            }
        }
        Ok(self.pacing.at_once(busy))
    }

    /// When to look again though nothing happens.
    pub(super) fn look_again(&self) -> Option<Instant> {
        let next = self.pacing.governor.next().map(|at| self.begun + at);
        let strained = self.pacing.strain.map(|_| Instant::now() + LOOK);
        match (next, strained) {
            (Some(next), Some(strained)) => Some(next.min(strained)),
            (next, strained) => next.or(strained),
        }
    }

    /// Whether units wait for nothing but the moment at which they may be started.
    pub(super) fn waits_for_pace(&self) -> bool {
        self.pacing.governor.at_once() == 0
            && !self.state.starts_no_more()
            && self.state.count(|phase| *phase == Phase::Waiting) > 0
    }

    fn tell_pace(&mut self, at_once: usize, why: Pace) -> Result<(), RunError> {
        if at_once == self.pacing.told {
            return Ok(());
        }
        self.pacing.told = at_once;
        self.write_pace(at_once, why)
    }

    fn write_pace(&mut self, at_once: usize, why: Pace) -> Result<(), RunError> {
        self.record(Event::Run(RunFact::Pace { at_once, why }))
    }

    /// What stands in every unit's way ends all agents that still work: they would hear the same.
    pub(super) fn heed(&mut self, outcome: &Outcome) -> Result<(), RunError> {
        let Outcome::LeftOut { why } = outcome else {
            return Ok(());
        };
        if self.state.cut_short.is_none() {
            self.record(Event::Run(RunFact::CutShort(why.clone())))?;
        }
        for running in &self.running {
            let unit = self.state.units.get(running.unit);
            let works = unit.is_some_and(
                |unit| matches!(unit.phase, Phase::Running { step, .. } if step <= Step::Agent),
            );
            if works {
                running.cancel.cancel();
            }
        }
        Ok(())
    }
}
