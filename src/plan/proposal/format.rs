//! A proposed plan as JSON.

use serde::{Deserialize, Serialize};

/// What is asked for, as people and programs read it: <https://json-schema.org>.
pub const SCHEMA: &str = include_str!("../../../docs/proposal.schema.json");

/// A plan as it is proposed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub units: Vec<ProposedUnit>,
    /// PlannedFiles in which nothing is to be done.
    #[serde(default)]
    pub left_out: Vec<ProposedLeftOut>,
    /// The title of a unit that all others need.
    #[serde(default)]
    pub prerequisite: Option<String>,
    /// PlannedFiles that matter most, and why; they need not be among those that are changed.
    #[serde(default)]
    pub key_files: Vec<KeyFile>,
    /// What everybody must heed, a sentence each.
    #[serde(default)]
    pub conventions: Vec<String>,
    /// How to show that the change works from end to end.
    #[serde(default)]
    pub recipe: Option<String>,
}

/// One proposed unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedUnit {
    pub title: String,
    /// Paths from the root; one closed by `/` stands for all files in question below that folder which nobody names more
    /// exactly.
    pub files: Vec<String>,
    /// What is to be done in it.
    #[serde(default)]
    pub description: Option<String>,
    /// The titles of units that must be finished before.
    #[serde(default)]
    pub needs: Vec<String>,
    /// New files that it is to create.
    #[serde(default)]
    pub create: Vec<String>,
}

/// PlannedFiles in which nothing is to be done, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedLeftOut {
    pub files: Vec<String>,
    pub reason: String,
}

/// A file worth knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    pub path: String,
    pub why: String,
}
