//! The event loop that drives a run, and how a run starts.

pub(crate) mod afterwards;
pub(crate) mod clean_up;
pub(crate) mod driver;
pub(crate) mod error;
pub(crate) mod old_uses;
pub(crate) mod pipelines;
pub(crate) mod requests;
pub(crate) mod run_loop;
pub(crate) mod start;
pub(crate) mod tracker;
