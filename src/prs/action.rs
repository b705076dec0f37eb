//! Actions on one pull request, and how each ended.

use crate::plan::UnitId;
use crate::words;

/// Whether actions change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Real,
    /// Reports what a real run would do, and changes nothing.
    DryRun,
}

/// How an action on one pull request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionReport {
    pub(crate) unit: UnitId,
    pub(crate) number: u64,
    pub(crate) result: ActionResult,
    /// Words that follow the pull request's number.
    pub(crate) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionResult {
    Done,
    /// A real run would do the action.
    WouldBeDone,
    /// There is a reason to leave the pull request unchanged.
    Unchanged,
    Failed,
}

/// Why an action was not done.
#[derive(Debug)]
pub(super) enum NotDone {
    /// The reason to leave the pull request unchanged, in words that follow its number.
    Unchanged(String),
    Failed(String),
}

impl<E: std::error::Error + 'static> From<E> for NotDone {
    fn from(error: E) -> Self {
        Self::Failed(words::chain(&error))
    }
}

impl ActionReport {
    /// `done` says in the past tense what was done, or what a real run would do.
    pub(super) fn new(
        unit: UnitId,
        number: u64,
        mode: Mode,
        done: Result<String, NotDone>,
    ) -> Self {
        let (result, message) = match (done, mode) {
            (Ok(done), Mode::Real) => (ActionResult::Done, done),
            (Ok(done), Mode::DryRun) => (ActionResult::WouldBeDone, format!("would be {done}")),
            (Err(NotDone::Unchanged(why)), _) => (ActionResult::Unchanged, why),
            (Err(NotDone::Failed(why)), _) => (ActionResult::Failed, format!("failed: {why}")),
        };
        Self {
            unit,
            number,
            result,
            message,
        }
    }
}
