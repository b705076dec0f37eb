//! `batch prs fix`: pull requests that are not accepted go back to their units' agents.

use clap::Args;

use super::act::{Chosen, Tally, earnest};
use super::{meant, open, runtime};
use crate::cli::Global;
use crate::cli::drive::{INTERRUPTED, drive};
use crate::cli::flags::CapFlags;
use crate::cli::job::{Otherwise, prepare_again};
use crate::cli::print;
use crate::cli::workspace::KnownRun;
use crate::prs::{Earnest, Outcome, Round, Told};
use crate::report::Liveness;
use crate::run::{FollowUp, FollowUpResult, Outcome as Ended, RetryError, Start};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct FixArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How often each pull request may go back, over all calls
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    caps: CapFlags,
}

pub(super) fn run(global: &Global, run: Option<&str>, args: &FixArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, run)?;
    let units = match args.chosen.names()? {
        Some(names) => Some(meant(&known, names)?),
        None => None,
    };
    if known.liveness == Liveness::Died {
        let id = known.state.id.clone();
        return Err(RetryError::NotEnded { id }.into());
    }
    let otherwise = Otherwise::within(args.jobs, args.caps.clone());
    let job = prepare_again(global, &known, &otherwise)?;
    let (places, id) = (known.places.clone(), known.state.id.clone());
    let earnest = earnest(args.chosen.dry_run);
    let mut tally = Tally::new(global, earnest);
    let mut desk = open(global, known)?;
    let mendings = runtime()?.block_on(async {
        let mut tell = |told: &Told| tally.take(told);
        let mut round = Round::new(&mut desk, units.as_deref(), earnest, &mut tell);
        let outside = |unit: &_, from: &str, to: &str| job.outside(unit, from, to);
        round.to_mend(args.rounds, &outside).await
    });
    drop(desk);
    if earnest == Earnest::Rehearsed {
        for mending in &mendings {
            let said = format!("would go back to its agent: {}", mending.reason);
            tally.take(&told(mending, Outcome::Rehearsed, said));
            if !global.json {
                print(&format!("{}\n", words::block(&mending.text)))?;
            }
        }
        return Ok(tally.conclude());
    }
    if mendings.is_empty() {
        return Ok(tally.conclude());
    }
    let beginning = Start::FollowUps(mendings.clone());
    // Its exit code is that of the whole run, which was published before.
    let code = drive(job, beginning, global, &places, &otherwise)?;
    let known = KnownRun::open(global, Some(id.as_str()))?;
    for mending in &mendings {
        let unit = known.state.unit(&mending.unit);
        let round = unit.and_then(|unit| unit.publication.follow_ups.last());
        let (outcome, said) = match round.filter(|round| round.follow_up == *mending) {
            Some(round) => came_of(round),
            None => (Outcome::Failed, "has not come to an end".to_owned()),
        };
        tally.take(&told(mending, outcome, said));
    }
    let concluded = tally.conclude();
    Ok(if code == INTERRUPTED { code } else { concluded })
}

fn told(mending: &FollowUp, outcome: Outcome, said: String) -> Told {
    Told {
        unit: mending.unit.clone(),
        number: mending.pull_request,
        outcome,
        said,
    }
}

/// What came of a round, in words that follow the number.
fn came_of(round: &FollowUpResult) -> (Outcome, String) {
    match (&round.outcome, &round.commit) {
        (Ended::Published, Some(commit)) => {
            let short = commit.get(..10).unwrap_or(commit);
            (Outcome::Done, format!("mended with {short}"))
        }
        (Ended::NoChange { reason }, _) => (
            Outcome::Left,
            format!("was left as it is by its agent: {reason}"),
        ),
        (Ended::Failed { step, reason, .. }, _) => (
            Outcome::Failed,
            format!("failed at {}: {reason}", step.words()),
        ),
        (outcome, _) => (
            Outcome::Failed,
            format!("was not mended: {}", outcome.words()),
        ),
    }
}
