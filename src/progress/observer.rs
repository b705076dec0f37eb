//! The seam between a run and whatever shows it.

use crate::run::{Recorded, RunState};

/// Shows the events of a run as they come.
pub(crate) trait Progress: Send {
    /// Takes one event; `state` has taken it in already.
    fn event(&mut self, event: &Recorded, state: &RunState);

    /// Leaves the terminal as it was. Nothing more is shown afterwards; dropping does the same.
    fn finish(&mut self);
}
