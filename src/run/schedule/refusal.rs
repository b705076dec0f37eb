//! Decides what follows when a provider refuses every unit of an agent: the agent gets no further unit, and the units
//! that it works on end, because they would be refused too. A pure function of the state.

use crate::agent::AgentId;
use crate::plan::UnitId;
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::{Phase, UnitState};

/// The consequence of a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The fact that no further unit starts, where that is not known yet.
    pub(crate) fact: Option<RunFact>,
    /// The units that end.
    pub(crate) ends: Vec<UnitId>,
}

/// Says what follows from the outcome of a unit, where its agent was refused.
pub(crate) fn refusal(state: &RunState, unit: &UnitId, outcome: &Outcome) -> Option<Refusal> {
    let Outcome::LeftOut {
        why: why @ StopReason::Refused { .. },
    } = outcome
    else {
        return None;
    };
    let agent = state.agent_of(state.unit(unit)?);
    let is_known = state.stop_reason.is_some() || state.stopped_agents.contains_key(agent);
    Some(Refusal {
        fact: (!is_known).then(|| RunFact::StartsStopped {
            why: why.clone(),
            agent: among_others(state, agent),
        }),
        ends: working_units(state, agent),
    })
}

/// Returns the units that end because the agent of this one, which has ended, may work in the user's own checkout.
pub(crate) fn strayed_with(state: &RunState, unit: &UnitId) -> Vec<UnitId> {
    match &state.stop_reason {
        Some(StopReason::Strayed { unit: by }) if by == unit => {}
        _ => return Vec::new(),
    }
    let Some(strayed) = state.unit(unit) else {
        return Vec::new();
    };
    working_units(state, state.agent_of(strayed))
}

/// Returns the units that the agent works on.
fn working_units(state: &RunState, agent: &AgentId) -> Vec<UnitId> {
    let works = |unit: &&UnitState| {
        state.agent_of(unit) == agent
            && matches!(unit.phase, Phase::Running { step, .. } if step <= Step::Agent)
    };
    let working = state.units.iter().filter(works);
    working.map(|unit| unit.header.id.clone()).collect()
}

/// Returns the agent, where it is not the only agent of the run.
pub(crate) fn among_others(state: &RunState, agent: &AgentId) -> Option<AgentId> {
    (state.agents().len() > 1).then(|| agent.clone())
}
