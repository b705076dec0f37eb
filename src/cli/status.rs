//! `batch status`: how a run stands, also from a second terminal while it is going.

use clap::Args;

use super::workspace::KnownRun;
use super::{Global, drive, follow, print, stdout_width};
use crate::progress::Form;
use crate::{report, run};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Go on showing what happens until the run ends; with --json one line for each event
    #[arg(short, long)]
    watch: bool,
}

pub(super) fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    if args.watch {
        let known = KnownRun::open(global, args.run.as_deref())?;
        if global.json {
            follow::watch(&known, Form::Json)?;
        } else {
            follow::watch(&known, Form::for_onlookers())?;
            print("\n")?;
            show(global, Some(known.state.id.as_str()))?;
        }
        return Ok(0);
    }
    show(global, args.run.as_deref())?;
    Ok(0)
}

/// Prints the run as it stands, as text or as JSON.
pub(super) fn show(global: &Global, wanted: Option<&str>) -> anyhow::Result<()> {
    let known = KnownRun::open(global, wanted)?;
    if global.json {
        return print(&drive::json(&known.state, known.liveness)?);
    }
    print(&report::terminal(
        &known.state,
        known.liveness,
        stdout_width(),
        run::now(),
    ))
}
