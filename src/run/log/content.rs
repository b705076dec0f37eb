//! What the gate on content said of a unit's work.

use serde::{Deserialize, Serialize};

use crate::check::{Finding, RestoredForm};

/// What the gate on content said of a unit's work that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentRecord {
    /// The files whose form was put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<RestoredForm>,
    /// What is told of the work; `None` until the gate has found something that is no reason to hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Vec<Finding>>,
}

impl ContentRecord {
    /// Returns what is told of the work.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.told.as_deref().unwrap_or_default()
    }

    /// Checks whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
