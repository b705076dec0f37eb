//! What keeps workers from everything that is not their own.

use std::path::PathBuf;

use clap::Args;

use crate::config::{CheckNetwork, Config, SandboxChoice};

/// What keeps agents, checks and setup commands from everything that is not their own.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sandbox")]
pub(in crate::cli) struct SandboxFlags {
    /// What keeps agents, checks and setup commands from everything that is not their own [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        env = "BATCH_SANDBOX",
        hide_env_values = true
    )]
    sandbox: Option<SandboxChoice>,
    /// Let agents, checks and setup commands connect to this socket of another program, such as /run/docker.sock; may
    /// be given several times
    #[arg(long, value_name = "PATH")]
    allow_socket: Vec<PathBuf>,
    /// Which network checks reach [default: on]
    #[arg(long, value_enum, value_name = "NETWORK")]
    check_network: Option<CheckNetwork>,
}

impl SandboxFlags {
    pub(in crate::cli) fn apply(&self, config: &mut Config) {
        let sandbox = &mut config.sandbox;
        sandbox.kind = self.sandbox.or(sandbox.kind);
        sandbox.check_network = self.check_network.or(sandbox.check_network);
        sandbox.sockets.extend(self.allow_socket.iter().cloned());
    }
}
