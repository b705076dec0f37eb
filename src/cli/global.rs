//! The options that every command understands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Default, Args)]
pub(super) struct Global {
    /// Work in this folder instead of the current one
    #[arg(
        short = 'C',
        value_name = "DIR",
        global = true,
        help_heading = "Everywhere"
    )]
    pub(super) dir: Option<PathBuf>,
    /// Read this file instead of the checkout's batch.toml
    #[arg(
        long,
        value_name = "FILE",
        env = "BATCH_CONFIG",
        hide_env_values = true,
        global = true,
        help_heading = "Everywhere"
    )]
    pub(super) config: Option<PathBuf>,
    /// Approve what the repository would decide, or what coding agents would obey there: the hash that a refusal or a
    /// note names
    #[arg(long, value_name = "HASH", global = true, help_heading = "Everywhere")]
    pub(super) approve: Vec<String>,
    /// Print data as JSON on standard output (migrate and run: one line for each event)
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(super) json: bool,
    /// When to use colours
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        global = true,
        help_heading = "Everywhere"
    )]
    pub(super) color: Color,
    /// Print more messages; twice for even more
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Everywhere")]
    pub(super) verbose: u8,
}

impl Global {
    /// Checks whether the user has typed this hash.
    pub(super) fn approves(&self, hash: &str) -> bool {
        self.approve.iter().any(|it| it == hash)
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless the variable `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}
