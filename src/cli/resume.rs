//! `batch resume`: goes on with a run that was killed or stopped, from where its journal stands.

use anyhow::Context;
use clap::Args;

use super::flags::CapFlags;
use super::workspace::{KnownRun, Workspace, folder, secure_journal};
use super::{Global, launch, run};
use crate::config::Config;
use crate::git::Repo;
use crate::plan;
use crate::report::Liveness;
use crate::run::{Beginning, Job, RunId};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// A run's id, or a part of it [default: the latest run]
    run: Option<String>,
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    caps: CapFlags,
}

impl ResumeArgs {
    /// For that run, as it was.
    pub(super) fn of(run: &RunId) -> Self {
        Self {
            run: Some(run.to_string()),
            jobs: None,
            caps: CapFlags::default(),
        }
    }
}

pub(super) fn run(global: &Global, args: &ResumeArgs) -> anyhow::Result<u8> {
    let known = KnownRun::open(global, args.run.as_deref())?;
    let job = prepare_again(global, &known, args.jobs, &args.caps)?;
    launch::drive(job, Beginning::Resumed, global, &known.places)
}

/// Puts a run that nobody drives together once more, with the plan and the settings it began with.
pub(super) fn prepare_again(
    global: &Global,
    known: &KnownRun,
    jobs: Option<usize>,
    caps: &CapFlags,
) -> anyhow::Result<Job> {
    let id = &known.state.id;
    if known.liveness == Liveness::Going {
        anyhow::bail!(
            "run {id} is going already, in process {} since {}: look at it with batch status, or end it with batch cancel",
            known.state.header.pid,
            words::timestamp(known.state.started_at)
        );
    }
    secure_journal(&known.places)?;
    let workspace = as_it_was(global, known, jobs, caps)?;
    let plan_path = known.places.plan(id);
    let text = std::fs::read_to_string(&plan_path)
        .with_context(|| format!("the plan of run {id} cannot be read"))?;
    let plan =
        plan::load(&workspace.repo, &text).with_context(|| plan_path.display().to_string())?;
    let base = run::base(&workspace, &plan)?;
    let goal = known.state.header.goal;
    launch::prepare(&workspace, id, plan, &base, goal)
}

/// The settings that the run began with.
pub(super) fn settings(known: &KnownRun) -> anyhow::Result<Config> {
    let id = &known.state.id;
    Config::read(&known.places.settings(id))
        .with_context(|| format!("the settings of run {id} cannot be used"))
}

/// The repository with the settings and the folder that the run began with.
fn as_it_was(
    global: &Global,
    known: &KnownRun,
    jobs: Option<usize>,
    caps: &CapFlags,
) -> anyhow::Result<Workspace> {
    let mut config = settings(known)?;
    caps.apply(&mut config);
    config.run.jobs = jobs.or(Some(known.state.header.jobs));
    let here = folder(global)?;
    let dir = known
        .state
        .header
        .dir
        .as_ref()
        .map_or(here.clone(), Into::into);
    Ok(Workspace {
        repo: Repo::discover(&here)?,
        config,
        dir,
    })
}
