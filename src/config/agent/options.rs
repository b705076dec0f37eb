//! The words that choose an agent, as they were written.

use serde::{Deserialize, Serialize};

use super::kind::AgentKind;

/// An `[agent]` table, or the flags of the same names. Every field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AgentOptions {
    /// Follows from the other fields when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AgentKind>,
    /// The model that a coding agent is to use; its own choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What a coding agent is given beyond what batch gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The program and its arguments, split like a shell would split them. Of a coding agent: how it is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Hand `command` to `sh -c` instead of splitting it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<bool>,
    /// An ast-grep pattern; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<String>,
    /// A regular expression; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// The replacement for `rewrite` or `regex`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The language `rewrite` is written in; without it, each file's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The text of a rule in ast-grep's YAML format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl AgentOptions {
    /// `self` where it names an agent, else `other`: a whole agent is chosen, fields of two never mix.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }

    /// Whether any field is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }
}
