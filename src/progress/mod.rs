//! A run while it goes: each event becomes live bars on a terminal, a plain line in a log, or a line of JSON for a program.
//!
//! Whoever drives a run hands each event over after the state has taken it in. This room only shows: it decides nothing,
//! and a watcher that is gone (a closed pipe) never disturbs the run.

mod bars;
mod json;
mod lines;
mod reading;

use std::io;

use console::Term;

pub use json::line as json_line;
pub use reading::Reading;

use crate::run::{Recorded, RunState};

/// Something that shows a run's events as they come.
pub trait Progress: Send {
    /// Takes one event; `state` has it in already.
    fn event(&mut self, event: &Recorded, state: &RunState);

    /// Leaves the terminal as it was. Nothing more is shown after this; dropping does the same.
    fn finish(&mut self);
}

/// The forms in which a run can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Live bars on standard error.
    Bars,
    /// One plain line for each thing that happens, on standard error.
    Lines,
    /// The same lines on standard output, for somebody who only looks on.
    Printed,
    /// One JSON object for each event, on standard output.
    Json,
}

impl Form {
    /// The form for people who look on: bars where nothing is redirected, else lines on standard output.
    #[must_use]
    pub fn for_onlookers() -> Self {
        match Self::for_people() {
            Self::Bars if Term::stdout().is_term() => Self::Bars,
            _ => Self::Printed,
        }
    }

    /// The form for people: bars where standard error is a terminal that can redraw, else lines.
    #[must_use]
    pub fn for_people() -> Self {
        if Term::stderr().is_term() && !console::is_dumb() {
            Self::Bars
        } else {
            Self::Lines
        }
    }
}

/// Starts to show a run.
#[must_use]
pub fn start(form: Form) -> Box<dyn Progress> {
    match form {
        Form::Bars => Box::new(bars::Bars::new(Term::stderr())),
        Form::Lines => Box::new(lines::Lines::new(io::stderr())),
        Form::Printed => Box::new(lines::Lines::new(io::stdout())),
        Form::Json => Box::new(json::Json::new(io::stdout())),
    }
}
