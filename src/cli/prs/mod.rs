//! `batch prs` and `batch revert`: the pull requests of a run, how they stand, and what is done with them.

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
