//! Worktrees whose work is safe elsewhere: put aside while the run goes, deleted when that disturbs nobody.

use std::sync::Arc;

use crate::git::{delete_tree, remove_empty_folders_above};
use crate::plan::UnitId;
use crate::run::engine::run_loop::Engine;
use crate::run::job::spec::KeepWorktrees;
use crate::run::log::event::Outcome;
use crate::run::log::state::Phase;
use crate::run::unit::base_checks;
use crate::run::workspace::places::worktree_name;

/// Whether all that such a unit did stands elsewhere than in its worktree.
fn is_safe(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published | Outcome::NoChange { .. })
}

impl Engine<'_> {
    /// Whether worktrees of units that have ended since the last time wait to be deleted.
    pub(crate) fn can_make_room(&self) -> bool {
        self.made_room_at != Some(self.ended_units()) && self.job.places.done(&self.job.id).exists()
    }

    fn ended_units(&self) -> usize {
        self.state.count(|phase| matches!(phase, Phase::Ended(_)))
    }

    /// While units wait for room, what is put off otherwise is deleted at once.
    pub(crate) fn make_room(&mut self) {
        if self.state.waits_for_room && self.tidying.is_empty() && self.can_make_room() {
            let done = self.job.places.done(&self.job.id);
            self.made_room_at = Some(self.ended_units());
            self.tidying.spawn_blocking(move || {
                if let Err(error) = delete_tree(&done) {
                    tracing::warn!("{} was left behind: {error}", done.display());
                }
            });
        }
    }

    /// Takes away the worktree of a unit whose work is safe elsewhere.
    pub(crate) fn tidy(&mut self, number: usize, outcome: &Outcome) {
        if !is_safe(outcome) || self.job.worktrees == KeepWorktrees::All {
            return;
        }
        let unit = self.id(number);
        let Some(path) = self
            .state
            .unit(&unit)
            .and_then(|unit| unit.worktree.clone())
        else {
            return;
        };
        let job = Arc::clone(&self.job);
        self.tidying.spawn_blocking(move || {
            let name = worktree_name(&job.id, &unit);
            // Renamed now and deleted after the run: deleting thousands of files makes creating others slow meanwhile.
            let gone = job
                .repo
                .discard_worktree(&name, &path, &job.places.done(&job.id))
                .or_else(|_| job.repo.remove_worktree(&name, &path).map(|()| None));
            if let Err(error) = gone {
                tracing::warn!("the worktree {} was left behind: {error}", path.display());
            }
        });
    }

    /// What must wait until no unit is running: git removes the folders of deleted branches, and a folder that is empty
    /// now may be filled a moment later. Whatever remains, `batch clean` takes.
    pub(crate) async fn put_away(&self) {
        let job = Arc::clone(&self.job);
        let units = self.state.units.clone();
        let put_away = tokio::task::spawn_blocking(move || {
            for unit in &units {
                if let (Some(Outcome::NoChange { .. }), Some(branch), Some(start)) =
                    (unit.outcome(), &unit.branch, &unit.start)
                    && let Err(error) = job.repo.delete_untouched_branch(branch, start)
                {
                    tracing::warn!("branch {branch} was left behind: {error}");
                }
                let Some(path) = &unit.worktree else { continue };
                // A process that was killed may have left it.
                if unit.outcome().is_some_and(is_safe)
                    && unit.mended.last().is_none_or(|it| is_safe(&it.outcome))
                    && job.worktrees == KeepWorktrees::WithUnpublishedWork
                    && let Err(error) = job.repo.discard_worktree(
                        &worktree_name(&job.id, &unit.header.id),
                        path,
                        &job.places.done(&job.id),
                    )
                {
                    tracing::warn!("the worktree {} was left behind: {error}", path.display());
                }
                remove_empty_folders_above(path);
            }
            if let Err(error) = base_checks::take_away(&job) {
                tracing::warn!("the worktree of the base was left behind: {error}");
            }
            remove_empty_folders_above(&job.naming.folder(&job.id, &UnitId::base()));
        });
        // Only a panic could get in the way, and it has been told.
        let _ = put_away.await;
    }
}
