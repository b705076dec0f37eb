//! Waits until a unit may publish: until enough units have succeeded, and until the limits on pull requests allow one
//! more.

use std::mem::discriminant;
use std::time::Duration;

use crate::forge::{ChecksStatus, Forge, ForgeSession, PullRequestRef, WaitReporter};
use crate::plan::UnitId;
use crate::run::job::pull_request::FinishedNeed;
use crate::run::log::outcome::{Outcome, Step, WithheldReason};
use crate::run::log::record::now;
use crate::run::schedule::publish_gate::GateState;
use crate::run::schedule::publish_limiter::{PublishBlock, PublishRequest};
use crate::run::schedule::publish_queue::{PublishDecision, PublishPermit};
use crate::run::unit::context::{Halt, UnitContext};
use crate::words;

/// The first and the longest wait before batch looks again at an open pull request; the wait doubles each time.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_mins(1);

/// A pull request without any check after so many milliseconds has no checks.
const UNCHECKED: i64 = 30_000;

/// Whether finished work may be published.
pub(crate) enum Clearance {
    /// The work may be published.
    Publish(Cleared),
    /// The unit ends unpublished.
    End(Outcome),
}

/// What is known of other units when the work may be published.
pub(crate) struct Cleared {
    /// The units that it needs, which have their pull requests' addresses now.
    pub(crate) needs: Vec<FinishedNeed>,
    /// How many other units it was checked together with.
    pub(crate) tested_with: Option<usize>,
}

/// Waits until it is known whether the work may be published.
pub(crate) async fn clearance(unit: &UnitContext) -> Result<Clearance, Halt> {
    let (id, needs) = (&unit.unit().id, &unit.unit().needs);
    let mut gate = unit.gate.clone();
    let known = gate.wait_for(|known| match known.gate {
        GateState::Wait | GateState::AwaitsUnion => false,
        GateState::Shut => true,
        GateState::Open if known.held.contains_key(id) => true,
        GateState::Open => needs.iter().all(|need| known.ended.contains_key(need)),
    });
    let known = unit.unless_cancelled(known).await?;
    let known = known.map_err(|_| Halt::Stopped)?.clone();
    if let Some(why) = known.held.get(id) {
        return Ok(Clearance::End(Outcome::Withheld { why: *why }));
    }
    if known.gate == GateState::Shut {
        let why = WithheldReason::TooFew;
        return Ok(Clearance::End(Outcome::Withheld { why }));
    }
    let failed = |need: &&UnitId| known.ended.get(*need).is_some_and(|ended| !ended.well);
    if let Some(by) = needs.iter().find(failed) {
        return Ok(Clearance::End(Outcome::Blocked { by: by.clone() }));
    }
    let with_address = |need: &FinishedNeed| {
        let id = &unit.job.spec.unit(need.unit).id;
        let url = known.ended.get(id).and_then(|ended| ended.url.clone());
        FinishedNeed {
            url,
            ..need.clone()
        }
    };
    let needs = unit.needs.iter().map(with_address);
    Ok(Clearance::Publish(Cleared {
        needs: needs.collect(),
        tested_with: known.tested_with.get(&unit.unit().id).copied(),
    }))
}

