//! What one line of output adds to the numbers of tests.

/// What one line adds: a line of its own may say that a test was skipped that was counted as run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) ran: i64,
    pub(super) skipped: i64,
}

impl Part {
    pub(super) fn new(ran: i64, skipped: i64) -> Self {
        Self { ran, skipped }
    }

    /// Counts one of the tests that ran as skipped.
    pub(super) fn one_skipped() -> Self {
        Self::new(-1, 1)
    }
}
