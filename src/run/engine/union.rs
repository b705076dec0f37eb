//! Checks the green units of a run together before they are published: a set of them after the other, as
//! [`narrow`] asks, until it is known which of them may be published.
//!
//! It runs as a task and says each result as an event, so that a later process goes on where it was.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::git::CommitId;
use crate::plan::UnitId;
use crate::run::engine::union_checkout::UnionCheckout;
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_state::RunState;
use crate::run::log::union::{Culprit, Union, UnionCheck, UnionEnd, UnionVerdict};
use crate::run::schedule::narrowing::{Finding, Narrowing, narrow};
use crate::run::schedule::union::Places;
use crate::run::unit::bench::Bench;
use crate::run::unit::context::Halt;

/// The task that checks a union.
pub(crate) struct RunningUnion {
    task: JoinHandle<()>,
    cancel: CancellationToken,
}

impl RunningUnion {
    /// Starts to check the union of the state, or goes on with it.
    pub(crate) fn start(mut bench: Bench, state: &RunState, union: Union) -> Self {
        let cancel = bench.cancel.child_token();
        bench.cancel = cancel.clone();
        let places = Places::of(state, &union);
        let task = tokio::spawn(async move { decide(&bench, &places, union).await });
        Self { task, cancel }
    }

    /// Waits for the end of the task; the error is that batch itself broke down in it.
    pub(crate) async fn ended(&mut self) -> Result<(), UnionEnd> {
        let ended = (&mut self.task).await;
        ended.map_err(|_| UnionEnd::NotChecked {
            reason: "batch itself broke down here; please report it".to_owned(),
        })
    }

    /// Ends the task and the checks that it runs.
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        // A panic was printed.
        let _ = self.task.await;
    }
}

/// Checks sets until it is known what may be published, and says so.
async fn decide(bench: &Bench, places: &Places, union: Union) {
    let mut checkout = UnionCheckout::new(bench);
    let end = match narrowed(bench, places, union, &mut checkout).await {
        Ok(end) => Some(end),
        Err(Halt::Failed(failure)) => Some(UnionEnd::NotChecked {
            reason: failure.reason,
        }),
        // A later process goes on.
        Err(_) => None,
    };
    checkout.take_away().await;
    if let Some(end) = end {
        // Without an engine that writes, nobody waits for it.
        let _ = bench.say(RunFact::UnionEnded(end)).await;
    }
}

async fn narrowed(
    bench: &Bench,
    places: &Places,
    mut union: Union,
    checkout: &mut UnionCheckout<'_>,
) -> Result<UnionEnd, Halt> {
    let mut answers = places.answers(&union.checks);
    // One unit alone has passed its own checks.
    if places.len() < 2 {
        let all = (0..places.len()).collect();
        let units = places.units(&all);
        return Ok(UnionEnd::Green {
            units,
            culprits: Vec::new(),
        });
    }
    loop {
        match narrow(&places.members, &answers) {
            Narrowing::Ask(set) => {
                let units = places.units(&set);
                let work = commits(&union, &units);
                let check = checkout.check(&work, union.checks.len() + 1).await?;
                bench.say(RunFact::UnionChecked(check.clone())).await?;
                answers.push((set, places.answer(&check).1));
                union.checks.push(check);
            }
            Narrowing::End(Finding::Unclear) => return Ok(UnionEnd::Unclear),
            Narrowing::End(Finding::Decided { green, culprits }) => {
                let culprits = culprits.iter().map(|set| {
                    let alone = places.units(&places.members.alone(set));
                    culprit(places.units(set), &alone, &union.checks)
                });
                return Ok(UnionEnd::Green {
                    units: places.units(&green),
                    culprits: culprits.collect(),
                });
            }
        }
    }
}

/// Returns the units with their commits.
fn commits(union: &Union, units: &[UnitId]) -> Vec<(UnitId, CommitId)> {
    let members = union.members.iter();
    members
        .filter(|it| units.contains(&it.unit))
        .map(|it| (it.unit.clone(), it.commit.clone()))
        .collect()
}

/// Names a set with the words of its last check alone.
fn culprit(units: Vec<UnitId>, alone: &[UnitId], checks: &[UnionCheck]) -> Culprit {
    let is_it = |check: &&UnionCheck| check.verdict == UnionVerdict::Red && check.units == alone;
    let last = checks.iter().rev().find(is_it);
    Culprit {
        units,
        reason: last
            .and_then(|check| check.reason.clone())
            .unwrap_or_default(),
        tail: last.and_then(|check| check.tail.clone()),
        log: last.and_then(|check| check.log.clone()),
    }
}
