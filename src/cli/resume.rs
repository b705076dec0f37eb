//! `batch resume`: continues a run that was killed or stopped, from the state in its journal.

use clap::Args;

use super::drive::drive;
use super::flags::ResumeFlags;
use super::global::Global;
use super::prepare::prepare_again;
use super::workspace::known_run;
use crate::run::{RunId, Start};

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    #[command(flatten)]
    flags: ResumeFlags,
}

impl ResumeArgs {
    /// Resumes that run without changes.
    pub(super) fn of(run: &RunId) -> Self {
        Self {
            run: Some(run.to_string()),
            flags: ResumeFlags::default(),
        }
    }
}

pub(super) fn run(global: &Global, args: &ResumeArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    let job = prepare_again(global, &known, &args.flags)?;
    drive(job, Start::Resumed, global, &known.places, &args.flags)
}
