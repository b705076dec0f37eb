//! Decisions about a run: pure functions over its state, which write nothing.

pub(crate) mod breaker;
pub(crate) mod cause;
pub(crate) mod clusters;
pub(crate) mod concurrency;
pub(crate) mod governor;
pub(crate) mod limits;
pub(crate) mod narrowing;
pub(crate) mod overload;
pub(crate) mod pilot;
pub(crate) mod publish_gate;
pub(crate) mod publish_limiter;
pub(crate) mod publish_queue;
pub(crate) mod refusal;
pub(crate) mod restart_order;
pub(crate) mod restart_permits;
pub(crate) mod restarts;
pub(crate) mod retry;
pub(crate) mod scheduler;
pub(crate) mod union;
