//! Removes checkouts whose work is safe elsewhere: they are put aside while the run goes, and deleted when that
//! disturbs nobody.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::git::delete_tree;
use crate::plan::UnitId;
use crate::run::job::job::Job;
use crate::run::job::run_spec::KeepWorktrees;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::{Phase, UnitState};
use crate::run::unit::base_checks;

/// The clean-up of a run.
pub(crate) struct CleanUp {
    job: Arc<Job>,
    tasks: JoinSet<()>,
    /// How many units had ended when discarded checkouts were last deleted for their space.
    freed_at: Option<usize>,
}

/// Checks whether all work of a unit with this outcome is safe elsewhere than in its checkout.
fn is_safe(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published | Outcome::NoChange { .. })
}

impl CleanUp {
    pub(crate) fn new(job: &Arc<Job>) -> Self {
        Self {
            job: Arc::clone(job),
            tasks: JoinSet::new(),
            freed_at: None,
        }
    }

    /// Checks whether nothing is being removed at the moment.
    pub(crate) fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until something was removed; `None` where nothing is being removed.
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.tasks.join_next().await.map(drop)
    }

    /// Checks whether the run can still get disk space: something is being removed, or could be.
    pub(crate) fn may_free_space(&self, state: &RunState) -> bool {
        !self.is_idle() || self.can_free_space(state)
    }

    /// Checks whether units have ended whose checkouts wait to be deleted.
    fn can_free_space(&self, state: &RunState) -> bool {
        let done = self.job.workspace.places.done(self.job.id());
        self.freed_at != Some(ended_units(state)) && done.exists()
    }

    /// Deletes discarded checkouts at once while units wait for disk space.
    pub(crate) fn free_space(&mut self, state: &RunState) {
        if state.waits_for_disk_space && self.is_idle() && self.can_free_space(state) {
            let done = self.job.workspace.places.done(self.job.id());
            self.freed_at = Some(ended_units(state));
            self.tasks.spawn_blocking(move || {
                if let Err(error) = delete_tree(&done) {
                    tracing::warn!("{} was left behind: {error}", done.display());
                }
            });
        }
    }

    /// Discards the checkout of a unit that has ended, if its work is safe elsewhere.
    pub(crate) fn discard(&mut self, unit: &UnitState, outcome: &Outcome) {
        if !is_safe(outcome)
            || self.job.spec.keep_worktrees() == KeepWorktrees::All
            || unit.attempt.worktree.is_none()
        {
            return;
        }
        let checkout = self.job.checkout(&unit.header.id);
        self.tasks.spawn_blocking(move || {
            // Discarded now and deleted after the run: deleting thousands of files slows down workers.
            if let Err(error) = checkout.discard().or_else(|_| checkout.remove()) {
                let path = checkout.path().display();
                tracing::warn!("the worktree {path} was left behind: {error}");
            }
        });
    }

    /// Finishes the clean-up when no unit runs any more: git removes empty folders together with branches, and a unit
    /// may be about to fill such a folder. `batch clean` removes the rest.
    pub(crate) async fn finish(&mut self, state: &RunState) {
        while self.next().await.is_some() {}
        let job = Arc::clone(&self.job);
        let units = state.units.clone();
        let put_away = tokio::task::spawn_blocking(move || {
            for unit in &units {
                put_away(&job, unit);
            }
            let (base, union) = (job.base_checkout(), job.union_checkout());
            for (what, checkout) in [("base", &base), ("union", &union)] {
                if let Err(error) = base_checks::take_away(checkout) {
                    tracing::warn!("the worktree of the {what} was left behind: {error}");
                }
            }
            base.remove_empty_folders_above();
            job.workspace.delete_shared_caches();
        });
        // Only a panic stops the task, and the panic was printed.
        let _ = put_away.await;
    }
}

fn ended_units(state: &RunState) -> usize {
    state.count(|phase| matches!(phase, Phase::Ended(_)))
}

/// Removes the branch of a unit without a change, and a checkout that a killed process left.
fn put_away(job: &Job, unit: &UnitState) {
    let id: &UnitId = &unit.header.id;
    if let (Some(Outcome::NoChange { .. }), Some(branch)) = (unit.outcome(), &unit.attempt.branch)
        && let Err(error) = job
            .workspace
            .repo
            .delete_untouched_branch(&branch.name, &branch.start)
    {
        tracing::warn!("branch {} was left behind: {error}", branch.name);
    }
    if unit.attempt.worktree.is_none() {
        return;
    }
    let checkout = job.checkout(id);
    let last_follow_up = unit.publication.follow_ups.last();
    if unit.outcome().is_some_and(is_safe)
        && last_follow_up.is_none_or(|it| is_safe(&it.outcome))
        && job.spec.keep_worktrees() == KeepWorktrees::WithUnpublishedWork
        && let Err(error) = checkout.discard()
    {
        let path = checkout.path().display();
        tracing::warn!("the worktree {path} was left behind: {error}");
    }
    checkout.remove_empty_folders_above();
}
