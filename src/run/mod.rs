//! One execution of a plan.
//!
//! [`event`] lists all facts, [`state`] folds them, [`scheduler`] decides who runs next, [`unit`] is the pipeline of one
//! unit, and [`engine`] is the loop that writes each fact to the journal before anything else happens with it. This room
//! knows nothing of terminals and reports: whoever shows a run reads its events and its state.

mod event;
mod state;

pub use event::{
    ChangeCount, CheckResult, Event, Outcome, PullRequestLink, Recorded, RunFact, RunHeader, RunId,
    Step, Stop, UnitFact, UnitHeader,
};
pub use state::{Phase, RunState, UnitState};
