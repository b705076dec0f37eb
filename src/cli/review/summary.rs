//! The lines beside a plan that describe its run.

/// A word such as `agent` or `checks`, and the text after it.
pub(in crate::cli) type SummaryLine = (&'static str, String);
