//! `batch publish`: opens pull requests for the commits of an ended run. No agent runs again.

use clap::Args;

use super::drive::drive;
use super::flags::{PublishingFlags, ResumeFlags};
use super::global::Global;
use super::launch::settle_fork;
use super::output::say;
use super::workspace::{folder, known_run, secure_journal};
use crate::run::{self, Start};

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    #[command(flatten)]
    publishing: PublishingFlags,
}

pub(super) fn run(global: &Global, args: &PublishArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    known.check_idle()?;
    secure_journal(&known.places)?;
    let mut settings = known.publish_settings()?;
    args.publishing.apply(&mut settings.publish);
    let mut job = run::prepare_publish(&known, &settings, &folder(global)?)?;
    if let Some(note) = job.stacking() {
        say(&format!("note: {note}"));
    }
    settle_fork(&mut job)?;
    settings.publish.fork = job.fork().cloned();
    let start = Start::Republished(Box::new(settings));
    let flags = ResumeFlags::default();
    drive(job, start, global, &known.places, &flags)
}
