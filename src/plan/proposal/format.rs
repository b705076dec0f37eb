//! The JSON format of a proposed plan.

use serde::{Deserialize, Serialize};

/// The JSON schema of a proposal (<https://json-schema.org>), for people and programs.
pub const SCHEMA: &str = include_str!("../../../docs/proposal.schema.json");

/// A plan as an agent proposes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub units: Vec<ProposedUnit>,
    /// Files that need no change.
    #[serde(default)]
    pub left_out: Vec<ProposedLeftOut>,
    /// The title of a unit that all others need.
    #[serde(default)]
    pub prerequisite: Option<String>,
    /// The most important files, and why. They need not be among the files to change.
    #[serde(default)]
    pub key_files: Vec<KeyFile>,
    /// Rules for every agent, a sentence each.
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
    /// Paths from the root. A path that ends in `/` stands for all files in question below that folder that no unit
    /// names more exactly.
    pub files: Vec<String>,
    /// What to do in this unit.
    #[serde(default)]
    pub description: Option<String>,
    /// The titles of units that must be finished before.
    #[serde(default)]
    pub needs: Vec<String>,
    /// New files that it is to create.
    #[serde(default)]
    pub create: Vec<String>,
}

/// Files that need no change, with the reason.
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
