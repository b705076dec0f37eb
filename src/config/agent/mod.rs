//! The options that choose an agent, the same in batch.toml, in plan.toml and as flags.
//!
//! [`AgentOptions`] holds the options as the user wrote them. [`AgentOptions::resolve`] turns them into an
//! [`AgentSpec`] and refuses contradictions. This room does not know how an agent works.

mod kind;
mod options;
mod resolve;
mod spec;
mod texts;

pub(crate) use kind::{AgentKind, CodingKind};
pub(crate) use options::AgentOptions;
pub(crate) use resolve::AgentOptionsError;
pub(crate) use spec::{AgentSpec, CodingAgentSpec, CommandLine, CommandSpec, ExistingSpec};
pub(crate) use texts::Texts;
