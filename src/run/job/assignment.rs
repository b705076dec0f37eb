//! The assignment of a unit: its agent, instruction and limits, by the plan or by the retry of the unit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::{
    Agent, CodemodAgent, CodingAgent, CommandAgent, ExistingWork, FurtherAttempts, Limits,
};
use crate::codemod::Codemod;
use crate::config::{AgentCaps, AgentOptions, AgentSpec, Config, Price};
use crate::plan::Plan;
use crate::run::job::error::PrepareError;
use crate::run::log::run_fact::Amendment;

/// How many attempts a coding agent has unless the settings say otherwise.
const USUAL_ATTEMPTS: u32 = 3;

/// How long an agent may take for one unit unless the settings say otherwise.
const AGENT_LIMIT: Duration = Duration::from_mins(30);

/// The prices of tokens, by model.
type Prices = BTreeMap<String, Price>;

/// The agents of a plan, each once.
pub(crate) type Agents = Vec<Arc<dyn Agent>>;

/// The agent that does the work, and its instruction.
#[derive(Clone)]
pub(crate) struct Assignment {
    pub(crate) agent: Arc<dyn Agent>,
    /// How long the agent may work.
    pub(crate) limits: Limits,
    /// How many attempts the agent has, where the settings say so.
    pub(crate) attempts: Option<NonZeroU32>,
    /// How much the agent may use for its unit.
    pub(crate) caps: AgentCaps,
    pub(crate) instruction: String,
}

/// Returns the assignments of a plan's units, in its order, and all agents that take turns at candidates. Units of one
/// agent share that agent.
pub(crate) fn of_plan(
    plan: &Plan,
    config: &Config,
    dir: &Path,
) -> Result<(Vec<Assignment>, Agents), PrepareError> {
    let mut made: BTreeMap<Option<&String>, Assignment> = BTreeMap::new();
    let assignment_for = |options| Assignment::of(options, config, &plan.instruction, dir);
    let mut all = Vec::with_capacity(plan.units.len());
    for unit in &plan.units {
        let assignment = match made.entry(unit.agent.as_ref()) {
            Entry::Occupied(made) => made.get().clone(),
            Entry::Vacant(place) => place.insert(assignment_for(plan.agent_of(unit))?).clone(),
        };
        all.push(assignment);
    }
    if config.run.best_of.is_some() {
        for (name, options) in &plan.agents {
            if let Entry::Vacant(place) = made.entry(Some(name)) {
                place.insert(assignment_for(options)?);
            }
        }
    }
    let crew = made
        .into_values()
        .map(|assignment| assignment.agent)
        .collect();
    Ok((all, crew))
}

impl Assignment {
    /// Returns the assignment by the settings; the path of an agent program is relative to `dir`.
    pub(crate) fn of(
        options: &AgentOptions,
        config: &Config,
        instruction: &str,
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        Ok(Self {
            agent: agent(&options.resolve()?, &config.prices, dir)?,
            limits: Limits {
                time: config.agent_timeout.map_or(AGENT_LIMIT, |limit| limit.0),
                idle: config.idle_timeout.map(|limit| limit.0),
            },
            attempts: config.attempts,
            caps: config.agent_caps(),
            instruction: instruction.to_owned(),
        })
    }

    /// Returns the assignment with what is different for a retried unit. The path of an agent program is relative to
    /// the amendment's folder, or to `dir`.
    pub(crate) fn amended(
        &self,
        amendment: &Amendment,
        prices: &Prices,
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        let mut assignment = self.clone();
        if let Some(options) = &amendment.agent {
            // The folder may be gone since, with the checkout that it was in.
            let noted = amendment.dir.as_deref().map(Path::new);
            let dir = noted.filter(|noted| noted.is_dir()).unwrap_or(dir);
            assignment.agent = agent(&options.resolve()?, prices, dir)?;
        }
        if let Some(limit) = amendment.agent_timeout {
            assignment.limits.time = limit.0;
        }
        if let Some(limit) = amendment.idle_timeout {
            assignment.limits.idle = Some(limit.0);
        }
        assignment.caps = amendment.caps.or(assignment.caps);
        assignment.attempts = amendment.attempts.or(assignment.attempts);
        if let Some(words) = &amendment.instruction {
            assignment.instruction = format!("{}\n\n{words}", assignment.instruction.trim_end());
        }
        Ok(assignment)
    }

    /// Returns how many attempts the agent has.
    pub(crate) fn attempts(&self) -> u32 {
        let usual = match self.agent.further_attempts() {
            FurtherAttempts::Usual => USUAL_ATTEMPTS,
            FurtherAttempts::IfAsked => 1,
            FurtherAttempts::Pointless => return 1,
        };
        self.attempts.map_or(usual, NonZeroU32::get)
    }
}

/// Makes the agent that the options describe.
pub fn agent(
    spec: &AgentSpec,
    prices: &Prices,
    dir: &Path,
) -> Result<Arc<dyn Agent>, PrepareError> {
    Ok(match spec {
        AgentSpec::Coding(spec) => {
            Arc::new(CodingAgent::new(spec, prices, dir, std::env::vars_os())?)
        }
        AgentSpec::Command(command) => Arc::new(CommandAgent::new(command, dir)?),
        AgentSpec::Codemod(recipe) => {
            Arc::new(CodemodAgent::new(Arc::new(Codemod::compile(recipe)?)))
        }
        AgentSpec::Existing(work) => Arc::new(ExistingWork::new(work)),
    })
}
