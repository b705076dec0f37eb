//! One turn of an agent: it is monitored while it works, held within its limits, and started again where it was
//! interrupted for a reason that passes.

use std::future::pending;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::agent::{AgentError, AgentEvent, AgentId, Interruption, Restart, Task, Work};
use crate::git::TreeId;
use crate::run::job::assignment::Assignment;
use crate::run::log::attempt::Attempt;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::schedule::limits::UsageReport;
use crate::run::schedule::restarts::Restarts;
use crate::run::unit::context::{Halt, Prepared, UnitContext, milliseconds};
use crate::run::unit::monitor::{AgentBudget, monitor};

/// How many events an agent may report before it waits for the monitor.
pub(crate) const EVENTS_AHEAD: usize = 64;

/// How the turns of an agent ended.
pub(crate) enum AgentEnd {
    Done(Work),
    Failed(AgentError),
}

/// Lets the agent work, again after each interruption that passes.
pub(crate) async fn turns(
    unit: &UnitContext,
    task: &Task,
    assignment: &Assignment,
    prepared: &Prepared,
) -> Result<AgentEnd, Halt> {
    let mut task = task.clone();
    let beginning = beginning(unit, prepared).await?;
    let mut restarts = Restarts::within(task.limits.time);
    let mut killed = 0;
    loop {
        if unit.run_limit.borrow().is_some() {
            return Ok(AgentEnd::Failed(AgentError::Cancelled));
        }
        // A turn that is over its limit from the beginning would still ask its model once.
        if let Some(limit) = budget(unit, assignment).spent() {
            let tail = String::new();
            return Ok(AgentEnd::Failed(AgentError::Limit { limit, tail }));
        }
        let begun = Instant::now();
        let error = match turn(unit, &task, assignment).await? {
            AgentEnd::Failed(AgentError::Killed { tail, .. }) => {
                killed += 1;
                let times = killed;
                AgentError::Killed { times, tail }
            }
            AgentEnd::Failed(error) => error,
            done @ AgentEnd::Done(_) => return Ok(done),
        };
        let (interruption, wait) = match &error {
            AgentError::Transient {
                interruption, wait, ..
            } => (*interruption, *wait),
            AgentError::Killed { .. } => (Interruption::Killed, None),
            AgentError::Ended { ending, .. } if ending.is_crash() => (Interruption::Crashed, None),
            _ => return Ok(AgentEnd::Failed(error)),
        };
        let next = restarts.next(interruption, begun.elapsed(), wait);
        // No other agent is served before this one is, where the account has reached its limit.
        let closed = match interruption {
            Interruption::UsageLimit => next,
            _ => wait,
        };
        report(unit, assignment.agent.id(), interruption, closed);
        let Some(wait) = next else {
            return Ok(AgentEnd::Failed(error));
        };
        unit.say(UnitFact::Interrupted {
            interruption,
            said: error.to_string(),
            wait_ms: milliseconds(wait),
        })
        .await?;
        let until_then = async {
            tokio::time::sleep(wait).await;
            match interruption {
                Interruption::Killed => Some(unit.restart_permits.permit().await),
                _ => None,
            }
        };
        let _permit = unit.unless_cancelled(until_then).await?;
        if interruption == Interruption::Crashed {
            // Whatever broke the program may lie in its session, or in files that it has half written.
            if let Some(feedback) = &mut task.feedback {
                feedback.session = None;
            }
            put_back(unit, beginning.clone()).await?;
        } else {
            begin_again(unit, prepared).await?;
        }
        begin_turn(unit).await?;
    }
}

/// Puts the checkout back to the beginning of the attempt, where the agent would otherwise do a part of its work twice.
pub(crate) async fn begin_again(unit: &UnitContext, prepared: &Prepared) -> Result<(), Halt> {
    if unit.assignment().agent.restart() == Restart::AsLeft {
        return Ok(());
    }
    let left = known_beginning(&unit.state().attempt).unwrap_or(prepared.tree.clone());
    put_back(unit, left).await
}

