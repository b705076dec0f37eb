//! Chooses the id of a new run.

use std::hash::{BuildHasher, RandomState};

use crate::journal::Journal;
use crate::run::log::run_id::RunId;
use crate::run::workspace::places::Places;

/// Chooses an id that no other run of this repository has.
#[must_use]
pub fn new_run_id(places: &Places) -> RunId {
    // A command that needs the journal reports its faults.
    let journal = Journal::read(&places.journal()).ok().flatten();
    let known = journal.and_then(|journal| journal.runs().ok());
    let known = known.unwrap_or_default();
    // The generator's own seed is only the time of day, which two processes may share.
    let seed = RandomState::new().hash_one(std::process::id());
    let mut random = fastrand::Rng::with_seed(seed);
    let today = jiff::Zoned::now().date();
    loop {
        let id = RunId::new(today, &mut random);
        if !known.iter().any(|run| run == id.as_str()) {
            return id;
        }
    }
}
