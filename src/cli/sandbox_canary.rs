//! The canary that is started in a sandbox to find out what holds there. No person calls this command.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::output::print;
use crate::process::sandbox::canary;

#[derive(Debug, Args)]
pub(super) struct CanaryArgs {
    /// The folder with what the canary tries
    folder: PathBuf,
    /// A process outside
    runner: i32,
    /// The name of an abstract socket outside
    socket: String,
}

pub(super) fn run(args: &CanaryArgs) -> anyhow::Result<u8> {
    let attempts = canary::attempt(&args.folder, args.runner, &args.socket);
    let text = serde_json::to_string(&attempts).context("the attempts cannot be told")?;
    print(&text)?;
    Ok(0)
}
