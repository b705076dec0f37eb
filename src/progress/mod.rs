//! Progress: shows a run while it goes. Each event becomes live bars on a terminal, a plain line in a log, or a line of
//! JSON for a program.
//!
//! The process that drives a run hands each event over after the state has taken it in. This room only shows: it
//! decides nothing, and a watcher that is gone (a closed pipe) never disturbs the run.

mod agent_line;
mod bars;
mod json;
mod lines;
mod observer;
mod telling;
mod union;

use std::io;

use console::Term;

pub(crate) use agent_line::AgentLine;
pub(crate) use json::line as json_line;
pub(crate) use observer::Progress;
use telling::Telling;

/// The ways to show a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    /// Live bars on standard error.
    Bars,
    /// One plain line for each thing that happens, on standard error.
    Lines,
    /// The same lines on standard output, for a person who only watches.
    Printed,
    /// One JSON object for each event, on standard output.
    Json,
}

impl Display {
    /// Returns the display for people who only watch: bars where nothing is redirected, else lines on standard output.
    pub(crate) fn for_watchers() -> Self {
        match Self::for_people() {
            Self::Bars if Term::stdout().is_term() => Self::Bars,
            _ => Self::Printed,
        }
    }

    /// Returns the display for people: bars where standard error is a terminal that can redraw, else lines.
    pub(crate) fn for_people() -> Self {
        if Term::stderr().is_term() && !console::is_dumb() {
            Self::Bars
        } else {
            Self::Lines
        }
    }
}

/// Starts to show a run.
pub(crate) fn start(display: Display) -> Box<dyn Progress> {
    match display {
        Display::Bars => Box::new(bars::Bars::new(Term::stderr())),
        Display::Lines => Box::new(lines::Lines::new(io::stderr())),
        Display::Printed => Box::new(lines::Lines::new(Telling::of(io::stdout()))),
        Display::Json => Box::new(json::Json::new(Telling::of(io::stdout()))),
    }
}
