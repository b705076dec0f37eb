//! A run that waits for a person: shows what to decide, asks, and returns how the run continues.

use console::Term;

use super::flags::Consent;
use super::global::Global;
use super::output::{can_ask, print_result, say};
use super::patch;
use super::review::{self, CanaryAnswer, RestoreTerminal};
use super::workspace::known_run;
use crate::report;
use crate::run::{self, Pause, RunState, Start, UnitState};
use crate::words;

/// A longer patch is cut; batch diff shows the rest.
const LINES_SHOWN: usize = 120;

/// Asks how the run continues; `None` where it does not.
pub(super) fn ask(
    state: &RunState,
    global: &Global,
    consent: Consent,
) -> anyhow::Result<Option<Start>> {
    let somebody = can_ask() && !global.json;
    match Pause::of(state) {
        Some(Pause::SameFailure(why)) if somebody => {
            let _terminal = RestoreTerminal::later();
            let what = words::line(&format!("No further unit was started: {why}."));
            let goes_on = review::ask_go_on(&what, &Term::stderr())?;
            Ok(goes_on.then_some(Start::Resumed))
        }
        Some(pause @ Pause::Canary(canary)) => {
            let good = pause.is_acceptable_canary();
            // Nobody consented to changed settings beforehand.
            let is_quiet = !state.git_folder_holds_publishing();
            if consent == Consent::Given && good && is_quiet {
                return Ok(Some(Start::Accepted));
            }
            show(state, canary, global)?;
            if somebody {
                return decide(state);
            }
            let id = &state.id;
            say(&if good && !is_quiet {
                format!(
                    "No further unit was started, because settings or hooks of your repository changed. Undo the \
                     changes that you do not want, then continue with: batch resume {id} --yes"
                )
            } else if good {
                format!(
                    "No further unit was started, because there is no terminal to accept the canary at. Continue with \
                     the others: batch resume {id} --yes"
                )
            } else {
                format!(
                    "No further unit was started, because the canary did not succeed. Do it again: batch retry {}",
                    canary.header.id
                )
            });
            Ok(None)
        }
        Some(Pause::SameFailure(_)) | None => Ok(None),
    }
}

/// Shows the canary's change, and a forecast for the other units.
fn show(state: &RunState, canary: &UnitState, global: &Global) -> anyhow::Result<()> {
    let id = &canary.header.id;
    if let (Some(start), Some(commit)) = (canary.attempt.start(), &canary.attempt.commit)
        && !global.json
    {
        let known = known_run(global, Some(state.id.as_str()))?;
        let patch = patch::shown(&known.repo.patch(start, commit)?);
        let lines: Vec<&str> = patch.split_inclusive('\n').collect();
        let shown = &lines[..lines.len().min(LINES_SHOWN)];
        print_result(format!("\n{}", shown.concat()).as_bytes());
        if lines.len() > shown.len() {
            let more = lines.len() - shown.len();
            say(&format!(
                "… and {}: batch diff {id}",
                words::count(more, "more line")
            ));
        }
    }
    if let Some(beyond) = report::beyond_the_canary(canary) {
        say(&format!("\n{beyond}"));
    }
    if let Some(forecast) = report::forecast(state, canary, run::now()) {
        say(&format!("\n{forecast}"));
    }
    Ok(())
}

fn decide(state: &RunState) -> anyhow::Result<Option<Start>> {
    let _terminal = RestoreTerminal::later();
    Ok(match review::ask_canary(&Term::stderr())? {
        CanaryAnswer::Accept => Some(Start::Accepted),
        CanaryAnswer::Stop => None,
        CanaryAnswer::Amend(words) => Some(run::restart_amended(state, words)),
    })
}
