//! Runs: everything known about one execution of a plan, and the loop that executes it.
//!
//! This room knows no terminal and no report: whoever shows a run reads its events and its state.
//!
//! Each folder uses only the folders above it in this list:
//!
//! | folder | holds |
//! |---|---|
//! | `log` | events, the state that is folded from them, and their record in the journal |
//! | `workspace` | places on disk, a unit's environment and checkout, trash, leftovers |
//! | `delivery` | where branches and pull requests go |
//! | `schedule` | pure decisions over the state: what starts next, limits, publishing |
//! | `job` | what is to be done: settings, assignments, scope |
//! | `unit` | the pipeline of one unit, one file a step |
//! | `engine` | the event loop, and how a run starts |
//! | `research` | an agent that is asked for the plan |

mod delivery;
mod engine;
mod job;
mod log;
mod research;
mod schedule;
mod unit;
mod workspace;

pub use delivery::error::DeliveryError;
pub use delivery::remotes::Remote;
pub use delivery::{Delivery, Place, WhyLocal, find_token, place};
pub use engine::afterwards::{Afterwards, AfterwardsError};
pub use engine::error::RunError;
pub use engine::requests::{Request, leave};
pub use engine::run_loop::{announce, execute};
pub use engine::start::Start;
pub use engine::tracker::tracking;
pub use job::assignment::agent;
pub use job::error::PrepareError;
pub use job::pull_request::extras;
pub use job::spec::{Job, KeepWorktrees, usual_jobs};
pub use job::unit_agents::UnitAgents;
pub use log::event::{
    Amendment, BaseCheck, Candidate, CandidateEnd, ChangeCount, CheckResult, Event, Goal,
    IssueLink, OldUses, Outcome, PullRequestLink, Recorded, Retry, RevertCommit, RunFact,
    RunHeader, RunId, Step, Stop, UnitFact, UnitHeader,
};
pub use log::follow_up::{FollowUp, FollowUpResult};
pub use log::record::{RecordError, events, events_after, find, fold, load, now};
pub use log::revert::Revert;
#[cfg(test)]
pub(crate) use log::sample;
pub use log::state::{ActiveThrottle, Phase, RunState, SentBack, UnitState};
pub use log::stop_reason::{StopReason, ThrottleReason};
pub use research::checkout::{PlanningCheckout, PlanningCheckoutError};
pub use research::session::{PlanningError, PlanningResult, PlanningSession};
pub use schedule::retry::{RetryError, failed};
pub use workspace::disk_space::NoDiskSpace;
pub use workspace::environment::worker_environment;
pub use workspace::leftover::{Fate, Leftover, leftovers};
pub use workspace::places::{Naming, NamingError, Places, worktree_name};
pub use workspace::trash::{Trashed, delete, lying, trash};
