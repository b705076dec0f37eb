//! The kinds of agent and their names.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A kind of agent, as the user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AgentKind {
    /// A coding agent that is installed and logged in.
    Auto,
    /// Claude Code.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// opencode.
    Opencode,
    /// aider.
    Aider,
    /// GitHub Copilot CLI.
    Copilot,
    /// Any program, started in the unit's worktree.
    Command,
    /// The built-in structural or regex rewrite.
    Codemod,
    /// No agent: the work exists already. Only `batch split` makes such a plan, so no flag names it.
    #[value(skip)]
    Existing,
}

/// A coding agent that batch can drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodingKind {
    Claude,
    Codex,
    Gemini,
    Opencode,
    Aider,
    Copilot,
}

impl AgentKind {
    /// Finds a kind by its name.
    #[must_use]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// Returns the name of the kind, in batch.toml and as a flag.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Opencode => "opencode",
            Self::Aider => "aider",
            Self::Copilot => "copilot",
            Self::Command => "command",
            Self::Codemod => "codemod",
            Self::Existing => "existing",
        }
    }

    /// Returns all names, for a sentence.
    #[must_use]
    pub(crate) fn names() -> String {
        let names: Vec<&str> = Self::value_variants()
            .iter()
            .map(|kind| kind.name())
            .collect();
        names.join(", ")
    }

    pub(super) fn coding(self) -> Option<CodingKind> {
        match self {
            Self::Claude => Some(CodingKind::Claude),
            Self::Codex => Some(CodingKind::Codex),
            Self::Gemini => Some(CodingKind::Gemini),
            Self::Opencode => Some(CodingKind::Opencode),
            Self::Aider => Some(CodingKind::Aider),
            Self::Copilot => Some(CodingKind::Copilot),
            Self::Auto | Self::Command | Self::Codemod | Self::Existing => None,
        }
    }
}

impl CodingKind {
    /// All coding agents, the most common first.
    pub(crate) const ALL: [Self; 6] = [
        Self::Claude,
        Self::Codex,
        Self::Gemini,
        Self::Opencode,
        Self::Aider,
        Self::Copilot,
    ];

    /// Returns the same as an [`AgentKind`].
    #[must_use]
    pub(crate) fn kind(self) -> AgentKind {
        match self {
            Self::Claude => AgentKind::Claude,
            Self::Codex => AgentKind::Codex,
            Self::Gemini => AgentKind::Gemini,
            Self::Opencode => AgentKind::Opencode,
            Self::Aider => AgentKind::Aider,
            Self::Copilot => AgentKind::Copilot,
        }
    }
}

impl fmt::Display for CodingKind {
    /// Writes the name of the agent, which is also the name of its program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.kind().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in AgentKind::value_variants() {
            assert_eq!(AgentKind::from_name(kind.name()), Some(*kind));
            assert_eq!(
                serde_json::to_string(kind).unwrap(),
                format!("{:?}", kind.name())
            );
        }
        assert_eq!(AgentKind::from_name("fast"), None);
    }
}
