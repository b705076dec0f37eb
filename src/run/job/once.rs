//! One command that works once for all units (`--once`): the result as far as it is known, and the refusal of a run
//! that has no such command.

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::config::{AgentSpec, Config};
use crate::plan::Plan;
use crate::run::job::error::PrepareError;
use crate::run::log::run_fact::WholeWork;

/// The result of the command, once it is known in this process.
pub(crate) type WholeResult = OnceCell<Result<WholeWork, WholeFailure>>;

/// Why the command failed.
#[derive(Debug, Clone)]
pub(crate) struct WholeFailure {
    pub(crate) reason: String,
    pub(crate) tail: Option<String>,
    pub(crate) log: Option<PathBuf>,
}

/// Checks that all units of the plan have the same command, and that each has one work alone.
pub(crate) fn check(plan: &Plan, config: &Config) -> Result<(), PrepareError> {
    if config.run.best_of.is_some() {
        return Err(PrepareError::OnceOfSeveral);
    }
    let mut first = None;
    for unit in &plan.units {
        let spec = plan.agent_of(unit).resolve()?;
        if !matches!(spec, AgentSpec::Command(_)) {
            let agent = spec.to_string();
            return Err(PrepareError::OnceWithoutCommand { agent });
        }
        let agent = spec.to_string();
        if *first.get_or_insert(agent.clone()) != agent {
            return Err(PrepareError::OnceOfSeveral);
        }
    }
    Ok(())
}
