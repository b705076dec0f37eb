//! An agent with everything that it needs to start.

use std::fmt;

use super::kind::CodingKind;
use crate::codemod::Recipe;

/// An agent with everything that it needs to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentSpec {
    /// A coding agent, started in the worktree.
    Coding(CodingAgentSpec),
    /// Another program, started in the worktree.
    Command(CommandSpec),
    /// The built-in rewrite of the claimed files.
    Codemod(Recipe),
    /// Work that exists already.
    Existing(ExistingSpec),
}

/// Work that exists already, which no agent does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingSpec {
    /// The name by which the user knows it.
    pub from: Option<String>,
}

/// A coding agent and how to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodingAgentSpec {
    pub kind: CodingKind,
    /// The program, and the arguments before all others.
    pub command: Vec<String>,
    pub model: Option<String>,
    pub args: Vec<String>,
}

/// A program that is the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandSpec {
    pub line: CommandLine,
    /// The exit codes that mean success.
    pub success: Vec<i32>,
}

/// A program to start, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommandLine {
    /// Program and arguments, started directly.
    Direct(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

impl fmt::Display for AgentSpec {
    /// Writes the agent in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coding(spec) => spec.fmt(f),
            Self::Command(command) => write!(f, "command: {}", command.line),
            Self::Codemod(_) => f.write_str("codemod"),
            Self::Existing(work) => work.fmt(f),
        }
    }
}

impl fmt::Display for CodingAgentSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.model {
            Some(model) => write!(f, "{} ({model})", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl fmt::Display for ExistingSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.from {
            Some(from) => write!(f, "existing work ({from})"),
            None => f.write_str("existing work"),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(words) => f.write_str(&words.join(" ")),
            Self::Shell(line) => f.write_str(line),
        }
    }
}
