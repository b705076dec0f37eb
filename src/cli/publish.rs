//! `batch publish`: opens pull requests for the commits of an ended run, or at once for what is ready in a run that
//! goes on. No agent runs again.

use clap::Args;

use super::approval;
use super::drive::drive;
use super::flags::{PublishingFlags, ResumeFlags};
use super::global::Global;
use super::launch::settle_fork;
use super::output::say;
use super::request::{ask, tell, who};
use super::workspace::{folder, known_run, secure_journal};
use crate::config::PublishWhen;
use crate::run::{self, Goal, KnownRun, Liveness, Request, Start};

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    #[command(flatten)]
    publishing: PublishingFlags,
}

pub(super) fn run(global: &Global, args: &PublishArgs) -> anyhow::Result<u8> {
    let known = known_run(global, args.run.as_deref())?;
    if known.liveness == Liveness::Going && known.state.header.goal == Goal::PullRequests {
        return publish_ready(global, &known, args);
    }
    known.check_idle()?;
    approval::require_run(global, &known)?;
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

/// Lets a run that goes on publish each unit as soon as it is ready.
fn publish_ready(global: &Global, known: &KnownRun, args: &PublishArgs) -> anyhow::Result<u8> {
    let id = &known.state.id;
    let settings = known.publish_settings()?.publish;
    let mut asked = settings.clone();
    args.publishing.apply(&mut asked);
    if asked != settings {
        anyhow::bail!(
            "run {id} is going on with its own options for pull requests: batch publish takes others when it has ended"
        );
    }
    let is_ready =
        |known: &KnownRun| (known.state.header.publish == PublishWhen::AsReady).then_some(());
    let done = ask(global, known, &Request::Publish { by: who() }, is_ready)?;
    let said = match done {
        Some(()) => format!("run {id} publishes each unit as soon as it is ready"),
        None => format!("run {id} has ended in the meantime: batch publish {id}"),
    };
    tell(global, known, None, &said)
}
