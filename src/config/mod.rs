//! What the user chose, in batch.toml, in plan.toml and as flags.
//!
//! It knows words and their meaning, and nothing of what is done with them.

mod agent;
mod agent_choice;
mod amounts;
mod as_text;
mod choices;
mod error;
mod file;
mod prompts;
mod repository;
mod shares;
mod success;
mod time;
mod unit_range;

pub use agent::{
    AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CodingAgentSpec, CodingKind, CommandLine,
};
pub use agent_choice::Member;
pub use amounts::{AgentCaps, BestOf, Budget, Tokens};
pub use choices::{
    Caches, ForgeChoice, Grouping, MergeMethod, Order, Planner, PushChoice, ReviewersFrom,
};
pub use error::ConfigError;
pub use file::{
    CheckConfig, Config, EnvironmentConfig, FILE_NAME, GitHubConfig, MOST_REVIEWERS, PlanConfig,
    Price, PublishConfig, RunConfig, WorktreeConfig,
};
pub use prompts::PromptConfig;
pub use repository::{ForkChoice, RepoName};
pub use shares::Shares;
pub use success::{MinSuccess, PublishWhen};
pub use time::{Limit, Rate};
pub use unit_range::UnitRange;
