//! One turn of an agent: it is monitored while it works, held within its limits, and started again where it was
//! interrupted for a reason that passes.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::mpsc;

use crate::agent::{AgentError, AgentEvent, AgentId, Interruption, Task, Work};
use crate::run::job::assignment::Assignment;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::unit::context::{Halt, UnitContext, milliseconds};
use crate::run::unit::monitor::{AgentBudget, monitor};

/// How many events an agent may report before it waits for the monitor.
pub(crate) const EVENTS_AHEAD: usize = 64;

/// How often an interrupted agent starts again, and how long it waits where nobody says how long.
const TRIES: usize = 6;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How long an agent waits that was killed from outside, the first time and the second; the third time it has failed.
/// Whatever takes the memory may stay for long, and each restart costs what the agent had done.
const WAITS_AFTER_KILL: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

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
) -> Result<AgentEnd, Halt> {
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(TRIES)
        .with_jitter()
        .build();
    let mut waits_after_kill = WAITS_AFTER_KILL.into_iter();
    let mut killed = 0;
    loop {
        let error = match turn(unit, task, assignment).await? {
            AgentEnd::Failed(AgentError::Killed { tail, .. }) => {
                killed += 1;
                let times = killed;
                AgentError::Killed { times, tail }
            }
            AgentEnd::Failed(error) => error,
            done @ AgentEnd::Done(_) => return Ok(done),
        };
        let (interruption, wait, usual) = match &error {
            AgentError::Transient {
                interruption, wait, ..
            } => (*interruption, *wait, waits.next()),
            AgentError::Killed { .. } => (Interruption::Killed, None, waits_after_kill.next()),
            _ => return Ok(AgentEnd::Failed(error)),
        };
        report(unit, assignment.agent.id(), interruption, wait);
        let Some(usual) = usual else {
            return Ok(AgentEnd::Failed(error));
        };
        // Agents that got the same retry time must not start again at the same moment.
        let wait = wait.map_or(usual, |wait| wait.mul_f64(1.0 + fastrand::f64() / 10.0));
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
                Interruption::RateLimit | Interruption::Overload | Interruption::Connection => None,
            }
        };
        let _permit = unit.unless_cancelled(until_then).await?;
        begin_turn(unit).await?;
    }
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
    unit.git(Step::Agent, move |_| checkout.lead_to_private())
        .await?;
    let (events, reported) = mpsc::channel(EVENTS_AHEAD);
    let cancel = unit.cancel.child_token();
    let work = async {
        let events = events;
        assignment.agent.work(task, &events, &cancel).await
    };
    let budget = AgentBudget::left(assignment.caps, unit.state().ledger.counted_turns());
    let monitoring = monitor(reported, budget, &cancel, |event| {
        if let AgentEvent::Interrupted { interruption, wait } = *event {
            report(unit, assignment.agent.id(), interruption, wait);
        }
    });
    let (worked, monitored) = tokio::join!(work, monitoring);
    // What the agent's tools left running must not change files while batch looks at them.
    let checkout = unit.checkout.clone();
    // Only the end of the whole program cancels a blocking task.
    let _ = tokio::task::spawn_blocking(move || checkout.end_processes()).await;
    if let Some(fact) = monitored.fact() {
        unit.say(fact).await?;
    }
    Ok(match monitored.judge(worked) {
        Ok(work) => AgentEnd::Done(work),
        Err(error) => AgentEnd::Failed(error),
    })
}

/// Reports an interruption to the engine. Without an engine everything ends anyway.
fn report(unit: &UnitContext, agent: &AgentId, interruption: Interruption, wait: Option<Duration>) {
    let _ = unit.interruptions.send(InterruptionReport {
        agent: agent.clone(),
        interruption,
        wait,
    });
}
