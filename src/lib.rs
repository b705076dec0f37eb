//! `batch` turns one codebase-wide change into a stack of small, independent pull requests.
//!
//! Data flows one way: plan → review → run → report. A room may use the rooms below it, never one above:
//!
//! | floor | rooms |
//! |---|---|
//! | commands | [`cli`]: arguments in, library call, words out |
//! | showing | [`report`], [`progress`]: what a run's events and state look like to a person |
//! | running | [`run`]: events, their fold, who runs next, the pipeline of one unit, the event loop |
//! | doing | [`agent`], [`check`], [`forge`]: edit the files, prove them, open the pull request |
//! | ground | [`plan`], [`codemod`], [`git`], [`process`], [`journal`], [`config`], [`words`] |

pub mod agent;
pub mod check;
pub mod cli;
pub mod codemod;
pub mod config;
pub mod forge;
pub mod git;
pub mod journal;
pub mod plan;
pub mod process;
pub mod progress;
pub mod report;
pub mod run;
pub mod words;
