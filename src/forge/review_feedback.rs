//! The checks and reviews that stand against a pull request, as plain data. Knows no forge.
//!
//! Others wrote all of the texts; the forge that reads them bounds their length.

/// The failed checks of a pull request, and the changes that its reviewers request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReviewFeedback {
    pub(crate) failed_checks: Vec<FailedCheck>,
    pub(crate) change_requests: Vec<ChangeRequest>,
    /// How many reviewers request changes without the right to write to the repository.
    pub(crate) outsiders: usize,
}

/// A failed check of the pull request's commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FailedCheck {
    pub(crate) name: String,
    /// A line or two.
    pub(crate) summary: String,
    /// The check's annotations of files.
    pub(crate) comments: Vec<FileComment>,
    /// The end of the check's log.
    pub(crate) log: String,
}

/// A review that requests changes; its author has not reviewed again since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeRequest {
    /// The review's id on the forge.
    pub(crate) id: u64,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) comments: Vec<FileComment>,
}

/// A comment on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileComment {
    pub(crate) path: String,
    pub(crate) line: Option<u64>,
    pub(crate) text: String,
}
