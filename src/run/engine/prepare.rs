//! Puts jobs together: of a new run, and of an earlier run that goes on with the plan it started with.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::git::{Base, GitError, Repo};
use crate::plan::{self, Plan, PlanError};
use crate::run::delivery::Delivery;
use crate::run::delivery::error::DeliveryError;
use crate::run::engine::known_run::KnownRun;
use crate::run::engine::saved_run::SavedRunError;
use crate::run::job::error::PrepareError;
use crate::run::job::job::Job;
use crate::run::log::run_fact::Goal;
use crate::run::log::run_id::RunId;
use crate::run::workspace::places::Places;

/// Why a run cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Saved(#[from] SavedRunError),
    #[error("{}: {source}", path.display())]
    Plan { path: PathBuf, source: PlanError },
}

/// Puts a run of the plan together, or says why that is impossible. Relative agent programs start from `dir`.
pub fn prepare(
    repo: &Repo,
    config: &Config,
    dir: &Path,
    id: &RunId,
    plan: Plan,
    base: &Base,
    goal: Goal,
) -> Result<Job, JobError> {
    // The plan names the agent, and a person may just have edited it; retry reads the agent from the settings.
    let config = &Config {
        agent: plan.agent.clone(),
        ..config.clone()
    };
    let pages = Places::new(repo.state_dir()).pages(id);
    let delivery = Delivery::choose(repo, config, base, goal, pages)?;
    let (id, repo) = (id.clone(), repo.clone());
    Ok(Job::prepare(id, plan, repo, config, delivery, goal, dir)?)
}

/// Puts a run together again that no process drives, with these settings. `here` is the folder of the user.
pub fn prepare_resume(known: &KnownRun, settings: &Config, here: &Path) -> Result<Job, JobError> {
    prepare_as_planned(known, settings, here, known.state.header.goal)
}

/// Puts the publishing of an ended run's commits together, with these settings. `here` is the folder of the user.
pub fn prepare_publish(known: &KnownRun, settings: &Config, here: &Path) -> Result<Job, JobError> {
    let settings = known.without_limits(settings);
    prepare_as_planned(known, &settings, here, Goal::PullRequests)
}

fn prepare_as_planned(
    known: &KnownRun,
    config: &Config,
    here: &Path,
    goal: Goal,
) -> Result<Job, JobError> {
    let (repo, id) = (&known.repo, &known.state.id);
    let plan = plan::load(repo, &known.plan_text()?).map_err(|source| JobError::Plan {
        path: known.places.plan(id),
        source,
    })?;
    let base = base_of_plan(repo, config, &plan)?;
    let dir = &known.agent_dir(here);
    prepare(repo, config, dir, id, plan, &base, goal)
}

/// The plan's base, with the branch that its name stands for today.
pub fn base_of_plan(repo: &Repo, config: &Config, plan: &Plan) -> Result<Base, GitError> {
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
