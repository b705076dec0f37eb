//! What is to be done: settings, assignments, scope.

pub(crate) mod assignment;
pub(crate) mod error;
pub(crate) mod pull_request;
pub(crate) mod scope;
pub(crate) mod spec;
pub(crate) mod unit_agents;
