//! `batch publish`: opens pull requests for what the units of an ended run have committed. No agent runs again.

use clap::Args;

use super::drive::drive;
use super::flags::PublishingFlags;
use super::job::{Otherwise, as_it_was, prepare_as_planned};
use super::workspace::KnownRun;
use super::{Global, launch, say};

use crate::config::{ForgeChoice, PushChoice, RunConfig};
use crate::run::{Goal, Start};

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    #[command(flatten)]
    publishing: PublishingFlags,
}

pub(super) fn run(global: &Global, args: &PublishArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, args.run.as_deref())?;
    let mut workspace = as_it_was(global, &known)?;
    let publish = &mut workspace.config.publish;
    // That it stayed here was for the time of the run.
    publish.forge = publish.forge.filter(|it| *it != ForgeChoice::Local);
    publish.push = publish.push.filter(|it| *it != PushChoice::Never);
    args.publishing.apply(publish);
    let mut kept = workspace.config.clone();
    // No agent is started that could be too dear or too late.
    workspace.config.run = RunConfig {
        jobs: Some(known.state.header.jobs),
        min_success: kept.run.min_success,
        ..RunConfig::default()
    };
    let mut job = prepare_as_planned(&workspace, &known, Goal::PullRequests)?;
    if let Some(note) = job.stacking() {
        say(&format!("note: {note}"));
    }
    launch::settle(&mut job)?;
    kept.publish.fork = job.fork().cloned();
    let beginning = Start::Republished(Box::new(kept));
    drive(job, beginning, global, &known.places, &Otherwise::default())
}