/// Returns the content with which the agent begins now. Where it was asked again, or has carried work, only the
/// checkout holds what it did before.
async fn beginning(unit: &UnitContext, prepared: &Prepared) -> Result<TreeId, Halt> {
    let attempt = unit.state().attempt;
    let known = known_beginning(&attempt);
    let goes_on = attempt.asked_again == Some(attempt.number())
        || known.is_none() && !attempt.sent_back.is_empty();
    if !goes_on {
        return Ok(known.unwrap_or(prepared.tree.clone()));
    }
    let checkout = unit.checkout.clone();
    let now = unit.git_result(move |_| checkout.snapshot()).await?;
    // An agent may be asked to mend what git cannot read.
    Ok(now.ok().or(known).unwrap_or(prepared.tree.clone()))
}

/// Returns what the attempt before the present one left, where it was kept.
fn known_beginning(attempt: &Attempt) -> Option<TreeId> {
    attempt.sent_back.last()?.left.clone()
}

async fn put_back(unit: &UnitContext, tree: TreeId) -> Result<(), Halt> {
    let checkout = unit.checkout.clone();
    unit.git(Step::Agent, move |_| checkout.put_back(&tree))
        .await
}

/// Reports that the agent works now.
pub(crate) async fn begin_turn(unit: &UnitContext) -> Result<(), Halt> {
    let attempt = unit.state().attempt;
    let detail = (!attempt.sent_back.is_empty()).then(|| {
        let most = unit.assignment().attempts();
        format!("attempt {} of {most}", attempt.number())
    });
    unit.begin(Step::Agent, detail).await
}

async fn turn(unit: &UnitContext, task: &Task, assignment: &Assignment) -> Result<AgentEnd, Halt> {
    let checkout = unit.checkout.clone();
    let settings = assignment.agent.project_settings();
    unit.git(Step::Agent, move |job| {
        checkout.lead_to_private()?;
        let approved = &job.spec.settings.agent_settings;
        checkout.leave_aside(|path| settings.has(path), approved)
    })
    .await?;
    let (events, reported) = mpsc::channel(EVENTS_AHEAD);
    let cancel = unit.cancel.child_token();
    let work = async {
        let events = events;
        assignment.agent.work(task, &events, &cancel).await
    };
    let budget = budget(unit, assignment);
    let number = unit.state().ledger.turns.len();
    let monitoring = monitor(
        reported,
        budget,
        &cancel,
        run_limit(unit),
        |event| match event {
            AgentEvent::Interrupted { interruption, wait } => {
                report(unit, assignment.agent.id(), *interruption, *wait);
            }
            AgentEvent::Usage(usage) => {
                // Without an engine everything ends anyway.
                let _ = unit.usage_reports.send(UsageReport {
                    unit: unit.unit().id.clone(),
                    turn: number,
                    usage: usage.clone(),
                });
            }
            _ => {}
        },
    );
    let (worked, monitored) = tokio::join!(work, monitoring);
    // What the agent's tools left running must not change files while batch looks at them.
    let checkout = unit.checkout.clone();
    // Only the end of the whole program cancels a blocking task.
    let _ = tokio::task::spawn_blocking(move || {
        checkout.end_processes();
        // A snapshot knows what is left aside, so nothing is lost where this fails.
        if let Err(error) = checkout.bring_back() {
            tracing::warn!("{error}");
        }
    })
    .await;
    if let Some(fact) = monitored.fact() {
        unit.say(fact).await?;
    }
    Ok(match monitored.judge(worked) {
        Ok(work) => AgentEnd::Done(work),
        Err(error) => AgentEnd::Failed(error),
    })
}

/// Returns what the unit's agent may still use.
fn budget(unit: &UnitContext, assignment: &Assignment) -> AgentBudget {
    AgentBudget::left(assignment.caps, unit.state().ledger.counted_turns())
}

/// Completes when the whole run is over a limit.
async fn run_limit(unit: &UnitContext) {
    let mut limit = unit.run_limit.clone();
    if limit.wait_for(Option::is_some).await.is_err() {
        // Without an engine everything ends anyway.
        pending::<()>().await;
    }
}

/// Reports an interruption to the engine. Without an engine everything ends anyway.
fn report(unit: &UnitContext, agent: &AgentId, interruption: Interruption, wait: Option<Duration>) {
    let _ = unit.interruptions.send(InterruptionReport {
        agent: agent.clone(),
        interruption,
        wait,
    });
}
