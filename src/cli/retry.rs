//! `batch retry`: does units of an ended run anew, in the same run.

use clap::Args;

use super::Global;
use super::drive::drive;
use super::flags::{AgentFlags, chosen};
use super::job::{Otherwise, prepare_again, settings};
use super::workspace::{KnownRun, folder};
use crate::config::{AgentOptions, Config};
use crate::run::{self, Amendment, Start};

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    /// The ids of units, or parts of them
    #[arg(value_name = "UNIT")]
    units: Vec<String>,
    /// All units that have failed
    #[arg(long, conflicts_with = "units")]
    failed: bool,
    /// A run's id, or a part of it [default: the latest run]
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// What the agent is told beyond the run's instruction
    #[arg(long, value_name = "WORDS")]
    instruction: Option<String>,
    #[command(flatten)]
    otherwise: Otherwise,
    #[command(flatten)]
    agent: AgentFlags,
}

pub(super) fn run(global: &Global, args: &RetryArgs) -> anyhow::Result<u8> {
    if args.units.is_empty() && !args.failed {
        anyhow::bail!("say what to do anew: name units, or give --failed for all that have failed");
    }
    let known = KnownRun::open(global, args.run.as_deref())?;
    let job = prepare_again(global, &known, &args.otherwise)?;
    let mut units = Vec::new();
    for wanted in &args.units {
        let unit = &known.unit(wanted)?.header.id;
        if !units.contains(unit) {
            units.push(unit.clone());
        }
    }
    if args.failed {
        units = run::failed(&known.state)?;
    }
    let amendment = amendment(global, args, &settings(&known)?)?;
    let beginning = Start::Retried(units, Box::new(amendment));
    drive(job, beginning, global, &known.places, &args.otherwise)
}

/// What is to be different this time.
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
