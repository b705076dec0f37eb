//! Coding agents: programs of others that work with a model. Each is started once per turn, without a person at hand,
//! reads its task from standard input, and reports what it does line by line in a format of its own.
//!
//! [`CodingAgent`] has what is common: starting, reading, limits, and the rule for success, which is exit code 0 *and*
//! a final message that says so, for an exit code alone proves nothing. An `Adapter` has what is specific to one
//! program, in a file of its own. docs/agents.md states the facts behind the adapters.

mod adapter;
mod adapters;
mod agent;
mod aider;
mod claude;
mod claude_tasks;
mod codex;
mod codex_session;
mod copilot;
mod error_message;
mod gemini;
mod installed;
mod json;
mod log;
mod login;
mod opencode;
mod printed;
mod retry_moment;
mod retry_time;
#[cfg(any(test, fuzzing))]
mod untrusted;

pub(crate) use agent::CodingAgent;
pub(crate) use installed::{
    InstalledAgent, choices, choose, find_installed, project_settings, tested_version,
};
#[cfg(any(test, fuzzing))]
pub(crate) use untrusted::read_as_every_agent;

#[cfg(test)]
mod tests;
