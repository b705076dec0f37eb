//! The pipeline of one unit: checkout → setup → agent → scope → checks → commit → push → pull request.
//!
//! All that it needs comes in as data, and all that it says is events; each event is on disk before the next step
//! starts.

use crate::agent::{nothing_to_do, without_closing};
use crate::run::delivery::Delivery;
use crate::run::job::doubts::{Known, doubts};
use crate::run::job::pull_request::UnitResult;
use crate::run::log::check_result::CheckResult;
use crate::run::log::outcome::Outcome;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::attempts::{AttemptResult, attempts};
use crate::run::unit::candidates::best_candidate;
use crate::run::unit::checkout::{keep_ignored, prepared_checkout};
use crate::run::unit::commit::commit;
use crate::run::unit::context::{Halt, PipelineEnd, Prepared, ProvenChange, UnitContext};
use crate::run::unit::follow_up::publish_follow_up;
use crate::run::unit::publish::publish;

/// Runs all steps and returns how they ended, which the caller records.
pub(crate) async fn run(unit: UnitContext) -> PipelineEnd {
    // The steps together hold more than a task's stack should.
    let end = Box::pin(steps(&unit))
        .await
        .map_or_else(Halt::end, PipelineEnd::Outcome);
    let checkout = unit.checkout.clone();
    // Only the end of the whole program cancels a blocking task.
    let closed = tokio::task::spawn_blocking(move || {
        checkout.release();
        if let Err(error) = checkout.close() {
            tracing::warn!("{error}");
        }
    });
    let _ = closed.await;
    end
}

async fn steps(unit: &UnitContext) -> Result<Outcome, Halt> {
    let open = unit.state().follow_up;
    let (prepared, result) = if unit.job.candidates() > 1 && open.is_none() {
        // It holds a whole task and its command, for each candidate.
        Box::pin(best_candidate(unit)).await?
    } else {
        let prepared = prepared_checkout(unit).await?;
        let result = attempts(unit, &prepared).await?;
        (prepared, result)
    };
    let AttemptResult { summary, change } = result;
    let Some((proven, checks)) = change else {
        return no_change(unit, &prepared, summary.as_deref()).await;
    };
    if unit.state().attempt.commit.is_none() {
        doubt(unit, &proven, &checks, summary.as_deref()).await?;
    }
    let attempt = unit.state().attempt;
    let (acquired, regenerated) = attempt
        .proven
        .map(|proven| (proven.acquired, proven.regenerated))
        .unwrap_or_default();
    let result = UnitResult {
        changes: &proven.changes,
        acquired,
        regenerated,
        findings: attempt.content.findings(),
        checks: &checks,
        summary: summary
            .as_deref()
            .and_then(without_closing)
            .map(str::to_owned),
        old_uses: unit.state().attempt.old_uses,
        doubts: attempt.doubts,
        needs: &unit.needs,
        tested_with: None,
    };
    if unit.state().attempt.commit.is_none() {
        commit(unit, &prepared, &proven, &result).await?;
    }
    let Delivery::PullRequest(place) = &unit.job.delivery else {
        return Ok(Outcome::Committed);
    };
    match open {
        Some(open) => {
            publish_follow_up(unit, &open.follow_up, place, result.summary.as_deref()).await
        }
        None => publish(unit, place, result).await,
    }
}

/// Holds what the agent says of its work against what is known of it.
async fn doubt(
    unit: &UnitContext,
    proven: &ProvenChange,
    checks: &[CheckResult],
    summary: Option<&str>,
) -> Result<(), Halt> {
    let files = proven.changes.list.iter();
    let changed: Vec<String> = files
        .map(|change| String::from_utf8_lossy(&change.path).into_owned())
        .collect();
    let known = Known {
        claimed: &unit.unit().claim.files,
        changed: &changed,
        checks,
        ran_tests: unit.state().attempt.ran_tests,
    };
    let doubts = doubts(summary.unwrap_or_default(), &known);
    if doubts == unit.state().attempt.doubts {
        return Ok(());
    }
    unit.say(UnitFact::Doubted { doubts }).await
}

async fn no_change(
    unit: &UnitContext,
    prepared: &Prepared,
    summary: Option<&str>,
) -> Result<Outcome, Halt> {
    let said = match summary {
        Some(answer) => nothing_to_do(answer).unwrap_or(answer),
        None => "the agent left every file as it was",
    };
    let reason = match keep_ignored(unit, prepared).await? {
        Some(kept) => format!("{said}\n{kept}"),
        None => said.to_owned(),
    };
    Ok(Outcome::NoChange { reason })
}
