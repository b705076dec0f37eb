//! The step of a unit in which its agent works.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::agent::{Activity, AgentError, Feedback, PromptError, Task, TaskKind, Work};
use crate::process::Environment;
use crate::run::job::late_units::LateKind;
use crate::run::log::outcome::Step;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::UnitState;
use crate::run::unit::context::{Failure, Halt, Prepared, UnitContext, failure, milliseconds};
use crate::run::unit::too_much::{Reached, reached};
use crate::run::unit::turn::{AgentEnd, begin_turn, turns};
use crate::words;

/// An agent that does not know its session any more says so sooner than that.
const SESSION_LOST_WITHIN: Duration = Duration::from_mins(1);

/// An integration is told at most so many characters of what another unit says.
const SUMMARY_CHARS: usize = 400;

/// Lets the agent work, and returns its text about its work.
pub(crate) async fn agent(unit: &UnitContext, prepared: &Prepared) -> Result<Option<String>, Halt> {
    let step = Step::Agent;
    let assignment = &unit.assignment();
    begin_turn(unit).await?;
    let before = unit.state();
    let plan_unit = unit.unit();
    let mut task = Task {
        run: unit.job.id().to_string(),
        unit: plan_unit.id.to_string(),
        instruction: assignment.instruction.clone(),
        prompt: prompt(unit).map_err(|error| failure(step, error.to_string()))?,
        claim: plan_unit.claim.clone(),
        worktree: unit.checkout.path().to_path_buf(),
        folder: unit.folder(),
        home: unit.checkout.worker_folders().home(),
        environment: environment(unit),
        sandbox: unit.checkout.sandbox(),
        limits: assignment.limits,
        kind: TaskKind::Change,
        feedback: feedback(unit, &before),
    };
    let begun = Instant::now();
    let mut end = turns(unit, &task, assignment, prepared).await?;
    let used_nothing = unit.state().ledger.turns.len() == before.ledger.turns.len();
    if before.attempt.sent_back.is_empty()
        && before.attempt.asked_again.is_none()
        && used_nothing
        && begun.elapsed() < SESSION_LOST_WITHIN
        && let AgentEnd::Failed(AgentError::Failed { .. } | AgentError::Ended { .. }) = end
        && let Some(feedback) = &mut task.feedback
        && feedback.session.take().is_some()
    {
        // Days after its end, an agent may not know its session any more, and says so before it does anything.
        end = turns(unit, &task, assignment, prepared).await?;
    }
    let took = begun.elapsed();
    if let AgentEnd::Failed(error) = &end {
        match reached(unit, prepared, error, took).await? {
            Reached::All => return finished(unit, took, None, Activity::default()).await,
            Reached::Some(too_much) => return Err(Halt::Divided(too_much)),
            Reached::Unknown => {}
        }
    }
    let work = done(unit, &task, end)?;
    finished(unit, work.took, work.summary, work.activity).await
}

/// Records that the agent has worked.
async fn finished(
    unit: &UnitContext,
    took: Duration,
    summary: Option<String>,
    activity: Activity,
) -> Result<Option<String>, Halt> {
    unit.say(UnitFact::AgentFinished {
        took_ms: milliseconds(took),
        summary: summary.clone(),
        activity,
    })
    .await?;
    Ok(summary)
}

/// Returns the work of an agent whose turns have ended, or how its unit ends.
pub(crate) fn done(unit: &UnitContext, task: &Task, end: AgentEnd) -> Result<Work, Halt> {
    match end {
        AgentEnd::Done(work) => Ok(work),
        AgentEnd::Failed(AgentError::Cancelled) => {
            let limit = unit.run_limit.borrow().clone();
            let limit = limit.filter(|_| !unit.cancel.is_cancelled());
            Err(limit.map_or(Halt::Stopped, Halt::LeftOut))
        }
        AgentEnd::Failed(error @ AgentError::Refused { .. }) => {
            let said = words::chain(&error);
            Err(Halt::LeftOut(StopReason::Refused { said }))
        }
        AgentEnd::Failed(error) => {
            let tail = error.tail().map(ToOwned::to_owned);
            Err(Halt::Failed(Failure {
                tail,
                log: Some(task.log()).filter(|log| log.exists()),
                ..Failure::new(Step::Agent, reason(&error))
            }))
        }
    }
}

/// Says why the agent failed, and what may help.
fn reason(error: &AgentError) -> String {
    let said = words::chain(error);
    match error {
        AgentError::ContextFull { .. } => {
            format!("{said}\nsmaller units (--units) or a model with a larger context may do it")
        }
        _ => said,
    }
}

/// Returns the feedback for the agent, with the work of a pilot where the agent began before there was a pilot.
fn feedback(unit: &UnitContext, state: &UnitState) -> Option<Feedback> {
    let mut feedback = state.feedback()?;
    let id = &unit.unit().id;
    let example = unit.example.borrow().clone();
    if let Some(example) = example.filter(|example| example.of != *id)
        && unit.pilots.borrow().is_uninformed(id)
    {
        feedback.text = format!("{}\n\n{}", feedback.text.trim_end(), example.as_feedback());
    }
    Some(feedback)
}

/// Writes the prompt. An integration is told in short what the other units did.
fn prompt(unit: &UnitContext) -> Result<String, PromptError> {
    let example = unit.example.borrow().clone();
    let introduced = unit.introduced.borrow().clone();
    let mut prompt = unit
        .job
        .prompt(unit.number, example.as_deref(), &introduced)?;
    if unit.job.spec.late_kind(unit.number) == Some(LateKind::Integration) {
        prompt.push_str("\n## What the other parts did\n\n");
        for need in &unit.needs {
            let other = unit.job.spec.unit(need.unit);
            let said = need
                .summary
                .as_deref()
                .unwrap_or("it said nothing about its work");
            let said: String = words::line(said).chars().take(SUMMARY_CHARS).collect();
            let title = words::line(&other.title);
            let _ = writeln!(prompt, "- `{}` ({title}): {said}", other.id);
        }
        prompt
            .push_str("\nYour folder holds the work of all of them. You may change every file.\n");
    }
    Ok(prompt)
}

/// Returns what the agent sees: where the unit has several candidates, also the number of its candidate.
fn environment(unit: &UnitContext) -> Environment {
    let mut environment = unit.environment();
    if unit.job.candidates() > 1 {
        let number = unit.state().candidates.len() + 1;
        environment.set("BATCH_RIVAL", number.to_string());
    }
    environment
}
