//! `batch prs fix`: sends pull requests that are not accepted back to their units' agents.

use clap::Args;

use super::chosen::Chosen;
use super::session::open;
use super::summary::ActionSummary;
use crate::cli::drive::drive;
use crate::cli::exit_code::INTERRUPTED;
use crate::cli::flags::{AllowFlags, CapFlags, ResumeFlags};
use crate::cli::global::Global;
use crate::cli::output::print;
use crate::cli::prepare::prepare_again;
use crate::cli::signals::runtime;
use crate::cli::workspace::known_run;
use crate::git::CommitId;
use crate::plan::UnitId;
use crate::prs::{ActionReport, ActionResult, Mode, Selection, targets};
use crate::run::{FollowUp, FollowUpResult, Liveness, Outcome, RetryError, Start};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct FixArgs {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// How often each pull request may go back to its agent, over all calls
    #[arg(long, value_name = "N", default_value_t = 2)]
    rounds: usize,
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    caps: CapFlags,
    #[command(flatten)]
    allow: AllowFlags,
}

pub(super) fn run(global: &Global, run: Option<&str>, args: &FixArgs) -> anyhow::Result<u8> {
    let known = known_run(global, run)?;
    let units = match args.chosen.names()? {
        Some(names) => Some(targets(&known, names)?),
        None => None,
    };
    if known.liveness == Liveness::Died {
        let id = known.state.id.clone();
        return Err(RetryError::NotEnded { id }.into());
    }
    let flags = ResumeFlags::within(args.jobs, args.caps.clone(), args.allow.clone());
    let job = prepare_again(global, &known, &flags)?;
    let (places, id) = (known.places.clone(), known.state.id.clone());
    let mode = args.chosen.mode();
    let mut summary = ActionSummary::new(global, mode);
    let state = known.state.clone();
    let mut session = open(global, known)?;
    let follow_ups = runtime()?.block_on(async {
        let mut report = |report: &ActionReport| summary.take(report);
        let mut selection = Selection::new(&mut session, units.as_deref(), mode, &mut report);
        let outside =
            |unit: &UnitId, from: &CommitId, to: &CommitId| job.outside(&state, unit, from, to);
        selection.follow_ups_due(args.rounds, &outside).await
    });
    drop(session);
    if mode == Mode::DryRun {
        for follow_up in &follow_ups {
            let message = format!("would go back to its agent: {}", follow_up.reason);
            summary.take(&report(follow_up, ActionResult::WouldBeDone, message));
            if !global.json {
                print(&format!("{}\n", words::block(&follow_up.text)))?;
            }
        }
        return Ok(summary.conclude());
    }
    if follow_ups.is_empty() {
        return Ok(summary.conclude());
    }
    let start = Start::FollowUps(follow_ups.clone());
    // This exit code is about the whole run, which was published before.
    let code = drive(job, start, global, &places, &flags)?;
    let known = known_run(global, Some(id.as_str()))?;
    for follow_up in &follow_ups {
        let unit = known.state.unit(&follow_up.unit);
        let last = unit.and_then(|unit| unit.publication.follow_ups.last());
        let (result, message) = match last.filter(|last| last.follow_up == *follow_up) {
            Some(last) => words_of(last),
            None => (ActionResult::Failed, "has not ended".to_owned()),
        };
        summary.take(&report(follow_up, result, message));
    }
    let concluded = summary.conclude();
    Ok(if code == INTERRUPTED { code } else { concluded })
}

fn report(follow_up: &FollowUp, result: ActionResult, message: String) -> ActionReport {
    ActionReport {
        unit: follow_up.unit.clone(),
        number: follow_up.pull_request,
        result,
        message,
    }
}

/// Returns how a follow-up ended, in words that follow the pull request's number.
fn words_of(follow_up: &FollowUpResult) -> (ActionResult, String) {
    match (&follow_up.outcome, &follow_up.commit) {
        (Outcome::Published, Some(commit)) => {
            let short = commit.short();
            (ActionResult::Done, format!("fixed with {short}"))
        }
        (Outcome::NoChange { reason }, _) => (
            ActionResult::Unchanged,
            format!("was left unchanged by its agent: {reason}"),
        ),
        (Outcome::Failed { step, reason, .. }, _) => (
            ActionResult::Failed,
            format!("failed at {}: {reason}", step.words()),
        ),
        (outcome, _) => (
            ActionResult::Failed,
            format!("was not fixed: {}", outcome.words()),
        ),
    }
}
