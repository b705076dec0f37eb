//! Names one agent of a run, for everything that is counted and decided per agent.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Identifies an agent within a run and its journal.
///
/// The id is made of what the limits of a provider depend on: the program with its model, the command, or the codemod's
/// recipe. Agents that differ only in arguments share an id, and with it their limits. The journal keeps the id as this
/// text, and people read it as the agent's name; only this type compares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct AgentId(Arc<str>);

impl AgentId {
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for AgentId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for AgentId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_keeps_an_id_as_plain_text() {
        let id = AgentId::from("claude (opus)");
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, r#""claude (opus)""#);
        assert_eq!(serde_json::from_str::<AgentId>(&text).unwrap(), id);
    }
}
