//! An agent with all that it needs.

use std::fmt;

use super::kind::CodingKind;
use crate::codemod::Recipe;

/// A chosen agent with everything it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentSpec {
    /// Start this coding agent in the worktree.
    Coding(CodingAgentSpec),
    /// Start this program in the worktree.
    Command(CommandLine),
    /// Rewrite the claimed files by this recipe.
    Codemod(Recipe),
}

/// A coding agent, and how it is to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodingAgentSpec {
    pub kind: CodingKind,
    /// Its program and what comes before all other arguments.
    pub command: Vec<String>,
    pub model: Option<String>,
    pub args: Vec<String>,
}

/// A program to start, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// Program and arguments, started directly.
    Direct(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

impl CommandLine {
    pub(super) fn parse(text: &str, shell: bool) -> Option<Self> {
        if shell {
            return (!text.trim().is_empty()).then(|| Self::Shell(text.to_owned()));
        }
        let words = shlex::split(text)?;
        (!words.is_empty()).then_some(Self::Direct(words))
    }
}

impl fmt::Display for AgentSpec {
    /// The agent in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coding(spec) => spec.fmt(f),
            Self::Command(command) => write!(f, "command: {command}"),
            Self::Codemod(_) => f.write_str("codemod"),
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

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(words) => f.write_str(&words.join(" ")),
            Self::Shell(line) => f.write_str(line),
        }
    }
}
