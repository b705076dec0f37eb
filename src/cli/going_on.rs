//! A run that stopped by itself, to have somebody look: what is shown and asked, and what comes of the answer.

use std::io::IsTerminal;

use console::Term;

use super::review::{self, Canary, Restore};
use super::workspace::KnownRun;
use super::{Global, colours, print_bytes, say};
use crate::report;
use crate::run::{self, Amendment, Outcome, RunState, Start, StopReason, UnitState};
use crate::words;

/// A longer patch is cut; batch diff shows the rest.
const LINES_SHOWN: usize = 120;

/// How the run goes on, if it does. Without a person at the terminal, `yes` lets a canary that came to a good end pass.
pub(super) fn ask(state: &RunState, global: &Global, yes: bool) -> anyhow::Result<Option<Start>> {
    if state.stop.is_some() {
        return Ok(None);
    }
    let term = Term::stderr();
    let somebody = term.is_term() && std::io::stdin().is_terminal() && !global.json;
    match (state.first_stop_reason(), state.canary()) {
        (Some(why @ StopReason::SameFailure { .. }), _) if somebody => {
            let _terminal = Restore::later();
            let what = words::line(&format!("Nothing further was begun: {why}."));
            let goes_on = review::ask_go_on(&what, &term)?;
            Ok(goes_on.then_some(Start::Resumed))
        }
        (Some(StopReason::Canary), Some(canary)) => {
            let good = canary.outcome().is_some_and(is_good);
            if yes && good {
                return Ok(Some(Start::Accepted));
            }
            show(state, canary, global)?;
            if somebody {
                return decide(state, &term);
            }
            let id = &state.id;
            say(&if good {
                format!(
                    "There is no terminal to accept the canary at, so nothing further was begun. To go on with the others: \
                     batch resume {id} --yes"
                )
            } else {
                format!(
                    "The canary did not come to a good end, so nothing further was begun. To do it anew: batch retry {}",
                    canary.header.id
                )
            });
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Whether somebody may accept what it did.
pub(super) fn is_good(outcome: &Outcome) -> bool {
    outcome.is_success() || *outcome == Outcome::Withheld
}

/// What the canary did, and what it tells of the others.
fn show(state: &RunState, canary: &UnitState, global: &Global) -> anyhow::Result<()> {
    let id = &canary.header.id;
    if let (Some(start), Some(commit)) = (&canary.attempt.start(), &canary.attempt.commit)
        && !global.json
    {
        let known = KnownRun::open(global, Some(state.id.as_str()))?;
        let patch = known.repo.patch(start, commit, colours())?;
        let lines: Vec<&[u8]> = patch.split_inclusive(|byte| *byte == b'\n').collect();
        let shown = &lines[..lines.len().min(LINES_SHOWN)];
        print_bytes(b"\n")?;
        print_bytes(&shown.concat())?;
        if lines.len() > shown.len() {
            let more = lines.len() - shown.len();
            say(&format!(
                "… and {}: batch diff {id}",
                words::count(more, "more line")
            ));
        }
    }
    if let Some(forecast) = report::forecast(state, canary, run::now()) {
        say(&format!("\n{forecast}"));
    }
    Ok(())
}

fn decide(state: &RunState, term: &Term) -> anyhow::Result<Option<Start>> {
    let _terminal = Restore::later();
    Ok(match review::ask_canary(term)? {
        Canary::Accept => Some(Start::Accepted),
        Canary::Stop => None,
        Canary::Amend(words) => {
            let units = state.units.iter().map(|unit| unit.header.id.clone());
            let amendment = Amendment {
                instruction: Some(words),
                ..Amendment::default()
            };
            Some(Start::Retried(units.collect(), Box::new(amendment)))
        }
    })
}
