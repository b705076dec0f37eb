//! batch.toml, environment and flags.

mod agent;
pub use agent::{AgentKind, AgentOptions, AgentOptionsError, AgentSpec, CommandLine};
