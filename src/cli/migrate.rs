//! `batch migrate`: the whole job, plan → review → run → report.

use clap::Args;

use super::asked::AskedArgs;
use super::exit_code::INTERRUPTED;
use super::flags::{AgentFlags, PlanFlags, RunFlags, SharesFlag, choose_if_none};
use super::global::Global;
use super::launch;
use super::no_sandbox::or_without;
use super::plan::make;
use super::workspace::{Workspace, check_base, say_circumstances};

#[derive(Debug, Args)]
#[command(
    override_usage = "batch migrate [OPTIONS] <GLOB>... <INSTRUCTION>",
    after_help = "\
Examples:
  batch migrate 'src/**/*.js' 'from var to const' --rewrite 'var $A = $B' --to 'const $A = $B'
  batch migrate src/ '!**/*.gen.ts' 'Add types' --agent-cmd 'my-agent --fast' --check 'npm test'"
)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    asked: AskedArgs,
    #[command(flatten)]
    plan: PlanFlags,
    #[command(flatten)]
    agent: AgentFlags,
    #[command(flatten)]
    agents: SharesFlag,
    #[command(flatten)]
    run: RunFlags,
}

pub(super) fn run(global: &Global, args: &MigrateArgs) -> anyhow::Result<u8> {
    let mut workspace = Workspace::open_for_run(global)?;
    args.plan.apply(&mut workspace.config);
    args.agent.apply(&mut workspace.config, &workspace.dir)?;
    args.agents.apply(&mut workspace.config);
    args.run.apply(&mut workspace.config);
    let asked = args.asked.read(&workspace.dir)?;
    choose_if_none(&mut workspace.config, args.run.consent())?;
    // A migration without an agent is refused before anything is read.
    workspace.config.check_agents()?;
    check_base(&workspace, &workspace.base()?, args.run.goal())?;
    let until = args.plan.until();
    let planned = or_without(&mut workspace, args.run.consent(), |workspace| {
        make(global, workspace, &asked, until.clone())
    })?;
    let Some(planned) = planned else {
        return Ok(INTERRUPTED);
    };
    say_circumstances(&workspace.repo)?;
    launch::launch(
        global,
        &mut workspace,
        &planned.plan,
        &planned.base,
        &args.run,
    )
}
