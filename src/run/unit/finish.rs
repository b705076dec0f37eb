//! Whether the agent has finished, before its work is checked. Only an agent that was told how to say so is asked;
//! commands and the codemod are done when they end.

use std::collections::BTreeSet;

use crate::agent::Answers;
use crate::git::TreeId;
use crate::run::job::late_units::LateKind;
use crate::run::job::unfinished::{TurnWork, Unfinished, old_uses_left, unfinished};
use crate::run::job::uses::in_tree;
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::UnitState;
use crate::run::unit::context::{Failure, Halt, Prepared, ProvenChange, UnitContext};

/// A failure shows at most so many of the last lines of an answer.
const LINES_SHOWN: usize = 6;

/// Checks whether the agent ended without an answer, or in the middle of one, where only the agent can say whether its
/// work is complete. It is asked once.
pub(crate) fn is_to_be_asked(unit: &UnitContext, proven: Option<&ProvenChange>) -> bool {
    let state = unit.state();
    let attempt = &state.attempt;
    if !answers(unit) || attempt.asked_again.is_some() || attempt.is_divided {
        return false;
    }
    // Complete work whose checks pass is done without a word.
    let is_checked = proven.is_some() && !unit.job.units[unit.number].checks.is_empty();
    attempt.activity.is_paused || attempt.summary.is_none() && !is_checked
}

/// Fails an attempt whose work is not finished. What is left of the old form goes back to the agent while it gets
/// further with it; after that, people are told.
pub(crate) async fn finish(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: Option<&ProvenChange>,
) -> Result<(), Halt> {
    let tree = proven.map_or(&prepared.tree, |proven| &proven.tree);
    count_old_uses(unit, tree).await?;
    let state = unit.state();
    let attempt = &state.attempt;
    if !answers(unit) || attempt.is_divided || proven.is_none() && may_change_nothing(unit, &state)
    {
        return Ok(());
    }
    let claim = &unit.unit().claim.files;
    let untouched = proven.map_or_else(Vec::new, |proven| untouched(claim, proven));
    let work = TurnWork {
        answer: attempt.summary.as_deref(),
        activity: &attempt.activity,
        claimed: claim.len(),
        untouched: &untouched,
        has_changes: proven.is_some(),
        old_uses: attempt.old_uses.as_ref(),
    };
    if let Some(unfinished) = unfinished(work) {
        return Err(Halt::Failed(failure(unfinished, work.answer)));
    }
    let left = attempt.old_uses.as_ref().map_or(0, |uses| uses.left);
    let gets_further = attempt.told_old_uses.is_none_or(|told| left < told);
    let has_attempts = attempt.number() < unit.assignment().attempts();
    match old_uses_left(work).filter(|_| gets_further && has_attempts && proven.is_some()) {
        Some(unfinished) => Err(Halt::Failed(failure(unfinished, None))),
        None => Ok(()),
    }
}

fn answers(unit: &UnitContext) -> bool {
    unit.assignment().agent.answers() == Answers::AsTold
}

/// Checks whether the unit may change nothing without a word: it answers a review, or works on what others left, or its
/// work is in the work of others already.
fn may_change_nothing(unit: &UnitContext, state: &UnitState) -> bool {
    state.follow_up.is_some()
        || !state.stands_on.is_empty()
        || unit.job.spec.late_kind(unit.number) == Some(LateKind::Removals)
}

fn failure(unfinished: Unfinished, answer: Option<&str>) -> Failure {
    let tail = answer.map(|answer| {
        let lines: Vec<&str> = answer.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
    });
    Failure {
        feedback: Some(unfinished.feedback),
        tail,
        ..Failure::new(Step::Agent, unfinished.reason)
    }
}

/// Returns the claimed files that the work leaves as they were.
fn untouched<'a>(claim: &'a [String], proven: &ProvenChange) -> Vec<&'a str> {
    let changed: BTreeSet<&[u8]> = proven
        .changes
        .list
        .iter()
        .map(|change| change.path.as_slice())
        .collect();
    let claimed = claim.iter().map(String::as_str);
    claimed
        .filter(|path| !changed.contains(path.as_bytes()))
        .collect()
}

/// Counts what the plan wants gone in the unit's files, once for each attempt.
async fn count_old_uses(unit: &UnitContext, tree: &TreeId) -> Result<(), Halt> {
    if unit.job.found.until.is_none() || unit.state().attempt.old_uses.is_some() {
        return Ok(());
    }
    let (tree, claim) = (tree.clone(), unit.unit().claim.files.clone());
    let counted = unit
        .git(Step::Scope, move |job| {
            let reader = job.workspace.repo.tree_reader(&tree)?;
            let until = job.found.until.as_ref();
            Ok(until.and_then(|until| in_tree(until, &reader, &claim)))
        })
        .await?;
    match counted {
        Some(uses) => unit.say(UnitFact::OldUsesCounted(uses)).await,
        None => Ok(()),
    }
}
