//! The pipeline of one unit, one file a step.

pub(crate) mod base_checks;
pub(crate) mod candidates;
pub(crate) mod checkout;
pub(crate) mod checks;
pub(crate) mod context;
pub(crate) mod monitor;
pub(crate) mod publish;
pub(crate) mod scope;
pub(crate) mod turn;
