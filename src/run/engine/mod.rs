//! The event loop that drives a run, and how a run starts.

pub(crate) mod afterwards;
pub(crate) mod clean_up;
pub(crate) mod divide;
pub(crate) mod driver;
pub(crate) mod error;
mod helper_doubles;
pub(crate) mod known_run;
pub(crate) mod late_units;
pub(crate) mod liveness;
pub(crate) mod new_run_id;
pub(crate) mod old_uses;
pub(crate) mod pause;
pub(crate) mod pipelines;
pub(crate) mod prepare;
pub(crate) mod publications;
pub(crate) mod regenerator;
pub(crate) mod requests;
pub(crate) mod run_loop;
pub(crate) mod saved_run;
pub(crate) mod start;
pub(crate) mod tracker;
pub(crate) mod unfinished;
mod union;
mod union_checkout;
pub(crate) mod user_files;
