//! Which settings may change when a run goes on.

use clap::Args;

use super::caps::CapFlags;
use crate::config::Config;

/// What happens to a canary that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    /// It is accepted without a question.
    Given,
    Ask,
}

#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct ResumeFlags {
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    caps: CapFlags,
    /// Accept a canary that succeeded, without a question
    #[arg(short, long)]
    yes: bool,
}

impl ResumeFlags {
    /// With this many agents at once, and within these limits.
    pub(in crate::cli) fn within(jobs: Option<usize>, caps: CapFlags) -> Self {
        Self {
            jobs,
            caps,
            yes: false,
        }
    }

    /// Without changes.
    pub(in crate::cli) fn consenting(consent: Consent) -> Self {
        Self {
            yes: consent == Consent::Given,
            ..Self::default()
        }
    }

    pub(in crate::cli) fn apply(&self, settings: &mut Config) {
        self.caps.apply(settings);
        settings.run.jobs = self.jobs.or(settings.run.jobs);
    }

    pub(in crate::cli) fn consent(&self) -> Consent {
        if self.yes {
            Consent::Given
        } else {
            Consent::Ask
        }
    }
}
