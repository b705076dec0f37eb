//! Prints how each action ended, and the sum.

use serde::Serialize;

use crate::cli::global::Global;
use crate::cli::output::{print, say};
use crate::plan::UnitId;
use crate::prs::{ActionReport, ActionResult, Mode};
use crate::words;

/// The result of an action as scripts read it.
#[derive(Serialize)]
struct Line<'a> {
    unit: &'a UnitId,
    number: u64,
    /// `done`, `rehearsed`, `left` or `failed`.
    outcome: &'static str,
    said: &'a str,
}

/// The results so far.
pub(super) struct ActionSummary<'a> {
    global: &'a Global,
    mode: Mode,
    results: Vec<ActionResult>,
}

impl<'a> ActionSummary<'a> {
    pub(super) fn new(global: &'a Global, mode: Mode) -> Self {
        Self {
            global,
            mode,
            results: Vec::new(),
        }
    }

    /// Prints the report of one action, and counts it.
    pub(super) fn take(&mut self, report: &ActionReport) {
        show(self.global, report);
        self.results.push(report.result);
    }

    pub(super) fn changed_something(&self) -> bool {
        self.results.contains(&ActionResult::Done)
    }

    /// Prints the sum, and returns the exit code.
    pub(super) fn conclude(self) -> u8 {
        let count = |wanted| {
            let results = self.results.iter();
            results.filter(|&&result| result == wanted).count()
        };
        let (done, words) = match self.mode {
            Mode::Real => (count(ActionResult::Done), "done"),
            Mode::DryRun => (count(ActionResult::WouldBeDone), "would be done"),
        };
        let (left, failed) = (count(ActionResult::Unchanged), count(ActionResult::Failed));
        if !self.global.json {
            say(&format!(
                "{done} {words}, {left} unchanged, {failed} failed"
            ));
        }
        u8::from(failed > 0)
    }
}

fn show(global: &Global, report: &ActionReport) {
    let ActionReport { unit, number, .. } = report;
    if !global.json {
        let message = words::line(&report.message);
        return say(&format!("#{number} {unit}: {message}"));
    }
    let line = Line {
        unit,
        number: *number,
        outcome: match report.result {
            ActionResult::Done => "done",
            ActionResult::WouldBeDone => "rehearsed",
            ActionResult::Unchanged => "left",
            ActionResult::Failed => "failed",
        },
        said: &report.message,
    };
    // A closed pipe does not undo the action.
    let _ = words::json(&line).map(|text| print(&format!("{text}\n")));
}
