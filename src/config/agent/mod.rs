//! The words that choose an agent, the same in batch.toml, in plan.toml and as flags.
//!
//! [`AgentOptions`] is what was written, in any of the three places; [`AgentSpec`] is what it means, with the
//! contradictions refused. This room does not know how an agent works.

mod kind;
mod options;
mod resolve;
mod spec;

pub use kind::{AgentKind, CodingKind};
pub use options::AgentOptions;
pub use resolve::AgentOptionsError;
pub use spec::{AgentSpec, CodingAgentSpec, CommandLine};
