//! `batch run`: runs a saved plan.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use console::Term;

use super::agent_settings;
use super::approval::{self, Part};
use super::exit_code::NOT_APPROVED;
use super::flags::{AgentFlags, RunFlags, SharesFlag};
use super::global::Global;
use super::launch;
use super::output::{can_ask, say};
use super::resume::{self, ResumeArgs};
use super::review::{Unfinished, ask_unfinished};
use super::workspace::{Workspace, check_base, say_circumstances, secure_journal};
use crate::config::AgentOptions;
use crate::git::Repo;
use crate::plan::{self, Plan};
use crate::run::{self, AgentSource, RunState};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A plan file, saved by batch plan or written by hand
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    agent: AgentFlags,
    #[command(flatten)]
    agents: SharesFlag,
    #[command(flatten)]
    run: RunFlags,
}

impl RunArgs {
    /// Checks whether the flags name the agents.
    fn names_agents(&self, workspace: &Workspace) -> anyhow::Result<bool> {
        let Workspace { config, dir, .. } = workspace;
        Ok(self.agent.given(dir, config)?.is_given() || self.agents.is_given())
    }
}

pub(super) fn run(global: &Global, args: &RunArgs) -> anyhow::Result<u8> {
    let mut workspace = Workspace::open_for_run(global)?;
    let path = workspace.dir.join(&args.plan);
    let text = std::fs::read(&path)
        .with_context(|| format!("the plan {} cannot be read", args.plan.display()))?;
    let text = plan::file::text(text).with_context(|| args.plan.display().to_string())?;
    let mut plan =
        plan::load(&workspace.repo, &text).with_context(|| args.plan.display().to_string())?;
    if !args.names_agents(&workspace)? && is_of_repository(&workspace.repo, &path) {
        let who = format!("the plan {}", args.plan.display());
        let part = Part::new(who, run::deciding_of_plan(&plan)?);
        approval::require(global, &workspace.repo, &[part])?;
    }
    choose_agents(&mut workspace, args, &mut plan)?;
    args.run.apply(&mut workspace.config);
    let places = workspace.places();
    secure_journal(&places)?;
    if let Some(state) = run::unfinished(&places, &plan)? {
        match resume_or_restart(args, &state)? {
            Unfinished::Resume => return resume::run(global, &ResumeArgs::of(&state.id)),
            Unfinished::NewRun => {}
            Unfinished::Quit => {
                say("Nothing was run.");
                return Ok(NOT_APPROVED);
            }
        }
    }
    let base = run::base_of_plan(&workspace.repo, &workspace.config, &plan)?;
    check_base(&workspace, &base, args.run.goal())?;
    let of_plan: Vec<&AgentOptions> = plan.agents.values().collect();
    agent_settings::settle(global, &mut workspace, &base.id, &of_plan)?;
    say_circumstances(&workspace.repo)?;
    launch::launch(global, &mut workspace, &plan, &base, &args.run)
}

/// Checks whether a plan may come from somebody who can write to the repository. A plan elsewhere is the user's own, as
/// the file after `--config` is.
fn is_of_repository(repo: &Repo, plan: &Path) -> bool {
    let plan = plan.canonicalize();
    [repo.root(), repo.main_checkout(), repo.common_dir()]
        .iter()
        .any(|place| plan.as_ref().map_or(true, |plan| plan.starts_with(place)))
}

/// Takes the agents from the flags, else from the plan, else from batch.toml.
fn choose_agents(workspace: &mut Workspace, args: &RunArgs, plan: &mut Plan) -> anyhow::Result<()> {
    let names_agents = args.names_agents(workspace)?;
    let Workspace { config, dir, .. } = workspace;
    let mut source = run::prefer_plan_agents(plan, config);
    if names_agents {
        source = AgentSource::Settings;
    }
    args.agent.apply(config, dir)?;
    args.agents.apply(config);
    Ok(run::assign_agents(plan, config, source)?)
}

/// Asks whether to resume the unfinished run. Without a person at the terminal, a new run starts.
fn resume_or_restart(args: &RunArgs, state: &RunState) -> anyhow::Result<Unfinished> {
    let id = &state.id;
    let known = format!("run {id} of this plan is unfinished");
    if args.run.yes || args.run.detach || !can_ask() {
        say(&format!(
            "note: {known}; batch resume {id} continues it and pays for nothing twice"
        ));
        return Ok(Unfinished::NewRun);
    }
    let left = run::unsettled(state);
    let all = words::count(state.units.len(), "unit");
    ask_unfinished(
        &format!("{known}: {left} of {all} are left.\nResuming it pays for nothing twice."),
        &Term::stderr(),
    )
}
