//! Asks the person at the terminal: nothing starts before they have seen the plan and approved it.
//!
//! This room only shows and asks. The caller decides what a plan's text means, whether it agrees with the repository,
//! and what happens to a plan that is not approved.

mod ask;
mod change;
mod details;
mod edit;
mod instruction;
mod questions;
mod restore;
#[cfg(test)]
pub(super) mod sample;
mod session;
mod summary;
mod table;
mod terminal;
#[cfg(test)]
mod tests;

pub(super) use instruction::write_instruction;
pub(super) use questions::{
    CanaryAnswer, Unfinished, ask_agent, ask_approval, ask_canary, ask_go_on, ask_unfinished,
};
pub(super) use restore::RestoreTerminal;
pub(super) use session::{Decision, PlanSource, review};
pub(super) use summary::SummaryLine;
pub(super) use table::table;
