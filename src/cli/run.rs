//! `batch run`: runs a saved plan.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::flags::{AgentFlags, RunFlags};
use super::workspace::{Workspace, say_circumstances};
use super::{Global, launch};
use crate::git::Base;
use crate::plan;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A plan that batch plan has saved, or that you have written
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    agent: AgentFlags,
    #[command(flatten)]
    run: RunFlags,
}

pub(super) fn run(global: &Global, args: &RunArgs) -> anyhow::Result<u8> {
    let mut workspace = Workspace::open(global)?;
    let path = workspace.dir.join(&args.plan);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("the plan {} cannot be read", args.plan.display()))?;
    let mut plan =
        plan::load(&workspace.repo, &text).with_context(|| args.plan.display().to_string())?;
    // The agent of the plan stands between the flags and batch.toml.
    workspace.config.agent = plan
        .agent
        .clone()
        .or(std::mem::take(&mut workspace.config.agent));
    args.agent.apply(&mut workspace.config, &workspace.dir)?;
    args.run.apply(&mut workspace.config);
    workspace.config.agent.resolve()?;
    plan.agent = workspace.config.agent.clone();
    let base = base(&workspace, &plan)?;
    say_circumstances(&workspace.repo)?;
    launch::launch(global, &workspace, &plan, &base, &args.run)
}

/// The plan's base, with the branch that its name stands for today.
pub(super) fn base(workspace: &Workspace, plan: &plan::Plan) -> anyhow::Result<Base> {
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
