//! The settings that a user chooses in batch.toml, in plan.toml and as flags.
//!
//! This room parses and checks them, and knows nothing of the work that they control.

mod agent;
mod agent_choice;
mod allow;
mod amounts;
mod approvals;
mod as_text;
mod choices;
mod content;
mod deciding;
mod decisions;
mod error;
mod file;
mod own;
mod prompts;
mod regenerate;
mod repository;
mod repository_file;
mod sandbox;
mod shares;
mod success;
mod time;
mod unit_range;

pub(crate) use agent::{
    AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CodingAgentSpec, CodingKind,
    CommandLine, CommandSpec, ExistingSpec, Texts,
};
pub(crate) use agent_choice::AgentShare;
pub(crate) use allow::Allow;
pub use allow::{FindingGroup, FindingKind, Severity};
pub(crate) use amounts::{AgentCaps, BestOf, Budget, Tokens};
pub(crate) use approvals::Approvals;
pub(crate) use choices::{
    Caches, ForgeChoice, Grouping, MergeMethod, Order, Planner, PushChoice, ReviewersFrom,
    ScopeRule, Unverified,
};
pub(crate) use content::{ContentConfig, ContentRule};
pub(crate) use deciding::Deciding;
pub(crate) use error::ConfigError;
pub(crate) use file::{Config, FILE_NAME, MAX_REVIEWERS, Price, PublishConfig, RunConfig};
pub(crate) use own::{Team, own_settings, remember_agent};
pub(crate) use prompts::PromptConfig;
pub(crate) use regenerate::Regenerate;
pub(crate) use repository::{ForkChoice, RepoName};
pub(crate) use sandbox::{CheckNetwork, SandboxChoice, SandboxConfig};
pub(crate) use shares::Shares;
pub(crate) use success::{MinSuccess, PublishWhen};
pub(crate) use time::{Limit, Rate};
pub use unit_range::UnitRange;
