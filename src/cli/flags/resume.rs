//! The settings that may change when a run continues.

use clap::Args;

use super::allow::AllowFlags;
use super::caps::CapFlags;
use super::sandbox::SandboxFlags;
use crate::config::Config;

/// The treatment of a canary that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    /// The canary is accepted without a question.
    Given,
    Ask,
}

#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct ResumeFlags {
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    /// Start as many agents as -j says, also while the machine is overloaded
    #[arg(long)]
    no_governor: bool,
    #[command(flatten)]
    caps: CapFlags,
    #[command(flatten)]
    allow: AllowFlags,
    #[command(flatten)]
    sandbox: SandboxFlags,
    /// Accept a canary that succeeded, without a question
    #[arg(short, long)]
    yes: bool,
}

impl ResumeFlags {
    /// Returns the flags for this many agents at once, these limits, and what is allowed.
    pub(in crate::cli) fn within(jobs: Option<usize>, caps: CapFlags, allow: AllowFlags) -> Self {
        Self {
            jobs,
            caps,
            allow,
            ..Self::default()
        }
    }

    /// Returns flags that change no limit, with this consent.
    pub(in crate::cli) fn consenting(consent: Consent) -> Self {
        Self {
            yes: consent == Consent::Given,
            ..Self::default()
        }
    }

    pub(in crate::cli) fn apply(&self, settings: &mut Config) {
        self.allow.apply(settings);
        self.caps.apply(settings);
        self.sandbox.apply(settings);
        settings.run.jobs = self.jobs.or(settings.run.jobs);
        if self.no_governor {
            settings.run.governor = Some(false);
        }
    }

    pub(in crate::cli) fn consent(&self) -> Consent {
        if self.yes {
            Consent::Given
        } else {
            Consent::Ask
        }
    }
}
