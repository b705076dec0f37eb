//! The options that choose an agent, as the user wrote them.

use serde::{Deserialize, Serialize};

use super::kind::AgentKind;
use super::texts::Texts;

/// An `[agent]` table, or the flags of the same names. Every field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AgentOptions {
    /// The kind of agent; without it, the other fields decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<AgentKind>,
    /// The model of a coding agent; without it, the agent chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Further arguments for a coding agent, beside the arguments that batch gives it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The program and its arguments, split like a shell would split them; for a coding agent, how to start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Passes `command` to `sh -c` instead of splitting it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<bool>,
    /// The exit codes of `command` that mean success; 0 when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<i32>,
    /// An ast-grep pattern, or several; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Texts>,
    /// A regular expression, or several; needs `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<Texts>,
    /// The replacement for `rewrite` or `regex`; one for each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Texts>,
    /// The language of `rewrite`; without it, the language of each file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The text of a rule in ast-grep's YAML format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// For work that exists already: the full id of the commit that holds it, on top of the plan's base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<String>,
    /// The name by which the user knows that work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl AgentOptions {
    /// Returns `self` where any field is given, else `other`. Fields of two agents never mix.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        if self == Self::default() { other } else { self }
    }

    /// Returns the options for work that exists already, in a commit.
    pub(crate) fn of_existing(work: &str, from: &str) -> Self {
        Self {
            kind: Some(AgentKind::Existing),
            work: Some(work.to_owned()),
            from: Some(from.to_owned()),
            ..Self::default()
        }
    }

    /// Returns the id of the commit that holds the work, where it exists already.
    #[must_use]
    pub(crate) fn existing_work(&self) -> Option<&str> {
        let is_existing = self.kind == Some(AgentKind::Existing);
        self.work.as_deref().filter(|_| is_existing)
    }

    /// Checks whether any field is given.
    #[must_use]
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::default()
    }
}
