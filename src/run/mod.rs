//! One execution of a plan: all facts that can be known about it, and their fold.
//!
//! This room knows nothing of terminals and reports: whoever shows a run reads its events and its state.

mod event;
mod state;

pub use event::{
    ChangeCount, CheckResult, Event, Outcome, PullRequestLink, Recorded, RunFact, RunHeader, RunId,
    Step, Stop, UnitFact, UnitHeader,
};
pub use state::{Phase, RunState, UnitState};
