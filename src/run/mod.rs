//! One execution of a plan: all facts that can be known about it, their fold, and the loop that makes them happen.
//!
//! This room knows nothing of terminals and reports: whoever shows a run reads its events and its state.

mod afterwards;
mod beginning;
mod control;
mod delivery;
mod engine;
mod error;
mod event;
mod inverse;
mod job;
mod leftover;
mod marks;
mod mending;
mod orders;
mod pace;
mod places;
mod record;
mod research;
mod retry;
#[cfg(test)]
pub(crate) mod sample;
mod staff;
mod state;
mod story;
mod tidying;
mod tracker;
mod trash;
mod unit;
mod wish;

pub use afterwards::{Afterwards, AfterwardsError};
pub use beginning::Beginning;
pub use delivery::remotes::Remote;
pub use delivery::{Delivery, Place, WhyLocal, find_token, place};
pub use engine::{announce, execute};
pub use error::{DeliveryError, PrepareError, RunError};
pub use event::{
    Amendment, BaseCheck, ChangeCount, CheckResult, Event, Goal, InverseCommit, IssueLink, OldUses,
    Outcome, PullRequestLink, Recorded, Retry, Rival, RivalEnd, RunFact, RunHeader, RunId, Step,
    Stop, UnitFact, UnitHeader,
};
pub use inverse::Inverse;
pub use job::{Job, KeepWorktrees, usual_jobs};
pub use leftover::{Fate, Leftover, leftovers};
pub use mending::{Mended, Mending};
pub use orders::agent;
pub use pace::restraint::{CutShort, Pace};
pub use pace::room::NoRoom;
pub use places::{Naming, NamingError, Places, worktree_name};
pub use record::{RecordError, events, events_after, find, fold, load, now};
pub use research::study::{Study, StudyError};
pub use research::{Inquiry, ResearchError, Researched};
pub use retry::{RetryError, failed};
pub use staff::Staff;
pub use state::{PaceNow, Phase, RunState, SentBack, UnitState};
pub use story::extras;
pub use tracker::tracking;
pub use trash::{Trashed, delete, lying, trash};
pub use unit::surroundings::worker_environment;
pub use wish::{Wish, leave};