/// Waits for the unit's turn to publish; `None` where the settings set no limits. Other units wait until the permit is
/// dropped.
pub(crate) async fn permit(
    unit: &UnitContext,
    forge: &dyn Forge,
) -> Result<Option<PublishPermit>, Halt> {
    let Some(queue) = &unit.publish_queue else {
        return Ok(None);
    };
    let step = Step::PullRequest;
    unit.begin(step, Some(format!("waits its turn ({})", queue.words())))
        .await?;
    let permit = PublishPermit::ask(
        queue,
        PublishRequest {
            owners: unit.unit().owners.clone(),
            needs: unit.unit().needs.clone(),
        },
    );
    let session = forge.session(WaitReporter::silent());
    let mut changes = queue.subscribe();
    let mut look = FIRST_LOOK;
    let mut reported = None;
    loop {
        changes.mark_unchanged();
        match permit.decide(now()) {
            PublishDecision::Publish => return Ok(Some(permit)),
            PublishDecision::WaitForTurn => {
                unit.unless_stopping(changes.changed())
                    .await?
                    .map_err(|_| Halt::Stopped)?;
            }
            PublishDecision::Wait(PublishBlock::For(time)) => {
                let block = PublishBlock::For(time);
                let detail = format!("{block} ({})", queue.words());
                unit.begin(step, Some(detail)).await?;
                unit.unless_stopping(tokio::time::sleep(time)).await?;
            }
            PublishDecision::Wait(block) => {
                let kind = discriminant(&block);
                if reported.replace(kind) != Some(kind) {
                    unit.begin(step, Some(block.to_string())).await?;
                    look = FIRST_LOOK;
                }
                look_at(unit, &*session, &block, &permit, look / 2).await?;
                let is_same = |decision| matches!(decision, PublishDecision::Wait(same) if discriminant(&same) == kind);
                // What this unit itself found is part of the decision that follows.
                changes.mark_unchanged();
                if is_same(permit.decide(now())) {
                    // Another unit may find out first that the block has gone.
                    let change = tokio::time::timeout(look, changes.changed());
                    match unit.unless_stopping(change).await? {
                        Ok(change) => change.map_err(|_| Halt::Stopped)?,
                        Err(_elapsed) => look = (look * 2).min(LAST_LOOK),
                    }
                }
            }
        }
    }
}

/// Asks the forge whether a block has gone.
async fn look_at(
    unit: &UnitContext,
    session: &dyn ForgeSession,
    block: &PublishBlock,
    permit: &PublishPermit,
    every: Duration,
) -> Result<(), Halt> {
    match block {
        PublishBlock::For(_) => {}
        PublishBlock::UntilClosed(open) => {
            for pull_request in open {
                if is_closed(unit, session, pull_request).await? {
                    permit.update(|history| history.closed(pull_request));
                }
            }
        }
        PublishBlock::UntilOwnerIsFree(_, open) => {
            for pull_request in open {
                if permit.is_due(pull_request, now(), every)
                    && is_closed(unit, session, pull_request).await?
                {
                    permit.update(|history| history.closed(pull_request));
                }
            }
        }
        PublishBlock::UntilChecked(pending) => {
            for (pull_request, opened_at) in pending {
                if is_checked(unit, session, pull_request, *opened_at).await? {
                    permit.update(|history| history.checked(pull_request));
                }
            }
        }
    }
    Ok(())
}

async fn is_closed(
    unit: &UnitContext,
    session: &dyn ForgeSession,
    pull_request: &PullRequestRef,
) -> Result<bool, Halt> {
    match unit.unless_stopping(session.state(pull_request)).await? {
        Ok(state) => Ok(!state.is_open()),
        // batch asks again soon, and one bad minute must not end a run that waits for days.
        Err(error) => {
            tracing::warn!("{}", words::chain(&error));
            Ok(false)
        }
    }
}

/// Checks whether no check of the pull request runs any more. A pull request without checks counts only after a while,
/// because checks start a moment after it was opened.
async fn is_checked(
    unit: &UnitContext,
    session: &dyn ForgeSession,
    pull_request: &PullRequestRef,
    opened_at: i64,
) -> Result<bool, Halt> {
    match unit.unless_stopping(session.status(pull_request)).await? {
        Ok(standing) => Ok(match standing.checks {
            ChecksStatus::Running => !standing.state.is_open(),
            ChecksStatus::None => now().saturating_sub(opened_at) > UNCHECKED,
            ChecksStatus::Green | ChecksStatus::Red | ChecksStatus::Unknown => true,
        }),
        Err(error) => {
            tracing::warn!("{}", words::chain(&error));
            Ok(false)
        }
    }
}
