//! `batch` turns one codebase-wide change into a stack of small, independent pull requests.
//!
//! The way in is `docs/architecture.md`; `docs/style.md` and `CONTRIBUTING.md` say how code is written and tested.
//!
//! Data flows one way: plan → review → run → report. A room may use the rooms below it, never one above:
//!
//! | floor | rooms |
//! |---|---|
//! | commands | [`cli`]: arguments in, library calls, words out |
//! | showing | [`report`], [`progress`]: what a run's events and state look like to a person |
//! | afterwards | [`prs`]: the pull requests of a run once they are open |
//! | running | [`run`]: the facts of a run and their fold |
//! | doing | [`agent`]: edits a unit's files; [`check`]: must pass; [`forge`]: the place where pull requests live |
//! | | [`regenerate`]: which commands make files from other files |
//! | ground | [`plan`], [`codemod`], [`imports`], [`git`], [`process`], [`journal`], [`config`], [`words`] |

mod agent;
mod check;
pub mod cli;
mod codemod;
pub mod config;
mod forge;
pub mod git;
pub mod imports;
mod journal;
pub mod plan;
mod process;
mod progress;
mod prs;
mod regenerate;
mod report;
mod run;
#[cfg(any(test, fuzzing))]
pub mod untrusted;
mod words;
