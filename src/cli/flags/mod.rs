//! The flags that several commands share. A flag wins over batch.toml.

mod agent;
mod allow;
mod caps;
mod escapes;
mod plan;
mod publishing;
mod resume;
mod run;
mod sandbox;

pub(super) use agent::{AgentFlags, SharesFlag, choose_if_none, chosen};
pub(super) use allow::AllowFlags;
pub(super) use caps::CapFlags;
pub(super) use plan::{CutFlags, PlanFlags, UntilFlags};
pub(super) use publishing::PublishingFlags;
pub(super) use resume::{Consent, ResumeFlags};
pub(super) use run::RunFlags;
pub(super) use sandbox::SandboxFlags;
