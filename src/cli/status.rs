//! `batch status`: shows the state of a run, also from a second terminal while it is going.

use clap::Args;

use super::follow;
use super::global::Global;
use super::output::{print, stdout_width};
use super::workspace::known_run;
use crate::progress::Display;
use crate::{report, run};

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Keep showing events until the run ends; with --json, one line for each event
    #[arg(short, long)]
    watch: bool,
}

pub(super) fn run(global: &Global, args: &StatusArgs) -> anyhow::Result<u8> {
    if args.watch {
        let known = known_run(global, args.run.as_deref())?;
        if global.json {
            follow::watch(&known, Display::Json)?;
        } else {
            follow::watch(&known, Display::for_watchers())?;
            print("\n")?;
            show(global, Some(known.state.id.as_str()))?;
        }
        return Ok(0);
    }
    show(global, args.run.as_deref())?;
    Ok(0)
}

/// Prints the present state of the run, as text or as JSON.
pub(super) fn show(global: &Global, wanted: Option<&str>) -> anyhow::Result<()> {
    let known = known_run(global, wanted)?;
    let left = known.left_processes();
    if global.json {
        return print(&report::json(
            &known.state,
            known.liveness,
            left,
            run::now(),
        )?);
    }
    print(&report::terminal(
        &known.state,
        known.liveness,
        stdout_width(),
        run::now(),
    ))?;
    if !left.is_empty() {
        print(&format!(
            "\n! still working although no process drives the run: {}\n  batch cancel {id} ends them; batch resume \
             {id} ends them too, and goes on\n",
            report::left_processes(&left),
            id = known.state.id
        ))?;
    }
    Ok(())
}
