//! One event as the journal stores it: text that this module does not interpret.

use serde::de::IgnoredAny;

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Rises with every event of the journal, with gaps within a run.
    pub seq: u64,
    pub run: String,
    /// The unit of the event; `None` for an event of the whole run.
    pub unit: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The fact as JSON.
    pub fact: String,
}

/// Checks whether a fact is sound: the journal knows no more about facts than that they are JSON.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}
