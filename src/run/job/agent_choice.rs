//! Decides which agents do the units of a saved plan: the agents that the user names now, else the plan's own, else the
//! agents of batch.toml.

use crate::config::{AgentOptionsError, AgentSpec, Config};
use crate::plan::Plan;

/// The place that names the agents of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentSource {
    /// In the plan.
    Plan,
    /// On the command line or in batch.toml.
    Settings,
}

/// Puts the plan's own agents, where it names any, in the place of those of batch.toml.
pub fn prefer_plan_agents(plan: &Plan, config: &mut Config) -> AgentSource {
    if !plan.agent.is_given() && plan.agents.is_empty() {
        return AgentSource::Settings;
    }
    config.run.agents = None;
    config.agent = plan.agent.clone();
    AgentSource::Plan
}

/// Gives the units of the plan to the agents of that source.
///
/// # Errors
/// Where the settings name no agent, or one that cannot be used.
pub fn assign_agents(
    plan: &mut Plan,
    config: &Config,
    source: AgentSource,
) -> Result<(), AgentOptionsError> {
    if source == AgentSource::Plan {
        // `auto` has become a named agent meanwhile.
        plan.agent = config.agent.clone();
        return Ok(());
    }
    if let Ok(AgentSpec::Existing(work)) = plan.agent.resolve() {
        return Err(AgentOptionsError::Exists(work.to_string()));
    }
    config.check_agents()?;
    let members = config.agent_shares()?;
    if members.is_empty() {
        plan.give_all_to(config.agent.clone());
    } else {
        plan.spread(&members);
    }
    Ok(())
}
