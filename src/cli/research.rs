//! Asks an agent for a plan: shows its activity, ends it on Ctrl-C, and reports the result.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::approval::{self, Part};
use super::global::Global;
use super::output::say;
use super::signals::{listen, runtime};
use super::workspace::Workspace;
use crate::config::Planner;
use crate::plan::{self, BaseFiles, Plan, Repair};
use crate::progress::AgentLine;
use crate::run::{self, PlanningError, PlanningResult, PlanningSession};
use crate::words;

/// At most this many repairs of a proposal are printed; the session's folder keeps all.
const REPAIRS: usize = 8;

/// Returns the plan that the agent proposes. Where no agent is to be asked, or its proposal is not usable, returns the
/// plan as it is. Returns `None` where the person interrupted the agent.
pub(super) fn research(
    global: &Global,
    workspace: &Workspace,
    plan: Plan,
    base: &BaseFiles,
) -> anyhow::Result<Option<Plan>> {
    let files = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
    if workspace.config.planner(files)? == Planner::Graph {
        return Ok(Some(plan));
    }
    // Git makes the agent's checkout, with the filters of the repository.
    approval::require(global, &workspace.repo, &[Part::of_git(&workspace.repo)?])?;
    let without_agent = "--planner graph plans without an agent";
    Ok(match ask(workspace, &plan, base, without_agent)? {
        Proposal::Plan(proposed) => Some(*proposed),
        Proposal::Interrupted { used } => {
            say(&format!("interrupted, so nothing was planned ({used})"));
            None
        }
        Proposal::Useless { what, why } => {
            say(&format!(
                "note: {what}, so the units follow the imports: {why}"
            ));
            Some(plan)
        }
    })
}

/// Checks whether an agent proposed the plan and can be asked again.
pub(super) fn is_proposed(workspace: &Workspace, plan: &Plan) -> bool {
    let files = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
    let planner = workspace.config.planner(files);
    plan.research.by.is_some() && planner.is_ok_and(|planner| planner == Planner::Agent)
}

/// Asks the agent again, for the present instruction of the plan. Returns `None` where the person interrupted the
/// agent, or its proposal is not usable.
pub(super) fn again(
    workspace: &Workspace,
    plan: &Plan,
) -> anyhow::Result<Option<(Plan, BaseFiles)>> {
    let Workspace { repo, config, .. } = workspace;
    let settings = &config.plan;
    let (made, base) = plan::replan(
        repo,
        plan,
        settings.units.unwrap_or_default(),
        settings.by,
        settings.order.unwrap_or_default(),
    )?;
    Ok(
        match ask(workspace, &made, &base, "Ctrl-C keeps the plan")? {
            Proposal::Plan(mut proposed) => {
                let members = config.agent_shares()?;
                if !members.is_empty() {
                    proposed.spread(&members);
                }
                Some((*proposed, base))
            }
            Proposal::Interrupted { used } => {
                say(&format!(
                    "interrupted, so the plan stays as it was ({used})"
                ));
                None
            }
            Proposal::Useless { what, why } => {
                say(&format!("{what}, so the plan stays as it was: {why}"));
                None
            }
        },
    )
}

/// The result of a planning session.
enum Proposal {
    Plan(Box<Plan>),
    Interrupted { used: String },
    Useless { what: String, why: String },
}

/// Asks the agent and shows its activity; `otherwise` says what the person can do instead.
fn ask(
    workspace: &Workspace,
    plan: &Plan,
    base: &BaseFiles,
    otherwise: &str,
) -> anyhow::Result<Proposal> {
    let Workspace { repo, config, dir } = workspace;
    let session = PlanningSession::prepare(
        run::new_run_id(&workspace.places()),
        repo,
        config,
        (plan, base),
        dir,
    )?;
    let agent = words::line(&session.agent());
    let mut line = AgentLine::start(&format!(
        "{agent} reads the base to propose the units ({otherwise})"
    ));
    let result = runtime()?.block_on(async {
        let cancel = CancellationToken::new();
        let (stop, mut stops) = mpsc::channel(1);
        let signals = tokio::spawn(listen(stop));
        let interrupted = cancel.clone();
        let stopping = tokio::spawn(async move {
            if stops.recv().await.is_some() {
                interrupted.cancel();
            }
        });
        let result = session.ask(&cancel, |event| line.show(event)).await;
        signals.abort();
        stopping.abort();
        result
    });
    line.finish();
    let PlanningResult { used, folder, made } = result;
    let used = if used.known().is_unknown() {
        "its usage is not known".to_owned()
    } else {
        used.to_string()
    };
    let kept = format!("its output is in {}", folder.display());
    Ok(match made {
        Ok((proposed, repairs)) => {
            say(&format!(
                "{agent} proposed {} ({used}); {kept}",
                words::count(proposed.units.len(), "unit")
            ));
            say_repairs(&repairs);
            Proposal::Plan(Box::new(proposed))
        }
        Err(PlanningError::Interrupted) => Proposal::Interrupted { used },
        Err(error) => {
            let fault = words::line(&words::chain(&error));
            Proposal::Useless {
                what: format!("{agent} proposed no usable plan"),
                why: format!("{fault} ({used}); {kept}"),
            }
        }
    })
}

fn say_repairs(repairs: &[Repair]) {
    for repair in repairs.iter().take(REPAIRS) {
        say(&format!("  repaired: {repair}"));
    }
    if let Some(more @ 1..) = repairs.len().checked_sub(REPAIRS) {
        say(&format!("  … and {}", words::count(more, "more repair")));
    }
}
