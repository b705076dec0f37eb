//! One execution of a plan: all facts that can be known about it, their fold, and the loop that makes them happen.
//!
//! This room knows nothing of terminals and reports: whoever shows a run reads its events and its state.

mod completeness;
mod delivery;
mod engine;
mod event;
mod ground;
mod job;
mod leftover;
mod orders;
mod places;
mod publish;
mod record;
mod room;
mod retry;
mod scheduler;
mod scope;
mod state;
mod story;
mod surroundings;
mod trash;
mod unit;

pub use delivery::{Delivery, DeliveryError, Place, Remote, WhyLocal, find_token, place};
pub use engine::{Beginning, RunError, announce, execute};
pub use event::{
    Amendment, ChangeCount, CheckResult, Event, Goal, OldUses, Outcome, PullRequestLink, Recorded,
    Retry, RunFact, RunHeader, RunId, Step, Stop, UnitFact, UnitHeader,
};
pub use job::{Job, KeepWorktrees, PrepareError, agent};
pub use leftover::{Fate, Leftover, leftovers};
pub use places::{Naming, NamingError, Places, worktree_name};
pub use record::{RecordError, events, find, load};
pub use room::NoRoom;
pub use retry::{RetryError, failed};
pub use state::{Phase, RunState, UnitState};
pub use trash::{Trashed, delete, lying, trash};
