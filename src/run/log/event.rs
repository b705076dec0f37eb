//! An event: one fact about a run, with its place in the journal.
//!
//! Facts are only ever appended. Everything that is shown or decided later is derived from them by
//! [`RunState`](crate::run::RunState), so a field that no fact has does not exist. The facts know no clock, no disk and
//! no scheduler.

use crate::plan::UnitId;
use crate::run::log::run_fact::RunFact;
use crate::run::log::unit_fact::UnitFact;

/// An event with its place in the journal and the moment when it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The number rises with time within the journal; a run's numbers have gaps.
    pub seq: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub event: Event,
}

/// A fact about the whole run or about one of its units.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Run(RunFact),
    Unit(UnitId, UnitFact),
}
