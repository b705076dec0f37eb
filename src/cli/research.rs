//! An agent asked for a plan: shown while it reads, ended by Ctrl-C, and what came of it said.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::drive::{listen, runtime};
use super::say;
use super::workspace::{Workspace, new_run_id};
use crate::config::Planner;
use crate::plan::{BaseFiles, Plan, Repair};
use crate::progress::Reading;
use crate::run::{Inquiry, ResearchError, Researched};
use crate::words;

/// Of what was mended only so much is said; all of it is kept.
const MENDED: usize = 8;

/// The plan as the agent proposes it, where it is to be asked; else, or where nothing comes of that, as it is. Nothing
/// where the person interrupted it.
pub(super) fn research(
    workspace: &Workspace,
    plan: Plan,
    base: &BaseFiles,
) -> anyhow::Result<Option<Plan>> {
    let Workspace { repo, config, dir } = workspace;
    let files = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
    if config.planner(files)? == Planner::Graph {
        return Ok(Some(plan));
    }
    let inquiry = Inquiry::prepare(
        new_run_id(&workspace.places()),
        repo,
        config,
        (&plan, base),
        dir,
    )?;
    let agent = words::line(&inquiry.agent());
    let mut reading = Reading::begin(&format!(
        "{agent} reads the base to propose the units (--planner graph does without)"
    ));
    let researched = runtime()?.block_on(async {
        let cancel = CancellationToken::new();
        let (wishes, mut stops) = mpsc::channel(1);
        let signals = tokio::spawn(listen(wishes));
        let interrupted = cancel.clone();
        let stopping = tokio::spawn(async move {
            if stops.recv().await.is_some() {
                interrupted.cancel();
            }
        });
        let researched = inquiry.ask(&cancel, |event| reading.tell(event)).await;
        signals.abort();
        stopping.abort();
        researched
    });
    reading.finish();
    let Researched { used, folder, made } = researched;
    let used = if used.usage.is_unknown() {
        "what it used is not known".to_owned()
    } else {
        used.to_string()
    };
    let kept = format!("what it said is kept in {}", folder.display());
    Ok(match made {
        Ok((proposed, repairs)) => {
            say(&format!(
                "{agent} proposed {} ({used}); {kept}",
                words::count(proposed.units.len(), "unit")
            ));
            say_repairs(&repairs);
            Some(proposed)
        }
        Err(ResearchError::Interrupted) => {
            say(&format!("interrupted, so nothing was planned ({used})"));
            None
        }
        Err(error) => {
            say(&format!(
                "note: {agent} proposed no plan that can be used, so the units follow the imports: {} ({used}); {kept}",
                words::line(&words::chain(&error))
            ));
            Some(plan)
        }
    })
}

fn say_repairs(repairs: &[Repair]) {
    for repair in repairs.iter().take(MENDED) {
        say(&format!("  mended: {repair}"));
    }
    if let Some(more @ 1..) = repairs.len().checked_sub(MENDED) {
        say(&format!("  … and {}", words::count(more, "more repair")));
    }
}
