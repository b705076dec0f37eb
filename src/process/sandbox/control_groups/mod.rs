//! Limits for all processes of a worker together, by control groups (cgroups(7), version 2), where the system has
//! handed a part of their tree over to this process.
//!
//! Whether it has is found out by trying: [`delegated`] makes a group, moves this process there and hands the
//! controllers down. [`worker`] is the group of one worker. Only the group in which this process is counts as handed
//! over: whoever manages the tree owns the ones above.

mod delegated;
mod place;
mod worker;

pub use delegated::{NoGroups, try_groups};
pub(in crate::process) use worker::{Exceeded, WorkerGroup};
