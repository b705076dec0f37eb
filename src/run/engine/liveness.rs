//! Decides whether a process drives a run at this moment. The events alone cannot tell that the process is gone.

use std::path::PathBuf;

use serde::Serialize;

use crate::journal::{Holder, RunLock};
use crate::run::log::run_state::RunState;
use crate::run::workspace::places::Places;

/// Whether a process drives the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Liveness {
    Going,
    /// The run has ended.
    Ended,
    /// The process is gone and the run has no end.
    Died,
}

/// The file that says which process drives the run cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the lock {} cannot be read: {source}", path.display())]
pub struct LockUnreadable {
    path: PathBuf,
    source: std::io::Error,
}

impl Liveness {
    /// Looks at the run's lock, unless the run has ended.
    pub fn of(places: &Places, state: &RunState) -> Result<Self, LockUnreadable> {
        if state.ended_at.is_some() {
            return Ok(Self::Ended);
        }
        let path = places.lock(&state.id);
        match RunLock::holder(&path) {
            Ok(Holder::Process(_)) => Ok(Self::Going),
            Ok(Holder::Nobody) => Ok(Self::Died),
            Err(source) => Err(LockUnreadable { path, source }),
        }
    }
}
