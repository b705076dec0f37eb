//! Turns a glob and an instruction into a proven plan: which units, which files each unit owns, and in what order.
//!
//! Pure except for reading the base: the same base and the same request always make the same plan. This room knows git
//! objects and the codemod, because a plan holds only files that a codemod really changes. It knows nothing of runs,
//! agents, forges or the terminal.

mod agent_shares;
mod base_files;
pub mod claim;
pub mod code_owners;
mod content;
mod cut;
mod drift;
mod edit;
mod error;
pub mod file;
mod forecast;
pub mod graph;
mod make;
mod model;
pub mod order;
mod packages;
pub mod partition;
mod proposal;
mod replan;
mod scan;
pub mod select;
mod shared_files;
mod suggest;
pub mod title;
mod tracked;
mod unit_id;
mod units;

pub use base_files::BaseFiles;
pub use drift::Drift;
pub use edit::{Edit, EditError};
pub use error::PlanError;
pub use forecast::{Forecast, forecast};
pub use make::{Request, load, make};
pub use model::{Claim, LeftOut, Plan, Research, Size, Unit};
pub use proposal::{
    Cluster, KeyFile, Outline, Proposal, ProposalError, ProposedLeftOut, ProposedUnit, Repair,
    SCHEMA as PROPOSAL_SCHEMA, from_proposal,
};
pub use replan::replan;
pub use tracked::tracked;
pub use unit_id::UnitId;
