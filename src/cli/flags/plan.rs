//! How a change is divided into units.

use clap::Args;

use crate::codemod::OldUsePattern;
use crate::config::{Config, Grouping, Order, Planner, UnitRange};

/// How files become units.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plan")]
pub(in crate::cli) struct CutFlags {
    /// The number of units, or a range [default: 5..30]
    #[arg(long, value_name = "N|A..B")]
    units: Option<UnitRange>,
    /// How files are grouped: folder keeps folders whole, whatever their files import; owner puts files of different
    /// owners (by CODEOWNERS) into different units
    #[arg(
        long,
        value_enum,
        value_name = "folder|owner",
        hide_possible_values = true
    )]
    by: Option<Grouping>,
    /// With deps, a unit starts from the work of the units whose files its own files import [default: none]
    #[arg(
        long,
        value_enum,
        value_name = "none|deps",
        hide_possible_values = true
    )]
    order: Option<Order>,
    /// The commit to start from [default: the remote's default branch where known, else HEAD]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
}

impl CutFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        config.plan.units = self.units.or(config.plan.units);
        config.plan.by = self.by.or(config.plan.by);
        config.plan.order = self.order.or(config.plan.order);
        config.plan.base = self.base.clone().or(config.plan.base.take());
    }
}

/// How a change becomes units.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plan")]
pub(in crate::cli) struct PlanFlags {
    #[command(flatten)]
    cut: CutFlags,
    /// How the change is divided: graph uses the imports between files, at no cost; agent lets your agent read the base
    /// and propose the units, at the cost of that agent; auto means agent for coding agents, else graph [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "agent|graph|auto",
        hide_possible_values = true
    )]
    planner: Option<Planner>,
    #[command(flatten)]
    until: UntilFlags,
}

/// What is to be gone when the change is done.
#[derive(Debug, Args)]
pub(in crate::cli) struct UntilFlags {
    /// An ast-grep pattern for the old code: files without a match are left out of the plan, and the matches that
    /// remain are counted after the run
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    until: Option<String>,
    /// Like --until, with a regular expression
    #[arg(
        long,
        value_name = "REGEX",
        allow_hyphen_values = true,
        conflicts_with = "until"
    )]
    until_regex: Option<String>,
}

impl UntilFlags {
    /// The pattern for the old code.
    pub(in crate::cli) fn pattern(&self) -> Option<OldUsePattern> {
        let pattern = self.until.clone().map(OldUsePattern::Pattern);
        pattern.or_else(|| self.until_regex.clone().map(OldUsePattern::Regex))
    }
}

impl PlanFlags {
    /// The pattern for the old code.
    pub(in crate::cli) fn until(&self) -> Option<OldUsePattern> {
        self.until.pattern()
    }

    pub(in crate::cli) fn base(&self) -> Option<&str> {
        self.cut.base.as_deref()
    }

    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        self.cut.apply(config);
        config.plan.planner = self.planner.or(config.plan.planner);
    }
}
