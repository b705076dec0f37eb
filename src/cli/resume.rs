//! `batch resume`: goes on with a run that was killed or stopped, from where its journal stands.

use clap::Args;

use super::Global;
use super::drive::drive;
use super::job::{Otherwise, prepare_again};
use super::workspace::KnownRun;
use crate::run::{RunId, Start};

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    #[command(flatten)]
    otherwise: Otherwise,
}

impl ResumeArgs {
    /// For that run, as it was.
    pub(super) fn of(run: &RunId) -> Self {
        Self {
            run: Some(run.to_string()),
            otherwise: Otherwise::default(),
        }
    }
}

pub(super) fn run(global: &Global, args: &ResumeArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, args.run.as_deref())?;
    let job = prepare_again(global, &known, &args.otherwise)?;
    drive(job, Start::Resumed, global, &known.places, &args.otherwise)
}
