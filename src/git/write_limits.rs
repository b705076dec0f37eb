//! How much a worker may write into a checkout.

/// The most that a worker may write into a checkout, of what git would store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteLimits {
    /// How many files may be new or changed.
    pub files: usize,
    /// How many bytes they may have together.
    pub bytes: u64,
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self {
            files: 50_000,
            bytes: 1_000_000_000,
        }
    }
}
