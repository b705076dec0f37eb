//! `batch status`: how a run stands, also from a second terminal while it is going.

use clap::Args;

use super::workspace::{KnownRun, now};
use super::{Global, launch, print, stdout_width};
use crate::report;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
}

pub(super) fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    show(global, args.run.as_deref())?;
    Ok(0)
}

/// Prints the run as it stands, as text or as JSON.
pub(super) fn show(global: &Global, wanted: Option<&str>) -> anyhow::Result<()> {
    let known = KnownRun::open(global, wanted)?;
    if global.json {
        return print(&launch::json(&known.state, known.liveness)?);
    }
    print(&report::terminal(
        &known.state,
        known.liveness,
        stdout_width(),
        now(),
    ))
}
