//! Commands that must pass, and what they say of a unit.

use serde::{Deserialize, Serialize};

use crate::process::Ending;

/// What a check says of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Fail { ending: Ending },
}
