//! The exit codes, as `batch --help` lists them.

use crate::run::{Pause, RunState};

/// The plan was not approved.
pub(super) const NOT_APPROVED: u8 = 3;

/// Ctrl-C, or a signal.
pub(super) const INTERRUPTED: u8 = 130;

/// Returns the exit code of a command that drove a run to this state.
pub(super) fn of_run(state: &RunState) -> u8 {
    if state.stop.is_some() {
        INTERRUPTED
    } else if Pause::of(state).is_some_and(|pause| pause.is_acceptable_canary()) {
        NOT_APPROVED
    } else {
        u8::from(!state.is_success())
    }
}
