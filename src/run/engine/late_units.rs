//! Decides when a run adds a unit to its plan: when the work that the unit is made of is done.

use crate::git::{CommitId, GitError};
use crate::run::job::job::Job;
use crate::run::job::late_units::{LateKind, LateUnit};
use crate::run::log::outcome::Outcome;
use crate::run::log::run_fact::UnitHeader;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::{CarriedWork, DeferredRemovals};
use crate::run::log::unit_state::UnitState;

/// Returns the unit that is to be added now, if there is one.
pub(crate) fn due(job: &Job, state: &RunState) -> Option<UnitHeader> {
    let at_work = state.units.iter().any(|unit| !is_done(unit));
    if at_work || state.starts_no_more() || state.canary().is_some() {
        return None;
    }
    let missing = |late: &&LateUnit| state.unit(&late.unit.id).is_none();
    let mut late = job.spec.late.iter().filter(missing);
    late.find_map(|late| made_of(late, job, state))
}

/// Checks whether a unit is as far as it comes by itself: it has ended, or waits to be published with all others.
fn is_done(unit: &UnitState) -> bool {
    unit.outcome().is_some() || unit.attempt.commit.is_some()
}

fn made_of(late: &LateUnit, job: &Job, state: &RunState) -> Option<UnitHeader> {
    let good: Vec<&UnitState> = state.units.iter().filter(|unit| has_work(unit)).collect();
    let work: Vec<CarriedWork> = match late.kind {
        LateKind::Removals => good
            .iter()
            .filter_map(|unit| Some(removals(unit.attempt.deferred.as_ref()?)))
            .collect(),
        LateKind::Integration | LateKind::Part => Vec::new(),
    };
    let has_reason = match late.kind {
        LateKind::Removals => !work.is_empty() && !is_done_already(job, &good, &work),
        // One unit alone joins nothing.
        LateKind::Integration => good.len() > 1,
        // A division adds it.
        LateKind::Part => false,
    };
    if !has_reason {
        return None;
    }
    let number = job.spec.number(&late.unit.id);
    let agent = number.map(|number| job.units[number].assignment.agent.id().clone());
    Some(UnitHeader {
        id: late.unit.id.clone(),
        title: late.unit.title.clone(),
        // A unit that takes nothing away may use what others take away, until its own work is there.
        needs: good
            .into_iter()
            .map(|unit| unit.header.id.clone())
            .collect(),
        files: late.unit.claim.files.len(),
        lines: 0,
        owners: late.unit.owners.clone(),
        agent: agent.filter(|_| late.unit.agent.is_some()),
        candidates: Vec::new(),
        work,
    })
}

/// Checks whether the units together have made the removals already: one that came after all others can.
fn is_done_already(job: &Job, good: &[&UnitState], removals: &[CarriedWork]) -> bool {
    let commits = good.iter().filter_map(|unit| unit.attempt.commit.clone());
    match is_in(job, &commits.collect::<Vec<_>>(), removals) {
        Ok(is_in) => is_in,
        // The unit itself tells what does not fit.
        Err(GitError::Conflict { .. }) => false,
        Err(error) => {
            tracing::warn!("{error}");
            false
        }
    }
}

fn is_in(job: &Job, commits: &[CommitId], removals: &[CarriedWork]) -> Result<bool, GitError> {
    let repo = &job.workspace.repo;
    let is_made = |path: &str| job.found.rules.make(path);
    let mut tree = job.tree(&job.base())?;
    for tip in repo.independent(commits)? {
        let merged = repo.apply_without_made(&tree, &job.base(), &tip, &is_made)?;
        tree = merged.tree;
    }
    for part in removals {
        let after = repo.with_paths_of(&part.after, &part.before, &part.made)?;
        let (with, conflicts) = repo.put_together(&tree, &part.before, &after)?;
        if with != tree || !conflicts.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn has_work(unit: &UnitState) -> bool {
    let is_lost = matches!(
        unit.outcome(),
        Some(Outcome::Failed { .. } | Outcome::Blocked { .. })
    );
    unit.attempt.commit.is_some() && !is_lost
}

fn removals(deferred: &DeferredRemovals) -> CarriedWork {
    CarriedWork {
        before: deferred.tree.clone(),
        after: deferred.full.clone(),
        made: deferred.made.clone(),
        took_ms: 0,
        summary: Some(format!(
            "Takes away what is no longer used: {}",
            deferred.paths.join(", ")
        )),
        session: None,
    }
}
