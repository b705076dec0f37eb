//! The JSON format of a proposed plan.

use serde::{Deserialize, Serialize};

/// The JSON schema of a proposal (<https://json-schema.org>), for people and programs.
pub(crate) const SCHEMA: &str = include_str!("../../../docs/proposal.schema.json");

/// A plan as an agent proposes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposal {
    pub(crate) units: Vec<ProposedUnit>,
    /// Files that need no change.
    #[serde(default)]
    pub(crate) left_out: Vec<ProposedLeftOut>,
    /// The title of a unit that all others need.
    #[serde(default)]
    pub(crate) prerequisite: Option<String>,
    /// The most important files, and why. They need not be among the files to change.
    #[serde(default)]
    pub(crate) key_files: Vec<KeyFile>,
    /// Rules for every agent, a sentence each.
    #[serde(default)]
    pub(crate) conventions: Vec<String>,
    /// How to show that the change works from end to end.
    #[serde(default)]
    pub(crate) recipe: Option<String>,
}

/// One proposed unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposedUnit {
    pub(crate) title: String,
    /// Paths from the root. A path that ends in `/` stands for all files in question below that folder that no unit
    /// names more exactly.
    pub(crate) files: Vec<String>,
    /// What to do in this unit.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The titles of units that must be finished before.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    /// New files that it is to create.
    #[serde(default)]
    pub(crate) create: Vec<String>,
    /// It starts from the work of all other units, and may change everything.
    #[serde(default)]
    pub(crate) integrates: bool,
}

/// Files that need no change, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposedLeftOut {
    pub(crate) files: Vec<String>,
    pub(crate) reason: String,
}

/// A file worth knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyFile {
    pub(crate) path: String,
    pub(crate) why: String,
}
