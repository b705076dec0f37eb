//! What a run of a plan would do, in lines beside the plan.

/// A word such as `agent` or `checks`, and the text after it.
pub(in crate::cli) type SummaryLine = (&'static str, String);
