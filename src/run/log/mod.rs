//! The facts of a run, the state that is folded from them, and their record in the journal.

pub(crate) mod attempt;
pub(crate) mod check_result;
pub(crate) mod content;
mod divide;
pub(crate) mod division;
pub(crate) mod event;
pub(crate) mod helper_doubles;
pub(crate) mod introduced_names;
pub(crate) mod ledger;
pub(crate) mod outcome;
pub(crate) mod pilot;
pub(crate) mod publication;
pub(crate) mod record;
mod recorded_path;
mod redacted;
pub(crate) mod reverts;
pub(crate) mod run_fact;
pub(crate) mod run_id;
pub(crate) mod run_state;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod shared_file;
pub(crate) mod shared_work;
pub(crate) mod stop_reason;
pub(crate) mod tidied;
pub(crate) mod union;
pub(crate) mod unit_fact;
pub(crate) mod unit_state;
