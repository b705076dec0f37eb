//! What becomes of a unit that was too much for its agent: the model's context was full, or the time was over. The
//! files that are done stay the unit's work, and the rest goes on as further units.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::agent::{AgentError, Answers, LimitReached};
use crate::git::{Changes, TreeId};
use crate::run::job::late_units::LateKind;
use crate::run::job::too_much::TooMuch;
use crate::run::job::uses::in_tree;
use crate::run::log::outcome::Step;
use crate::run::log::unit_state::UnitState;
use crate::run::unit::context::{Halt, Prepared, UnitContext, milliseconds};
use crate::words;

/// What an agent has done that was stopped in the middle.
pub(crate) enum Reached {
    /// All files have their change, and the checks can say whether it is complete.
    All,
    Some(Box<TooMuch>),
    /// The unit cannot be divided.
    Unknown,
}

/// Finds out how far an agent came that failed with this error, after it had worked for `took`.
pub(crate) async fn reached(
    unit: &UnitContext,
    prepared: &Prepared,
    error: &AgentError,
    took: Duration,
) -> Result<Reached, Halt> {
    let is_full = matches!(error, AgentError::ContextFull { .. });
    let is_late = matches!(
        error,
        AgentError::Limit {
            limit: LimitReached::Time(_),
            ..
        }
    );
    let state = unit.state();
    if !(is_full || is_late) || !may_be_divided(unit, &state) {
        return Ok(Reached::Unknown);
    }
    let claim = &unit.unit().claim.files;
    let after = unit.snapshot(Step::Agent).await?;
    let (done, rest) = done_and_rest(unit, prepared, &after, claim).await?;
    let reason = words::chain(error);
    match (done.is_empty(), rest.is_empty()) {
        (false, true) if unit.job.units[unit.number].checks.is_empty() => Ok(Reached::Unknown),
        (false, true) => Ok(Reached::All),
        (false, false) => {
            put_back(unit, prepared, after, &rest).await?;
            Ok(Reached::Some(Box::new(TooMuch {
                reason,
                keeps: done,
                took_ms: Some(milliseconds(took)),
                rest: halves(&rest),
            })))
        }
        // What does not even begin is divided once: after that, the size is not the reason.
        (true, _) if is_full && claim.len() > 1 && state.claim.is_none() => {
            let (keeps, rest) = claim.split_at(claim.len().div_ceil(2));
            Ok(Reached::Some(Box::new(TooMuch {
                reason,
                keeps: keeps.to_vec(),
                took_ms: None,
                rest: vec![rest.to_vec()],
            })))
        }
        (true, _) => Ok(Reached::Unknown),
    }
}

/// Checks whether the unit is one that can be divided: its agent does what it is told, and it is no candidate, no
/// follow-up, no unit of the run's own, and not the canary, which a person looks at as it was planned.
fn may_be_divided(unit: &UnitContext, state: &UnitState) -> bool {
    let kind = unit.job.spec.late_kind(unit.number);
    let has_failed = state
        .attempt
        .sent_back
        .iter()
        .any(|it| it.step == Step::Check);
    unit.assignment().agent.answers() == Answers::AsTold
        && matches!(kind, None | Some(LateKind::Part))
        && unit.job.candidates() == 1
        && state.follow_up.is_none()
        && !unit.is_canary
        // Then the work is whole, and wrong.
        && !has_failed
}

/// Divides the claim into the files that have their change and the others.
async fn done_and_rest(
    unit: &UnitContext,
    prepared: &Prepared,
    after: &TreeId,
    claim: &[String],
) -> Result<(Vec<String>, Vec<String>), Halt> {
    let (before, after, files) = (prepared.tree.clone(), after.clone(), claim.to_vec());
    unit.git(Step::Agent, move |job| {
        let repo = &job.workspace.repo;
        let changed = changed(&repo.changes(&before, &after)?);
        let reader = repo.tree_reader(&after)?;
        let holds_old = |path: &String| {
            let until = job.found.until.as_ref();
            let uses = until.and_then(|until| in_tree(until, &reader, std::slice::from_ref(path)));
            uses.is_some_and(|uses| uses.left > 0)
        };
        let is_done = |path: &String| changed.contains(path.as_bytes()) && !holds_old(path);
        Ok(files.into_iter().partition(is_done))
    })
    .await
}

fn changed(changes: &Changes) -> BTreeSet<Vec<u8>> {
    let list = changes.list.iter();
    list.map(|change| change.path.clone()).collect()
}

/// Puts the files of the rest back, of which some are half done.
async fn put_back(
    unit: &UnitContext,
    prepared: &Prepared,
    after: TreeId,
    rest: &[String],
) -> Result<(), Halt> {
    let (checkout, before) = (unit.checkout.clone(), prepared.tree.clone());
    let rest = rest.to_vec();
    unit.git(Step::Agent, move |job| {
        let kept = job.workspace.repo.with_paths_of(&after, &before, &rest)?;
        if kept == after {
            return Ok(());
        }
        checkout.show(&kept)
    })
    .await
}

/// Divides files into two halves; one file is one part.
fn halves(files: &[String]) -> Vec<Vec<String>> {
    let (first, second) = files.split_at(files.len().div_ceil(2));
    [first, second]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(<[String]>::to_vec)
        .collect()
}
