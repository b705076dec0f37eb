//! Finds, runs and judges checks: commands that must pass for a unit.
//!
//! A [`Check`] is one command and the folder it runs in. The user [gives](Check::given) it, or [`discover`] finds it
//! for the files of a claim. [`obstacle`], [`missing_module`] and [`workspace_above`] say beforehand why it cannot run.
//! [`run`] runs it in a worktree and names the tests that failed, and the files that it complains about. A [`Failure`],
//! compared with the failure of the same check on the base, gives a [`Verdict`].
//! [`lost_tests`] compares how many tests ran on both sides, and [`changed_definitions`] says what of a check's own
//! definition a unit changes.
//! Apart from commands, a [`Gate`] looks at the content of a unit's work and returns [`Finding`]s.
//! This room knows nothing of runs, plans or agents, and it does not repeat a check that failed.

mod command;
mod content;
mod definition;
mod discover;
mod editable;
mod execute;
mod failed_tests;
mod formatters;
mod junit;
mod lines;
mod lost_tests;
mod no_proof;
mod output;
mod places;
mod test_counts;
mod test_files;
mod verdict;
mod workspace_above;

pub(crate) use command::Check;
pub(crate) use content::{
    ChangedEntry, ChangedFile, Entry, EntryKind, FormPair, FormedFile, Gate, Instruction,
    Repository, restored_forms,
};
pub use content::{Finding, FormPart, RestoredForm, RuleError};
pub(crate) use definition::changed_definitions;
pub(crate) use discover::discover;
pub(crate) use editable::tests_checkout;
pub(crate) use execute::{missing_module, obstacle, run};
#[cfg(any(test, fuzzing))]
pub(crate) use failed_tests::read as failed_tests;
pub(crate) use formatters::formatters;
pub(crate) use lost_tests::{CountedRun, LostTests, loses_tests, lost_tests, touches_tests};
pub(crate) use no_proof::NoProof;
pub(crate) use output::CheckOutput;
pub use test_counts::TestCounts;
pub(crate) use verdict::{Against, Failure, Verdict};
pub(crate) use workspace_above::workspace_above;
