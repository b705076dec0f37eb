//! The pilots of a run: a unit that goes through all gates alone, while the other units of its agent wait for it, so
//! that a mistake that all of them would make is made once.

use crate::agent::AgentId;
use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_fact::Pilot;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;

impl RunState {
    /// Returns the last pilot of the unit's agent.
    pub(crate) fn last_pilot(&self, agent: &AgentId) -> Option<&Pilot> {
        let mut pilots = self.pilots.iter().rev();
        pilots.find(|pilot| {
            let unit = self.unit(&pilot.unit);
            unit.is_some_and(|unit| self.own_agent(unit) == agent)
        })
    }

    /// Returns the pilot that this unit waits for.
    #[must_use]
    pub fn pilot_before(&self, unit: &UnitState) -> Option<&UnitState> {
        if self.breaker_is_off {
            return None;
        }
        let agent = self.own_agent(unit);
        let pilot = self.unit(&self.last_pilot(agent)?.unit)?;
        let holds = pilot.header.id != unit.header.id && is_under_way(pilot);
        (holds && !self.has_passed(agent)).then_some(pilot)
    }

    /// Keeps the pilots that have passed and are not among these units, which start again: nobody waits for a pilot any
    /// more.
    pub(crate) fn keep_pilots(&mut self, again: &[UnitId]) {
        let passed: Vec<UnitId> = self
            .units
            .iter()
            .filter(|unit| unit.attempt.commit.is_some())
            .map(|unit| unit.header.id.clone())
            .filter(|unit| !again.contains(unit))
            .collect();
        self.pilots.retain(|pilot| passed.contains(&pilot.unit));
    }

    /// Returns the unit whose work shows the other units of its agent how to pass: a pilot, or a unit that passed
    /// before its pilot did.
    pub(crate) fn passed_pilot(&self) -> Option<&UnitState> {
        let has_passed = |unit: &&UnitState| unit.attempt.commit.is_some();
        self.pilots.iter().rev().find_map(|pilot| {
            let unit = self.unit(&pilot.unit)?;
            let agent = self.own_agent(unit);
            let is_its = |it: &&UnitState| pilot.said.is_some() && self.own_agent(it) == agent;
            let mut others = self.units.iter().filter(is_its);
            let passed = Some(unit).filter(has_passed);
            passed.or_else(|| others.find(has_passed))
        })
    }

    /// Checks whether the work of a unit of this agent has passed all gates.
    pub(crate) fn has_passed(&self, agent: &AgentId) -> bool {
        let mut its = self.units.iter().filter(|it| self.own_agent(it) == agent);
        its.any(|unit| {
            unit.attempt.commit.is_some() || unit.outcome().is_some_and(Outcome::is_success)
        })
    }

    /// Returns the agent that the unit was given to. Where several agents take turns, it is the first one.
    pub(crate) fn own_agent<'a>(&'a self, unit: &'a UnitState) -> &'a AgentId {
        unit.agent.as_ref().unwrap_or(&self.header.agent)
    }
}

/// Checks whether a pilot may still pass. A pilot that stands on the work of others would wait for them, and they for
/// it.
pub(crate) fn is_under_way(pilot: &UnitState) -> bool {
    pilot.outcome().is_none() && pilot.attempt.commit.is_none() && pilot.header.needs.is_empty()
}
