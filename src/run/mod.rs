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

pub use delivery::base_check::check_base;
pub use delivery::error::DeliveryError;
pub use delivery::options::pull_request_options;
pub use delivery::remotes::Remote;
pub use delivery::{Delivery, Destination, Place, WhyLocal, place};
pub use engine::afterwards::{Afterwards, AfterwardsError};
pub use engine::error::RunError;
pub use engine::known_run::{KnownRun, KnownRunError, read_journal};
pub use engine::liveness::Liveness;
pub use engine::new_run_id::new_run_id;
pub use engine::pause::{Pause, restart_amended};
pub use engine::prepare::{base_of_plan, prepare, prepare_publish, prepare_resume};
pub use engine::regenerator::{Regenerator, RegeneratorError};
pub use engine::requests::{Request, leave};
pub use engine::run_loop::{announce, execute};
pub use engine::saved_run::SavedRunError;
pub use engine::start::Start;
pub use engine::tracker::tracking;
pub use engine::unfinished::{unfinished, unsettled};
pub use job::agent_choice::{AgentSource, assign_agents, prefer_plan_agents};
pub use job::assignment::agent;
pub use job::deciding::deciding_of_plan;
pub use job::error::PrepareError;
pub use job::job::Job;
pub use job::run_spec::usual_jobs;
pub use job::time_estimate::{PastTimes, TimeEstimate};
pub use job::unit_agents::UnitAgents;
pub use log::check_result::{BaseCheck, CheckResult};
pub use log::event::{Event, Recorded};
pub use log::helper_doubles::HelperDouble;
#[cfg(test)]
pub(crate) use log::helper_doubles::HelperPlace;
pub use log::outcome::{Outcome, Step, WithheldReason};
pub use log::publication::FollowUpResult;
pub use log::record::{RecordError, events, events_after, find, fold, load, now};
pub use log::run_fact::{Amendment, Division, Goal, IssueLink, OldUses, RunFact, Stop};
#[cfg(test)]
pub(crate) use log::run_fact::{Pilot, RunHeader, UnitHeader};
pub use log::run_id::RunId;
pub use log::run_state::{ActiveThrottle, RunState};
#[cfg(test)]
pub(crate) use log::sample;
pub use log::stop_reason::{StopReason, ThrottleReason};
pub use log::tidied::Tidied;
pub use log::union::{Culprit, Union, UnionCheck, UnionEnd, UnionMember, UnionPart, UnionVerdict};
pub use log::unit_fact::{
    Acquired, Candidate, CandidateEnd, ChangeCount, FollowUp, PullRequestLink, Regenerated,
    RevertCommit, Sharing, StandsOn, UnitFact,
};
pub use log::unit_state::{Phase, UnitState};
pub use research::checkout::PlanningCheckout;
pub use research::session::{PlanningError, PlanningResult, PlanningSession};
pub use schedule::clusters::{FailureCluster, failure_clusters};
pub use schedule::retry::{RetryError, failed, like};
pub use workspace::agent_settings::agent_settings;
pub use workspace::environment::worker_environment;
pub use workspace::git_settings::git_settings;
pub use workspace::isolation::{CANARY, limit_above_usual, sandbox_level};
pub use workspace::leftover::{Fate, PlaceTemplates, leftovers};
pub use workspace::naming::Naming;
pub use workspace::places::Places;
pub use workspace::process_tags::{ProcessTags, UnitProcess};
pub use workspace::trash::{delete, delete_unfinished, lying};
