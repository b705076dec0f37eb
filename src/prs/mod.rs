//! The pull requests of a run once they are open: their states, and the actions on them.
//!
//! A [`PrSession`] is a run together with the place of its pull requests. Every fact about a pull request comes from
//! the forge, because people continue to work there; a page in this repository takes its facts from the repository and
//! the run. This room knows no terminal.

mod action;
mod fix;
mod made_files;
mod merge;
mod overview;
mod revert;
mod selection;
mod session;
mod sync;
mod target;
mod track;

pub(crate) use action::{ActionReport, ActionResult, Mode};
pub(crate) use merge::MergeOptions;
pub(crate) use overview::Overview;
pub(crate) use revert::RevertOptions;
pub(crate) use selection::Selection;
pub(crate) use session::{PrSession, PrStatus};
pub(crate) use target::{published_unit, targets};
