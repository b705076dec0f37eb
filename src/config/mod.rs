//! What the user chose, in batch.toml, in plan.toml and as flags.

mod agent;
pub use agent::{AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CommandLine};
