//! What is published although the gate on content would hold it.

use clap::Args;

use crate::config::{Allow, Config, FindingGroup};

/// What is published although the gate on content would hold it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(in crate::cli) struct AllowFlags {
    /// Publish work although its content looks wrong: a kind of finding (damage, careless, or one of their kinds, such
    /// as shrunk), a path, or a glob of paths; may be given several times
    #[arg(long, value_name = "NAME")]
    allow: Vec<Allow>,
    /// Publish units although fewer tests run than before, more are skipped, or what a check depends on is changed; the
    /// same as --allow tests
    #[arg(long)]
    tests_may_shrink: bool,
}

impl AllowFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        let allow = &mut config.run.allow;
        let tests = self
            .tests_may_shrink
            .then_some(Allow::Group(FindingGroup::Tests));
        for given in self.allow.iter().chain(&tests) {
            if !allow.contains(given) {
                allow.push(given.clone());
            }
        }
    }
}
