//! What the commands did that tidy the work of a unit.

use serde::{Deserialize, Serialize};

/// What the commands did that tidy the work of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tidied {
    /// The commands, without the secrets in them.
    pub commands: Vec<String>,
    /// The files of the work that they changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The files that are not the unit's and that the commands changed; each of them was put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<String>,
}
