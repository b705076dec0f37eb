//! `batch export`: every event of a run, in the lines that `--json` prints while it runs.

use clap::Args;

use super::workspace::{folder, read_journal};
use super::{Global, print};
use crate::git::Repo;
use crate::progress;
use crate::run::{self, Places};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
}

pub(super) fn run(global: &Global, args: &ExportArgs) -> anyhow::Result<u8> {
    let repo = Repo::discover(&folder(global)?)?;
    let places = Places::new(repo.state_dir());
    let (id, events) = read_journal(&places, |journal| {
        let id = run::find(journal, args.run.as_deref())?;
        let events = run::events(journal, &id)?;
        Ok((id, events))
    })?;
    for event in &events {
        print(&format!("{}\n", progress::json_line(&id, event)))?;
    }
    Ok(0)
}
