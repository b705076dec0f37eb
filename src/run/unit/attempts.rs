//! The agent's attempts at a unit: it works until nothing is found wrong, or until it has had all its attempts.

use crate::run::log::check_result::CheckResult;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::agent::agent;
use crate::run::unit::checks::checks;
use crate::run::unit::context::{Halt, Prepared, ProvenChange, UnitContext};
use crate::run::unit::scope::scope;

/// The result of an attempt.
pub(crate) struct AttemptResult {
    pub(crate) summary: Option<String>,
    /// `None` where nothing was changed.
    pub(crate) change: Option<(ProvenChange, Vec<CheckResult>)>,
}

/// Lets the agent work until nothing is found wrong, or until it has had all its attempts.
pub(crate) async fn attempts(
    unit: &UnitContext,
    prepared: &Prepared,
) -> Result<AttemptResult, Halt> {
    loop {
        let failure = match attempt(unit, prepared).await {
            Err(Halt::Failed(failure)) => failure,
            other => return other,
        };
        let attempt = unit.state().attempt.number();
        let feedback = failure
            .feedback
            .clone()
            .filter(|_| attempt < unit.assignment().attempts());
        let Some(text) = feedback else {
            return Err(Halt::Failed(failure));
        };
        keep_log(unit, attempt);
        unit.say(UnitFact::SentBack {
            attempt,
            step: failure.step,
            reason: failure.reason,
            text,
        })
        .await?;
    }
}

/// Makes one attempt; what an earlier process has reached of it is not done again.
async fn attempt(unit: &UnitContext, prepared: &Prepared) -> Result<AttemptResult, Halt> {
    let reached = unit.state().attempt;
    let summary = match reached.agent_took_ms {
        Some(_) => reached.summary,
        None => agent(unit).await?,
    };
    let change = match scope(unit, prepared).await? {
        None => None,
        Some(proven) => Some((proven, checks(unit).await?)),
    };
    Ok(AttemptResult { summary, change })
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
