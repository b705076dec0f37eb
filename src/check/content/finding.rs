//! What the gate on content finds in a unit's work.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::FindingKind;

/// A place in a unit's work that does not look as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The path from the root.
    pub path: String,
    /// The line after the change, counted from 1, where one line is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is there, as the end of a sentence that begins with the file.
    pub said: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.said)
    }
}

impl Finding {
    /// Returns the path, with the line where there is one.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        }
    }
}
