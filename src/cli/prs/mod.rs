//! `batch prs` and `batch revert`: show the pull requests of a run, and act on them.

mod act;
mod chosen;
mod command;
mod fix;
mod list;
mod revert;
mod session;
mod summary;
mod table;
mod track;

pub(super) use command::{PrsArgs, run};
pub(super) use revert::{RevertArgs, run as revert};
