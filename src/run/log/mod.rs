//! The facts of a run, the state that is folded from them, and their record in the journal.

pub(crate) mod event;
pub(crate) mod follow_up;
pub(crate) mod record;
pub(crate) mod revert;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod state;
pub(crate) mod stop_reason;
