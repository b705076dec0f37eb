//! What is published although the gate on content would hold it.

use clap::Args;

use crate::config::{Allow, Config};

/// What is published although the gate on content would hold it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Run")]
pub(in crate::cli) struct AllowFlags {
    /// Publish work although its content looks wrong: a kind of finding (damage, careless, or one of their kinds, such
    /// as shrunk), a path, or a glob of paths; may be given several times
    #[arg(long, value_name = "NAME")]
    allow: Vec<Allow>,
}

impl AllowFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        let allow = &mut config.run.allow;
        for given in &self.allow {
            if !allow.contains(given) {
                allow.push(given.clone());
            }
        }
    }
}
