//! The job of a run: the user's request, the assignment and checks of each unit, and the findings in the repository.

pub(crate) mod agent_choice;
pub(crate) mod agent_script;
pub(crate) mod assignment;
pub(crate) mod base_checks;
pub(crate) mod content;
pub(crate) mod deciding;
pub(crate) mod doubts;
pub(crate) mod error;
pub(crate) mod example;
pub(crate) mod existing_work;
pub(crate) mod findings;
pub(crate) mod introduced_names;
#[allow(clippy::module_inception, reason = "a job is the room's subject")]
pub(crate) mod job;
pub(crate) mod late_units;
pub(crate) mod leftovers;
pub(crate) mod once;
pub(crate) mod path_holders;
pub(crate) mod pull_request;
pub(crate) mod run_spec;
pub(crate) mod scope;
pub(crate) mod time_estimate;
pub(crate) mod too_much;
pub(crate) mod unfinished;
pub(crate) mod union;
pub(crate) mod unit_agents;
pub(crate) mod uses;
