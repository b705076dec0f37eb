//! The limits of a whole run.

use clap::Args;

use crate::config::{Budget, Config, Limit, Tokens};

/// The limits of a whole run. At a limit no further unit starts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(in crate::cli) struct CapFlags {
    /// How much all agents together may cost, such as 20usd; beyond that, agents are stopped [default: no limit]
    #[arg(long, value_name = "MONEY")]
    budget: Option<Budget>,
    /// How many tokens all agents together may use, such as 10M; beyond that, agents are stopped [default: no limit]
    #[arg(long, value_name = "N")]
    max_tokens: Option<Tokens>,
    /// How long the run may start agents, counted from its start or from batch resume [default: no limit]
    #[arg(long, value_name = "TIME")]
    deadline: Option<Limit>,
}

impl CapFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        config.run.budget = self.budget.or(config.run.budget);
        config.run.max_tokens = self.max_tokens.or(config.run.max_tokens);
        config.run.deadline = self.deadline.or(config.run.deadline);
    }
}
