//! Tells of files that no unit claims: those that nearly every unit changes, and those that the first unit changes.

use crate::run::{RunState, UnitState};
use crate::words;

/// At most this many files are told.
const SHOWN: usize = 3;

/// Returns a sentence for each file that nearly every unit changes.
pub(super) fn shared_files(state: &RunState) -> Vec<String> {
    let files = state.shared_files().into_iter().take(SHOWN);
    let told = files.map(|file| {
        let path = words::line(file.path);
        format!(
            "{} of {} units change {path}: plan it as a prerequisite, so that none waits for another: a [[unit]] with \
             files = [{path:?}] and a description of its change, whose id the others have in needs",
            file.units, file.of
        )
    });
    told.collect()
}

/// Says which files beyond its claim the first unit changes, before the others begin.
#[must_use]
pub fn beyond_the_canary(canary: &UnitState) -> Option<String> {
    let acquired = &canary.attempt.proven.as_ref()?.acquired;
    if acquired.companions.is_empty() {
        return None;
    }
    let paths = acquired.companions.iter().map(|path| words::line(path));
    Some(format!(
        "It also changes {}, which no unit claims. Units that change the same file wait for each other: if the others \
         will change it too, stop and plan it as a prerequisite.",
        words::few(paths, SHOWN)
    ))
}
