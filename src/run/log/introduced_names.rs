//! The names that a unit's work adds for other files to use.

use serde::{Deserialize, Serialize};

/// What the work adds in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntroducedNames {
    pub path: String,
    /// The work creates the file.
    #[serde(default, rename = "new", skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}
