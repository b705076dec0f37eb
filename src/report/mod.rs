//! Renders the results of a run for a terminal, a page or a script.
//!
//! Each form is a pure function of [`RunState`](crate::run::RunState) and a moment, so the report of a run that is
//! still going is the same code as the final one. This room must not read the journal, the clock or the terminal: the
//! state, the moment and the width come in.

mod comparison;
mod failures;
mod forecast;
mod json;
mod left_processes;
mod likeness;
mod markdown;
mod next_step;
#[cfg(test)]
pub(crate) mod sample;
mod shared_file;
mod terminal;
mod totals;
mod union;
mod view;

pub(crate) use failures::render as failures;
pub(crate) use forecast::forecast;
pub(crate) use json::render as json;
pub(crate) use left_processes::render as left_processes;
pub(crate) use markdown::render as markdown;
pub(crate) use shared_file::beyond_the_canary;
pub(crate) use terminal::render as terminal;
pub(crate) use totals::{Totals, sentence};
