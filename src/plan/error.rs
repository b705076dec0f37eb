//! Why a plan cannot be made or read.

use super::code_owners::PLACES;
use super::file::PlanFileError;
use super::select::SelectError;
use crate::codemod::CodemodError;
use crate::git::{CommitId, GitError};
use crate::words;

/// Why a plan cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the instruction is empty: say what to change")]
    NoInstruction,
    #[error(transparent)]
    Select(#[from] SelectError),
    #[error("{0}")]
    NothingMatches(String),
    #[error(
        "{} but none can be worked on: {reasons}; choose other files",
        matches(*matched)
    )]
    AllLeftOut { matched: usize, reasons: String },
    /// `reasons` names the files that were left out for another reason.
    #[error(
        "{} but the codemod changes none{}; correct the codemod, or choose other files",
        matches(*matched),
        beside(reasons)
    )]
    NothingChanges { matched: usize, reasons: String },
    #[error(
        "{} but none contains what --until looks for{}: the change is already done there, or the pattern is wrong",
        matches(*matched),
        beside(reasons)
    )]
    NothingToDo { matched: usize, reasons: String },
    #[error(
        "units cannot be made by owner, because the base has no rules in {}: add some, or leave out --by owner",
        PLACES.join(", ")
    )]
    NoOwners,
    #[error(
        "units cannot be made by owner, because {0} of the base is larger than 3 MB, GitHub's limit: GitHub ignores \
         it; make it smaller, or leave out --by owner"
    )]
    OwnersTooLarge(String),
    #[error("the base {0} of this plan is not in this repository: fetch it, or plan again")]
    BaseGone(CommitId),
    #[error(
        "the work that this plan cuts, commit {0}, is not in this repository: split it again with batch split"
    )]
    WorkGone(CommitId),
    #[error(
        "this plan cuts work that exists already, which is on top of the plan's own base: split it again with \
         batch split --base"
    )]
    ExistingWork,
    #[error("nothing of the work can be published: {0}")]
    NothingToSplit(String),
    #[error("no file of the plan is left in the later base: plan again")]
    NothingLeft,
    #[error(transparent)]
    File(#[from] PlanFileError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Codemod(#[from] CodemodError),
    #[error("the plan is not valid, which is a bug in batch: {0}")]
    Unsound(String),
}

fn matches(files: usize) -> String {
    let verb = if files == 1 { "matches" } else { "match" };
    format!("{} {verb},", words::count(files, "file"))
}

fn beside(reasons: &str) -> String {
    if reasons.is_empty() {
        String::new()
    } else {
        format!(" (left out: {reasons})")
    }
}
