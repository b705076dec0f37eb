//! Commands that must pass, and what they say of a unit.
//!
//! A [`Check`] is one command and where it runs: [given](Check::given) by the user, or [`discover`]ed from the files of
//! the base for what a unit claims. [`run`] runs it in a worktree and tells which tests failed; [`obstacle`] says
//! beforehand why it could not. A [`Failure`] that is held against that of the untouched base gives a [`Verdict`]. This
//! room knows nothing of runs, plans or agents, and it does not repeat what failed.

mod command;
mod discover;
mod execute;
mod failed_tests;
mod result;
mod verdict;

pub use command::Check;
pub use discover::discover;
pub use execute::{CheckError, obstacle, run};
pub use result::Ran;
pub use verdict::{Failure, Verdict};
