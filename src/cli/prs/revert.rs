//! `batch revert`: pull requests that undo the merged ones of a run.

use clap::Args;

use super::act::{Tally, earnest, track};
use super::{open, published, runtime};
use crate::cli::Global;
use crate::cli::job::settings;
use crate::cli::workspace::{KnownRun, secure_journal};
use crate::prs::{Reverting, Round};
use crate::report::Liveness;
use crate::run::{AfterwardsError, Naming};

#[derive(Debug, Args)]
pub(in crate::cli) struct RevertArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// Undo only this unit, by its id or a part of it; may be given several times [default: all that are merged]
    #[arg(long, value_name = "UNIT")]
    unit: Vec<String>,
    /// Why, for the texts of the pull requests and commits
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Open them as drafts
    #[arg(long)]
    draft: bool,
    /// Say what would be undone, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(in crate::cli) fn run(global: &Global, args: &RevertArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, args.run.as_deref())?;
    if known.liveness == Liveness::Going && !args.dry_run {
        let run = known.state.id.clone();
        return Err(AfterwardsError::Going { run }.into());
    }
    secure_journal(&known.places)?;
    let names = args.unit.iter();
    let units: Vec<_> = names
        .map(|name| published(&known, name))
        .collect::<anyhow::Result<_>>()?;
    let units = Some(units).filter(|units| !units.is_empty());
    let config = settings(&known)?;
    let naming = Naming::of(&config, &known.repo)?;
    let mut desk = open(global, known)?;
    let reverting = Reverting {
        draft: args.draft,
        why: args.message.clone(),
        publish: config.publish,
        naming,
    };
    let earnest = earnest(args.dry_run);
    let mut tally = Tally::new(global, earnest);
    Ok(runtime()?.block_on(async {
        let mut tell = |told: &_| tally.take(told);
        let mut round = Round::new(&mut desk, units.as_deref(), earnest, &mut tell);
        round.revert(&reverting).await;
        let is_followed = tally.changed_something();
        let code = tally.conclude();
        if is_followed && !track(global, &mut desk).await {
            return 1;
        }
        code
    }))
}
