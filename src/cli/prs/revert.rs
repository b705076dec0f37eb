//! `batch revert`: opens pull requests that undo the merged ones of a run.

use clap::Args;

use super::chosen::mode;
use super::session::open;
use super::summary::ActionSummary;
use super::track::track;
use crate::cli::global::Global;
use crate::cli::signals::runtime;
use crate::cli::workspace::{known_run, secure_journal};
use crate::prs::{RevertOptions, Selection, published_unit};
use crate::run::{AfterwardsError, Liveness, Naming};

#[derive(Debug, Args)]
pub(in crate::cli) struct RevertArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Undo only this unit, by its id or a part of it; may be given several times [default: all that are merged]
    #[arg(long, value_name = "UNIT")]
    unit: Vec<String>,
    /// The reason, for the texts of the pull requests and commits
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Open them as drafts
    #[arg(long)]
    draft: bool,
    /// Print what would be undone, without doing it
    #[arg(long)]
    dry_run: bool,
}

pub(in crate::cli) fn run(global: &Global, args: &RevertArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    if known.liveness == Liveness::Going && !args.dry_run {
        let run = known.state.id.clone();
        return Err(AfterwardsError::Going { run }.into());
    }
    secure_journal(&known.places)?;
    let names = args.unit.iter();
    let units: Vec<_> = names
        .map(|name| published_unit(&known, name))
        .collect::<Result<_, _>>()?;
    let units = Some(units).filter(|units| !units.is_empty());
    let config = known.settings()?;
    let naming = Naming::of(&config, &known.repo)?;
    let mut session = open(global, known)?;
    let options = RevertOptions {
        draft: args.draft,
        why: args.message.clone(),
        publish: config.publish,
        naming,
    };
    let mode = mode(args.dry_run);
    let mut summary = ActionSummary::new(global, mode);
    Ok(runtime()?.block_on(async {
        let mut report = |report: &_| summary.take(report);
        let mut selection = Selection::new(&mut session, units.as_deref(), mode, &mut report);
        selection.revert(&options).await;
        let is_followed = summary.changed_something();
        let code = summary.conclude();
        if is_followed && !track(global, &mut session).await {
            return 1;
        }
        code
    }))
}
