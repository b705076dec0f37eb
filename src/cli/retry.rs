//! `batch retry`: does units of an ended run again, in the same run.

use clap::Args;

use super::drive::drive;
use super::flags::{AgentFlags, ResumeFlags, chosen};
use super::global::Global;
use super::prepare::prepare_for;
use super::workspace::{folder, known_run};
use crate::config::{AgentOptions, Config};
use crate::plan::UnitId;
use crate::run::{self, Amendment, KnownRun, Start};

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The ids of the units, or parts of their ids
    #[arg(value_name = "UNIT")]
    units: Vec<String>,
    /// All failed units, and the units that were skipped because the first ones failed alike
    #[arg(long, conflicts_with = "units")]
    failed: bool,
    /// All units like this one: those that failed for the same cause, or that wrote the same helper
    #[arg(long, value_name = "UNIT", conflicts_with_all = ["units", "failed"])]
    like: Option<String>,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// More words for the agent, after the run's instruction
    #[arg(long, value_name = "WORDS")]
    instruction: Option<String>,
    #[command(flatten)]
    flags: ResumeFlags,
    #[command(flatten)]
    agent: AgentFlags,
}

pub(super) fn run(global: &Global, args: &RetryArgs) -> anyhow::Result<u8> {
    if args.units.is_empty() && !args.failed && args.like.is_none() {
        anyhow::bail!("name the units to do again, or give --failed or --like UNIT");
    }
    let known = known_run(global, args.run.as_deref())?;
    let amendment = amendment(global, args, &known.settings()?)?;
    let job = prepare_for(global, &known, &args.flags, amendment.agent.as_ref())?;
    let units = chosen_units(&known, args)?;
    let start = Start::Retried(units, Box::new(amendment));
    drive(job, start, global, &known.places, &args.flags)
}

fn chosen_units(known: &KnownRun, args: &RetryArgs) -> anyhow::Result<Vec<UnitId>> {
    if args.failed {
        return Ok(run::failed(&known.state)?);
    }
    let Some(like) = &args.like else {
        return Ok(known.units(&args.units)?);
    };
    let one = known.units(std::slice::from_ref(like))?;
    let units = one.first().map(|unit| run::like(&known.state, unit));
    Ok(units.transpose()?.unwrap_or_default())
}

/// Returns the changes that the flags ask for.
fn amendment(global: &Global, args: &RetryArgs, config: &Config) -> anyhow::Result<Amendment> {
    let dir = folder(global)?;
    let agent = Some(chosen(args.agent.given(&dir, config)?)?).filter(AgentOptions::is_given);
    Ok(Amendment {
        instruction: args
            .instruction
            .as_ref()
            .map(|words| words.trim().to_owned())
            .filter(|words| !words.is_empty()),
        dir: agent
            .is_some()
            .then(|| dir.to_str().map(ToOwned::to_owned))
            .flatten(),
        agent,
        agent_timeout: args.agent.agent_timeout,
        idle_timeout: args.agent.idle_timeout,
        attempts: args.agent.attempts,
        caps: args.agent.caps(),
    })
}
