//! The agent's attempts at a unit: it works until nothing is found wrong, or until it has had all its attempts.

use crate::agent::{Interruption, given_up};
use crate::check::Verdict;
use crate::git::TreeId;
use crate::run::job::job::Job;
use crate::run::log::attempt::Attempt;
use crate::run::log::check_result::CheckResult;
use crate::run::log::event::Event;
use crate::run::log::outcome::Step;
use crate::run::log::run_fact::RunFact;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_fact::UnitFact;
use crate::run::schedule::pilot::PilotDecision;
use crate::run::unit::agent::agent;
use crate::run::unit::carry::carry;
use crate::run::unit::content::content;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext, failure};
use crate::run::unit::defer::checked;
use crate::run::unit::finish::{finish, is_to_be_asked};
use crate::run::unit::found_work::find_work;
use crate::run::unit::lost_tests::lost_tests;
use crate::run::unit::scope::scope;
use crate::run::unit::whole_work::{is_shared, own_part};
use crate::run::workspace::checkout::KeptTree;
use crate::run::workspace::user_checkout::UserCheckout;
use crate::words;

/// What a reason says of an attempt that changed nothing.
const CHANGED_NOTHING: &str =
    "the agent changed nothing in its last attempt, so the check was not run again";

/// A reason names at most so many files of the user's own checkout.
const FILES_SHOWN: usize = 10;

/// The result of an attempt.
pub(crate) struct AttemptResult {
    pub(crate) summary: Option<String>,
    /// `None` where nothing was changed.
    pub(crate) change: Option<(ProvenChange, Vec<CheckResult>)>,
}

/// How an attempt ends without a failure.
enum Attempted {
    Finished(AttemptResult),
    /// The agent ended without an answer, and only an answer could say whether its work is complete.
    WithoutAnswer,
}

