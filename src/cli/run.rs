//! `batch run`: runs a saved plan.

use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use console::Term;

use super::drive::NOT_APPROVED;
use super::flags::{AgentFlags, RunFlags, SharesFlag};
use super::job::base;
use super::resume::{self, ResumeArgs};
use super::review::{Unfinished, ask_unfinished};
use super::workspace::{Workspace, liveness, say_circumstances, secure_journal};
use super::{Global, launch, say};
use crate::journal::Journal;
use crate::plan::{self, Plan};
use crate::report::Liveness;
use crate::run::{self, RunId, RunState};
use crate::words;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A plan that batch plan has saved, or that you have written
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    agent: AgentFlags,
    #[command(flatten)]
    agents: SharesFlag,
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
    choose_agents(&mut workspace, args, &mut plan)?;
    args.run.apply(&mut workspace.config);
    if let Some(state) = unfinished(&workspace, &plan)? {
        match way_on(args, &state)? {
            Unfinished::Resume => return resume::run(global, &ResumeArgs::of(&state.id)),
            Unfinished::BeginAnew => {}
            Unfinished::Quit => {
                say("Nothing was run.");
                return Ok(NOT_APPROVED);
            }
        }
    }
    let base = base(&workspace, &plan)?;
    say_circumstances(&workspace.repo)?;
    launch::launch(global, &workspace, &plan, &base, &args.run)
}

/// The agents of the plan stand between the flags and batch.toml.
fn choose_agents(workspace: &mut Workspace, args: &RunArgs, plan: &mut Plan) -> anyhow::Result<()> {
    let Workspace { config, dir, .. } = workspace;
    let has_own = plan.agent.is_given() || !plan.agents.is_empty();
    if has_own {
        config.run.agents = None;
        config.agent = plan.agent.clone();
    }
    let given = args.agent.given(dir, config)?.is_given();
    args.agent.apply(config, dir)?;
    args.agents.apply(config);
    if has_own && !given && !args.agents.is_given() {
        // `auto` has become the agent that it means here.
        plan.agent = config.agent.clone();
        return Ok(());
    }
    config.check_agents()?;
    let members = config.agent_shares()?;
    if members.is_empty() {
        plan.give_all_to(config.agent.clone());
    } else {
        plan.spread(&members);
    }
    Ok(())
}

/// Whether to go on with the unfinished run. Where nobody can be asked, what was asked for is done.
fn way_on(args: &RunArgs, state: &RunState) -> anyhow::Result<Unfinished> {
    let id = &state.id;
    let known = format!("run {id} of this plan was not finished");
    let term = Term::stderr();
    if args.run.yes || args.run.detach || !term.is_term() || !std::io::stdin().is_terminal() {
        say(&format!(
            "note: {known}; batch resume {id} goes on with it and pays for nothing twice"
        ));
        return Ok(Unfinished::BeginAnew);
    }
    let left = state.units.iter().filter(|unit| !unit.is_settled()).count();
    let all = words::count(state.units.len(), "unit");
    ask_unfinished(
        &format!("{known}: {left} of {all} are left.\nTo resume it pays for nothing twice."),
        &term,
    )
}

/// The latest run of the same plan that was killed or stopped, if there is one.
fn unfinished(workspace: &Workspace, plan: &Plan) -> anyhow::Result<Option<RunState>> {
    let places = workspace.places();
    secure_journal(&places)?;
    let Some(journal) = Journal::read(&places.journal())? else {
        return Ok(None);
    };
    for id in journal.runs()? {
        let id = RunId::from_journal(&id);
        let Ok(text) = std::fs::read_to_string(places.plan(&id)) else {
            continue;
        };
        let is_same = plan::file::parse(&text).is_ok_and(|other| {
            let claims = |plan: &Plan| -> Vec<_> {
                plan.units.iter().map(|unit| unit.claim.clone()).collect()
            };
            other.base == plan.base
                && other.instruction == plan.instruction
                && claims(&other) == claims(plan)
        });
        if !is_same {
            continue;
        }
        // One run whose beginning is lost must not stand in the way of others.
        let Ok(state) = run::load(&journal, &id) else {
            continue;
        };
        let is_left = state.units.iter().any(|unit| !unit.is_settled());
        if is_left && liveness(&places, &state)? != Liveness::Going {
            return Ok(Some(state));
        }
    }
    Ok(None)
}
