//! `batch plan`: makes a plan and saves it, without running it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::asked::{Asked, AskedArgs};
use super::exit_code::INTERRUPTED;
use super::flags::{AgentFlags, Consent, PlanFlags, SandboxFlags, SharesFlag};
use super::global::Global;
use super::no_sandbox::or_without;
use super::output::{print, say, stderr_width};
use super::plan_file::{refuse_existing, save, say_saved};
use super::research::research;
use super::review::SummaryLine;
use super::workspace::{Workspace, say_circumstances};
use super::{agent_settings, approval, drift, estimate, review};
use crate::codemod::{Codemod, OldUsePattern};
use crate::config::{AgentOptionsError, AgentSpec};
use crate::git::Base;
use crate::plan::file::to_toml;
use crate::plan::graph::GraphFormat;
use crate::plan::{self, BaseFiles, Plan, Request};
use crate::run::{PastTimes, PrepareError, UnitAgents, usual_jobs};

#[derive(Debug, Args)]
#[command(override_usage = "\
batch plan [OPTIONS] <GLOB>... <INSTRUCTION>
       batch plan --holds <PLAN> [--base <REV>]
       batch plan --rebase <PLAN> [--base <REV>] [-o <FILE>]")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// Check whether a saved plan still holds, and list what has changed since: exit code 0 if it holds, 1 if not
    // The old name clashes with `--check CMD` of other commands.
    #[arg(long, value_name = "PLAN", alias = "check", conflicts_with_all = ["asked", "output", "graph", "rebase"])]
    holds: Option<PathBuf>,
    /// Adapt a saved plan to the present state of its base: renames are followed, removed files are dropped, new files
    /// join the unit of their folder
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["asked", "graph"])]
    rebase: Option<PathBuf>,
    /// The file for the plan; - prints it [default: plan.toml, or the file of the adapted plan]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the files if they exist
    #[arg(long)]
    force: bool,
    /// Also draw the imports between the units into this file: .svg, .dot or .json
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanFlags,
    #[command(flatten)]
    agent: AgentFlags,
    #[command(flatten)]
    agents: SharesFlag,
    #[command(flatten)]
    sandbox: SandboxFlags,
}

/// A plan with the base that it was made for.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) base: Base,
    /// The files of the base that were read for the plan.
    pub(super) files: BaseFiles,
}

pub(super) fn run(global: &Global, args: &PlanArgs) -> anyhow::Result<u8> {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let new = args.output.as_ref().filter(|_| !to_stdout && !args.force);
    if let Some(file) = &args.holds {
        let workspace = Workspace::unasked(global)?;
        return drift::check(global, &workspace, file, args.plan.base());
    }
    if let Some(file) = &args.rebase {
        let workspace = Workspace::unasked(global)?;
        refuse_existing(&workspace, new.filter(|output| *output != file), "-o")?;
        let output = args.output.as_deref();
        return drift::rebase(global, &workspace, file, args.plan.base(), output);
    }
    let mut workspace = Workspace::open(global)?;
    args.plan.apply(&mut workspace.config);
    args.agent.apply(&mut workspace.config, &workspace.dir)?;
    args.agents.apply(&mut workspace.config);
    args.sandbox.apply(&mut workspace.config);
    let asked = args.asked.read(&workspace.dir)?;
    let saved = args.output.clone().unwrap_or_else(|| "plan.toml".into());
    let form = args
        .graph
        .as_deref()
        .map(GraphFormat::of_path)
        .transpose()?;
    if !args.force {
        let printed = to_stdout || global.json;
        refuse_existing(&workspace, (!printed).then_some(&saved), "-o")?;
        refuse_existing(&workspace, args.graph.as_ref(), "--graph")?;
    }
    let until = args.plan.until();
    let planned = or_without(&mut workspace, Consent::Ask, |workspace| {
        make(global, workspace, &asked, until.clone())
    })?;
    let Some(Planned { plan, files, .. }) = planned else {
        return Ok(INTERRUPTED);
    };
    say_circumstances(&workspace.repo)?;
    if let (Some(path), Some(form)) = (&args.graph, form) {
        let drawn = files.graph()?.draw(&plan, form);
        std::fs::write(workspace.dir.join(path), drawn)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    approval::keep_plan(&workspace.repo, &plan)?;
    let text = to_toml(&plan);
    if global.json {
        let data: serde_json::Value =
            toml::from_str(&text).context("the plan cannot be written as JSON")?;
        print(&format!("{data:#}\n"))?;
    } else if to_stdout {
        print(&text)?;
    } else {
        save(&workspace, &saved, &text)?;
        let summary = summary(&workspace, &plan);
        say(&review::table(&plan, &summary, stderr_width()));
        say_saved(&saved);
    }
    Ok(0)
}

/// Makes a plan as requested; with a codemod it holds only files that the codemod really changes. Returns `None` where
/// the person interrupted it.
pub(super) fn make(
    global: &Global,
    workspace: &mut Workspace,
    asked: &Asked,
    until: Option<OldUsePattern>,
) -> anyhow::Result<Option<Planned>> {
    let base = workspace.base()?;
    agent_settings::settle(global, workspace, &base.id, &[])?;
    let Workspace { repo, config, .. } = &*workspace;
    let (globs, instruction) = asked.resolve(repo, &plan::tracked(repo, &base.id)?)?;
    let members = config.agent_shares()?;
    let codemod = match config.agent.resolve() {
        _ if !members.is_empty() => None,
        Ok(AgentSpec::Codemod(recipe)) => Some(Codemod::compile(&recipe)?),
        Ok(AgentSpec::Existing(work)) => {
            return Err(AgentOptionsError::Exists(work.to_string()).into());
        }
        Ok(AgentSpec::Coding(_) | AgentSpec::Command(_)) | Err(AgentOptionsError::Missing) => None,
        Err(error) => return Err(error.into()),
    };
    let (plan, files) = plan::make(
        repo,
        &Request {
            instruction: &instruction,
            globs: &globs,
            prefix: repo.prefix(),
            base: &base,
            agent: config.agent.clone(),
            codemod: codemod.as_ref(),
            until,
            units: config.plan.units.unwrap_or_default(),
            by: config.plan.by,
            order: config.plan.order.unwrap_or_default(),
        },
    )?;
    let mut plan = research(global, workspace, plan, &files)?;
    if let Some(plan) = plan.as_mut().filter(|_| !members.is_empty()) {
        plan.spread(&members);
    }
    Ok(plan.map(|plan| Planned { plan, base, files }))
}

/// Describes the agents and the expected time, also where no agent is named yet.
fn summary(workspace: &Workspace, plan: &Plan) -> Vec<SummaryLine> {
    let Workspace { config, dir, .. } = workspace;
    let agents = match UnitAgents::of_plan(plan, config, dir) {
        Ok(agents) => agents,
        Err(PrepareError::Agent(AgentOptionsError::Missing)) => {
            let words = "none named yet: give one to batch run";
            return vec![("agent", words.to_owned())];
        }
        Err(error) => return vec![("agent", error.to_string())],
    };
    let jobs = config.run.jobs.unwrap_or_else(usual_jobs);
    let mut summary = vec![("agent", agents.to_string())];
    let estimate = PastTimes::read(&workspace.places()).estimate(plan, &agents, jobs);
    summary.extend(estimate.iter().flat_map(estimate::lines));
    summary
}