/// Lets the agent work until nothing is found wrong, or until it has had all its attempts.
pub(crate) async fn attempts(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<AttemptResult, Halt> {
    carry(unit, prepared).await?;
    let before = users_files(unit).await?;
    loop {
        let failure = match attempt(unit, prepared).await {
            Err(Halt::Failed(failure)) => failure,
            Err(halt) => return Err(halt),
            Ok(Attempted::WithoutAnswer) => {
                ask_again(unit).await?;
                continue;
            }
            Ok(Attempted::Finished(result)) => {
                if result.change.is_none() {
                    refuse_strayed(unit, before).await?;
                }
                return Ok(result);
            }
        };
        let state = unit.state().attempt;
        let attempt = state.number();
        let repeats = state.repeats();
        let feedback = failure
            .feedback
            .clone()
            .filter(|_| attempt < unit.assignment().attempts())
            .filter(|_| !repeats || may_begin_a_session(&state));
        let Some(text) = feedback else {
            return Err(Halt::Failed(failure));
        };
        keep_log(unit, attempt);
        let left = keep_left(unit).await?;
        unit.say(UnitFact::SentBack {
            attempt,
            step: failure.step,
            reason: failure.reason,
            text,
            tail: failure.tail,
            left,
            fresh: repeats,
        })
        .await?;
        wait_for_pilot(unit).await?;
    }
}

/// Waits until the pilot of the unit's agent has passed, where there is one: the attempts of all its units would fail
/// for the same reason.
async fn wait_for_pilot(unit: &UnitContext) -> Result<(), Halt> {
    let mut pilots = unit.pilots.clone();
    loop {
        let decision = pilots.borrow_and_update().decide(&unit.unit().id);
        match decision {
            PilotDecision::GoOn => return Ok(()),
            PilotDecision::End(why) => return Err(Halt::LeftOut(why)),
            PilotDecision::WaitFor(pilot) => {
                let detail = format!("waits for the pilot {pilot}");
                unit.begin(Step::Agent, Some(detail)).await?;
            }
        }
        // Without an engine everything ends anyway.
        let changed = unit.unless_cancelled(pilots.changed()).await?;
        changed.map_err(|_| Halt::Stopped)?;
    }
}

/// Makes one attempt; what an earlier process has reached of it is not done again.
async fn attempt(unit: &UnitContext, prepared: &Prepared) -> Result<Attempted, Halt> {
    let reached = unit.state().attempt;
    let summary = match reached.agent_took_ms {
        Some(_) => reached.summary,
        None if is_shared(unit) => own_part(unit, prepared).await?,
        None => agent(unit, prepared).await?,
    };
    if let Some(reason) = summary.as_deref().and_then(given_up) {
        return Err(failure(Step::Agent, format!("the agent gave up: {reason}")));
    }
    let mut proven = scope(unit, prepared).await?;
    if proven.is_none() && find_work(unit, prepared).await? {
        proven = scope(unit, prepared).await?;
    }
    if is_to_be_asked(unit, proven.as_ref()) {
        return Ok(Attempted::WithoutAnswer);
    }
    let state = unit.state().attempt;
    if state.repeats() {
        return Err(repeated(&state));
    }
    finish(unit, prepared, proven.as_ref()).await?;
    let change = match proven {
        None => None,
        Some(proven) => {
            content(unit, prepared, &proven).await?;
            let (proven, results) = checked(unit, prepared, proven).await?;
            lost_tests(unit, prepared, &proven, &results).await?;
            Some((proven, results))
        }
    };
    Ok(Attempted::Finished(AttemptResult { summary, change }))
}

/// Has the agent go on in its session; what it did is kept.
async fn ask_again(unit: &UnitContext) -> Result<(), Halt> {
    let interruption = Interruption::NoAnswer;
    unit.say(UnitFact::Interrupted {
        interruption,
        said: interruption.to_string(),
        wait_ms: 0,
    })
    .await
}

/// Checks whether an agent that changed nothing may look at its unit in a new session, which it may once.
fn may_begin_a_session(attempt: &Attempt) -> bool {
    attempt.session.is_some() && !attempt.sent_back.iter().any(|back| back.fresh)
}

/// Returns the failure of an attempt that changed nothing: the check that failed on the same work is not run again.
fn repeated(attempt: &Attempt) -> Halt {
    let back = attempt.sent_back.last();
    let (reason, text) = back.map_or(("", ""), |back| (&*back.reason, &*back.text));
    let is_red = |check: &&CheckResult| matches!(check.verdict, Verdict::Fail { .. });
    let red = attempt.checks.iter().rfind(is_red);
    Halt::Failed(Failure {
        feedback: Some(text.to_owned()),
        tail: red.map(|check| check.tail.clone()),
        log: red.map(|check| check.log.clone()),
        ..Failure::new(
            Step::Check,
            format!(
                "{}\n{CHANGED_NOTHING}",
                reason.trim_end_matches(CHANGED_NOTHING).trim_end()
            ),
        )
    })
}

/// Keeps what an attempt leaves, where the agent may have to start from it again.
async fn keep_left(unit: &UnitContext) -> Result<Option<TreeId>, Halt> {
    let checkout = unit.checkout.clone();
    let left = unit.git_result(move |_| {
        let left = checkout.snapshot()?;
        checkout.keep_tree(KeptTree::Left, &left)?;
        Ok(left)
    });
    // What git cannot read cannot be kept: the agent would start from the beginning of its first attempt.
    Ok(left.await?.ok())
}

/// Looks at the unit's files in the user's own checkout, unless the agent has worked already.
async fn users_files(unit: &UnitContext) -> Result<Option<UserCheckout>, Halt> {
    if unit.state().attempt.agent_took_ms.is_some() {
        return Ok(None);
    }
    let claimed = unit.unit().claim.files.clone();
    let look = move |job: &Job| Ok(UserCheckout::look_at(&job.workspace.repo, claimed));
    unit.git(Step::Agent, look).await.map(Some)
}

/// Fails a unit without a change whose files changed in the user's own checkout meanwhile, and stops the run: the agent
/// may be working there, and each further agent would do the same.
async fn refuse_strayed(unit: &UnitContext, before: Option<UserCheckout>) -> Result<(), Halt> {
    let Some(before) = before else {
        return Ok(());
    };
    let changed = unit.git(Step::Scope, move |_| Ok(before.changed())).await?;
    if changed.is_empty() {
        return Ok(());
    }
    let why = StopReason::Strayed {
        unit: unit.unit().id.clone(),
    };
    let stopped = RunFact::StartsStopped { why, agent: None };
    unit.say_event(Event::Run(stopped)).await?;
    Err(failure(Step::Scope, strayed(&changed)))
}

/// Writes why a unit fails whose files changed in the user's own checkout.
fn strayed(changed: &[String]) -> String {
    let names = changed.iter().map(|file| words::line(file));
    let names = words::few(names, FILES_SHOWN);
    format!(
        "the agent changed nothing in its own worktree, but files of this unit changed in your own checkout \
         meanwhile:\n  {names}\nif you did not change them, the agent works in the wrong folder: look at them with \
         git diff there before you start it again"
    )
}

/// Keeps the log of an attempt under a name of its own.
fn keep_log(unit: &UnitContext, attempt: u32) {
    let log = unit.folder().join("agent.log");
    let kept = log.with_extension(format!("{attempt}.log"));
    if log.exists()
        && let Err(error) = std::fs::rename(&log, &kept)
    {
        tracing::warn!("{} cannot be kept: {error}", log.display());
    }
}
