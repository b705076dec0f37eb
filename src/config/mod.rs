//! What the user chose, in batch.toml, in plan.toml and as flags.
//!
//! It knows words and their meaning, and nothing of what is done with them.

mod agent;
mod amounts;
mod file;
mod prompts;
mod repository;
mod shares;
mod success;
mod values;

pub use agent::{
    AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CodingAgentSpec, CodingKind, CommandLine,
};
pub use amounts::{AgentCaps, BestOf, Budget, Tokens};
pub use file::{
    Caches, CheckConfig, Config, ConfigError, EnvironmentConfig, FILE_NAME, ForgeChoice,
    GitHubConfig, MOST_REVIEWERS, PlanConfig, Price, PublishConfig, PushChoice, ReviewersFrom,
    RunConfig, WorktreeConfig,
};
pub use prompts::PromptConfig;
pub use repository::{ForkChoice, RepoName};
pub use shares::{Member, Shares};
pub use success::{MinSuccess, PublishWhen};
pub use values::{Grouping, Limit, MergeMethod, Order, Planner, Rate, UnitRange};
