//! An agent that reads the base and proposes the plan.

pub(crate) mod checkout;
pub(crate) mod session;
