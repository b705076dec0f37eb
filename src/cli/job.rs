//! Runs put together: a new one, and once more one that nobody drives.

use anyhow::Context;
use clap::Args;

use super::Global;
use super::flags::CapFlags;
use super::workspace::{KnownRun, Workspace, folder, secure_journal};
use crate::config::{Config, ForgeChoice};
use crate::forge::LocalForge;
use crate::git::{Base, Repo};
use crate::plan::{self, Plan};
use crate::report::Liveness;
use crate::run::{Delivery, Goal, Job, RunId};
use crate::words;

/// What may be different when a run is taken up again.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Otherwise {
    /// How many agents work at once [default: as before]
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    caps: CapFlags,
    /// Go on after the canary without being asked, if it came to a good end
    #[arg(short, long)]
    pub(super) yes: bool,
}

impl Otherwise {
    /// With so many agents at once, and within these limits.
    pub(super) fn within(jobs: Option<usize>, caps: CapFlags) -> Self {
        Self {
            jobs,
            caps,
            yes: false,
        }
    }

    /// As the run was begun, with or without consent to what its canary will do.
    pub(super) fn consenting(yes: bool) -> Self {
        Self {
            yes,
            ..Self::default()
        }
    }
}

/// Puts a run of the plan together, or says what stands in its way.
pub(super) fn prepare(
    workspace: &Workspace,
    id: &RunId,
    plan: Plan,
    base: &Base,
    goal: Goal,
) -> anyhow::Result<Job> {
    let Workspace { repo, config, dir } = workspace;
    // The agent stands in the plan, where a person may have changed it a moment ago; retry asks the settings for it.
    let config = &Config {
        agent: plan.agent.clone(),
        ..config.clone()
    };
    let delivery = Delivery::choose(repo, config, base, goal, workspace.places().pages(id))?;
    Ok(Job::prepare(
        id.clone(),
        plan,
        repo.clone(),
        config,
        delivery,
        goal,
        dir,
    )?)
}

/// Puts a run that nobody drives together once more, with the plan and the settings it began with.
pub(super) fn prepare_again(
    global: &Global,
    known: &KnownRun,
    otherwise: &Otherwise,
) -> anyhow::Result<Job> {
    let mut workspace = as_it_was(global, known)?;
    otherwise.caps.apply(&mut workspace.config);
    workspace.config.run.jobs = otherwise.jobs.or(Some(known.state.header.jobs));
    if known.state.header.forge == LocalForge::PLACE {
        // Pages for want of a token stay pages where there is one by now; to publish them is another command.
        let publish = &mut workspace.config.publish;
        publish.forge = Some(ForgeChoice::Local);
        (publish.repo, publish.fork) = (None, None);
    }
    prepare_as_planned(&workspace, known, known.state.header.goal)
}

/// Puts a run together with the plan it began with.
pub(super) fn prepare_as_planned(
    workspace: &Workspace,
    known: &KnownRun,
    goal: Goal,
) -> anyhow::Result<Job> {
    let id = &known.state.id;
    let plan = plan::load(&workspace.repo, &plan_text(known)?)
        .with_context(|| known.places.plan(id).display().to_string())?;
    let base = base(workspace, &plan)?;
    prepare(workspace, id, plan, &base, goal)
}

/// The plan that the run began with, as it was written down.
pub(super) fn plan_text(known: &KnownRun) -> anyhow::Result<String> {
    let id = &known.state.id;
    std::fs::read_to_string(known.places.plan(id))
        .with_context(|| format!("the plan of run {id} cannot be read"))
}

/// The settings that the run began with.
pub(super) fn settings(known: &KnownRun) -> anyhow::Result<Config> {
    let id = &known.state.id;
    Config::read(&known.places.settings(id))
        .with_context(|| format!("the settings of run {id} cannot be used"))
}

/// The repository with the settings and the folder that a run began with which nobody drives.
pub(super) fn as_it_was(global: &Global, known: &KnownRun) -> anyhow::Result<Workspace> {
    let id = &known.state.id;
    if known.liveness == Liveness::Going {
        anyhow::bail!(
            "run {id} is going already, in process {} since {}: look at it with batch status, or end it with batch cancel",
            known.state.header.pid,
            words::timestamp(known.state.started_at)
        );
    }
    secure_journal(&known.places)?;
    let config = settings(known)?;
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

/// The plan's base, with the branch that its name stands for today.
pub(super) fn base(workspace: &Workspace, plan: &Plan) -> anyhow::Result<Base> {
    let Workspace { repo, config, .. } = workspace;
    let remote = repo.remote(config.publish.remote.as_deref())?;
    let branch = repo
        .base(Some(&plan.base_name), remote.as_deref())
        .or_else(|_| repo.base(None, remote.as_deref()))?
        .branch;
    Ok(Base {
        id: plan.base.clone(),
        name: plan.base_name.clone(),
        branch,
    })
}
