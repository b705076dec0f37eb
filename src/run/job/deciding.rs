//! What a run would start or pass on by its settings and its plan, so that a person can approve it.

use crate::config::{Config, Deciding};
use crate::plan::Plan;

/// Names what the settings and the plan decide.
pub(crate) fn deciding(settings: &Config, plan: &Plan) -> Result<Deciding, toml::ser::Error> {
    Ok(settings.deciding()?.and(deciding_of_plan(plan)?))
}

/// Names what a plan decides by the agents that it names.
pub fn deciding_of_plan(plan: &Plan) -> Result<Deciding, toml::ser::Error> {
    let further = plan.agents.values();
    std::iter::once(&plan.agent)
        .chain(further)
        .try_fold(Deciding::default(), |all, agent| {
            Ok(all.and(agent.deciding()?))
        })
}
