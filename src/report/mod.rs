//! What came out of a run, for a terminal, a page or a script.
//!
//! Each form is a pure function of [`RunState`](crate::run::RunState) and a moment, so the report of a run that is still
//! going is the same code as the final one. This room must not read the journal, the clock or the terminal: the state,
//! the moment and the width come in.

mod forecast;
mod json;
mod markdown;
#[cfg(test)]
pub(crate) mod sample;
mod terminal;
mod totals;
mod view;

use serde::Serialize;

pub use forecast::forecast;
pub use json::Report;
pub use markdown::render as markdown;
pub use terminal::render as terminal;
pub use totals::Totals;

/// What is known of the process that drives the run; the events alone cannot tell that it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Liveness {
    Going,
    /// The run came to its end.
    Ended,
    /// The process is gone and the run has no end.
    Died,
}
