//! The units of a run that did not come to a good end, as a page: what each was to do, why it ended, and how to go on.

use super::markdown::failed;
use super::next_step;
use super::view::{self, Failure};
use crate::plan::UnitId;
use crate::run::{Liveness, Outcome, RunState, UnitState};
use crate::words;

/// A unit names at most so many files; the plan has all of them.
const FILES_SHOWN: usize = 50;

/// Returns the page, ending in a line break; `None` where every unit came to a good end. `files` returns the claimed
/// files of a unit.
#[must_use]
pub(crate) fn render(
    state: &RunState,
    liveness: Liveness,
    files: impl Fn(&UnitId) -> Vec<String>,
) -> Option<String> {
    let is_bad = |unit: &&UnitState| !unit.outcome().is_some_and(Outcome::is_success);
    let bad: Vec<&UnitState> = state.units.iter().filter(is_bad).collect();
    if bad.is_empty() {
        return None;
    }
    let mut sections = vec![
        format!("# What is left of batch run {}", state.id),
        format!(
            "{} of {} did not come to a good end.",
            bad.len(),
            words::count(state.units.len(), "unit")
        ),
    ];
    for unit in bad {
        sections.push(section(state, liveness, unit, &files(&unit.header.id)));
    }
    Some(sections.join("\n\n") + "\n")
}

fn section(state: &RunState, liveness: Liveness, unit: &UnitState, files: &[String]) -> String {
    let id = &unit.header.id;
    let mut parts = Vec::new();
    if let Some(Outcome::Failed {
        step,
        reason,
        tail,
        log,
    }) = unit.outcome()
    {
        parts.push(failed(&Failure {
            unit,
            step: *step,
            reason,
            tail: tail.as_deref(),
            log: log.as_deref(),
        }));
    } else {
        parts.push(format!("### `{id}` {}", view::outcome(unit)));
        parts.extend(
            reason(state, unit).map(|reason| format!("Reason: {}", words::markdown(&reason))),
        );
    }
    if let Some(command) = next_step::command(state, liveness, unit) {
        parts.push(format!("Next: {}", words::code(&command)));
    }
    let mut list: Vec<String> = files
        .iter()
        .take(FILES_SHOWN)
        .map(|file| format!("- {}", words::markdown(file)))
        .collect();
    if files.len() > FILES_SHOWN {
        list.push(format!("- and {} more", files.len() - FILES_SHOWN));
    }
    if !list.is_empty() {
        parts.push(format!("Files:\n\n{}", list.join("\n")));
    }
    parts.join("\n\n")
}

/// Returns why a unit that did not fail has no result.
fn reason(state: &RunState, unit: &UnitState) -> Option<String> {
    match unit.outcome()? {
        Outcome::Blocked { by } => Some(format!("it needs {by}")),
        Outcome::LeftOut { why } => Some(why.to_string()),
        Outcome::Skipped { by } => Some(format!("skipped on request (batch skip, {by})")),
        Outcome::Withheld { why } => Some(view::withheld_words(state, *why).to_owned()),
        Outcome::Stopped => Some("it was stopped before its end".to_owned()),
        Outcome::Published
        | Outcome::Committed
        | Outcome::NoChange { .. }
        | Outcome::Failed { .. } => None,
    }
}
