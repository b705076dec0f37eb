//! Turns a glob and an instruction into a proven plan: which units, which files each unit owns, and in what order.
//!
//! Pure except for reading the base: the same base and the same request always make the same plan. This room knows git
//! objects and the codemod, because a plan holds only files that a codemod really changes. It knows nothing of runs,
//! agents, forges or the terminal.

mod agent_shares;
mod base_files;
pub(crate) mod claim;
pub(crate) mod code_owners;
mod content;
mod cut;
mod drift;
mod edit;
mod error;
mod existing_work;
pub(crate) mod file;
mod files_of_work;
mod forecast;
pub mod graph;
mod make;
mod model;
mod named;
pub(crate) mod order;
mod packages;
pub mod partition;
mod proposal;
mod remaining;
mod replan;
mod scan;
pub mod select;
mod shared_files;
mod suggest;
pub(crate) mod title;
mod together;
mod tracked;
mod unit_id;
mod units;

pub(crate) use base_files::BaseFiles;
pub(crate) use drift::Drift;
pub(crate) use edit::Edit;
pub(crate) use error::PlanError;
pub(crate) use existing_work::{SplitRequest, split};
pub(crate) use forecast::{Forecast, forecast};
pub(crate) use make::{Request, load, make};
pub(crate) use model::{Claim, LeftOut, Plan, Research, Size, Unit};
#[cfg(test)]
pub(crate) use proposal::Cluster;
pub(crate) use proposal::{Outline, Proposal, Repair, SCHEMA as PROPOSAL_SCHEMA, from_proposal};
pub(crate) use remaining::{Remaining, remaining};
pub(crate) use replan::replan;
pub(crate) use tracked::tracked;
pub(crate) use unit_id::UnitId;
