//! The chosen pull requests, and one action for each, in the order of needs. An action that is impossible for one pull
//! request is reported, and the next pull request follows.

use super::action::{ActionReport, Mode, NotDone};
use super::session::PrSession;
use crate::forge::{Action, PullRequestRef};
use crate::git::BranchName;
use crate::plan::UnitId;
use crate::run::UnitState;

/// The chosen pull requests of a session.
pub(crate) struct Selection<'a> {
    pub(super) session: &'a mut PrSession,
    chosen: Vec<(UnitState, PullRequestRef)>,
    pub(super) mode: Mode,
    report: &'a mut dyn FnMut(&ActionReport),
}

impl<'a> Selection<'a> {
    /// Selects the pull requests of these units, or all of the run.
    pub(crate) fn new(
        session: &'a mut PrSession,
        units: Option<&[UnitId]>,
        mode: Mode,
        report: &'a mut dyn FnMut(&ActionReport),
    ) -> Self {
        let is_chosen = |unit: &UnitState| units.is_none_or(|ids| ids.contains(&unit.header.id));
        let mut chosen = session.all();
        chosen.retain(|(unit, _)| is_chosen(unit));
        Self {
            session,
            chosen,
            mode,
            report,
        }
    }

    /// Performs the action on each pull request.
    pub(crate) async fn act(&mut self, act: &Action) {
        for (unit, pr) in self.chosen() {
            let done = self.act_on(&unit, &pr, act).await;
            self.conclude(&unit, &pr, done);
        }
    }

    /// Closes each pull request and deletes its branch on the remote.
    pub(crate) async fn close_and_delete(&mut self) {
        for (unit, pr) in self.chosen() {
            let done = self.close_with_branch(&unit, &pr).await;
            self.conclude(&unit, &pr, done);
        }
    }

    async fn close_with_branch(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
    ) -> Result<String, NotDone> {
        let state = self.session.status(unit, pr).await?.standing.state;
        let closed = if state.is_open() {
            Some(self.act_on(unit, pr, &Action::Close).await?)
        } else {
            None
        };
        let state = state.words();
        let deleted = self.delete_branch(unit).await?;
        match (closed, deleted) {
            (Some(closed), Ok(remote)) => Ok(format!("{closed}, its branch deleted on {remote}")),
            (Some(closed), Err(why)) => Ok(format!("{closed}; {why}")),
            (None, Ok(remote)) => Ok(format!(
                "cleaned up: its branch is deleted on {remote}; it is already {state}"
            )),
            (None, Err(why)) => Err(NotDone::Unchanged(format!("is already {state}; {why}"))),
        }
    }

    /// Returns the remote where the unit's branch was deleted, or why it was not deleted.
    async fn delete_branch(&self, unit: &UnitState) -> Result<Result<String, String>, NotDone> {
        let (Some(remote), Some(branch), Some(commit)) = (
            &unit.publication.pushed_to,
            unit.attempt.branch_name(),
            &unit.attempt.commit,
        ) else {
            return Ok(Err("it has no branch on a remote".to_owned()));
        };
        // A forge closes a pull request whose base branch is gone.
        if let Some(other) = self.open_on(unit, branch).await? {
            return Ok(Err(format!("its branch stays, since #{other} goes to it")));
        }
        let repo = &self.session.repo;
        if repo.remote_branch(remote, branch)?.is_none() {
            return Ok(Err(format!("its branch is gone from {remote}")));
        }
        if self.mode == Mode::Real {
            repo.delete_remote_branch(remote, branch, commit)?;
        }
        Ok(Ok(remote.clone()))
    }

    /// Returns an open pull request of another unit that goes to this branch.
    async fn open_on(&self, unit: &UnitState, branch: &BranchName) -> Result<Option<u64>, NotDone> {
        for (other, pr) in self.session.all() {
            if other.header.needs.contains(&unit.header.id) {
                let standing = self.session.status(&other, &pr).await?.standing;
                if standing.state.is_open() && standing.base == branch.as_str() {
                    return Ok(Some(pr.number));
                }
            }
        }
        Ok(None)
    }

    async fn act_on(
        &self,
        unit: &UnitState,
        pr: &PullRequestRef,
        act: &Action,
    ) -> Result<String, NotDone> {
        let standing = self.session.status(unit, pr).await?.standing;
        if let Some(why) = act.obstacle(&standing) {
            return Err(NotDone::Unchanged(why.to_owned()));
        }
        if self.mode == Mode::Real {
            self.session.forge.act(pr, act).await?;
        }
        Ok(act.to_string())
    }

    pub(super) fn chosen(&self) -> Vec<(UnitState, PullRequestRef)> {
        self.chosen.clone()
    }

    /// Returns the chosen pull requests except reverts, which no agent made.
    pub(super) fn chosen_units(&self) -> Vec<(UnitState, PullRequestRef)> {
        let mut chosen = self.chosen();
        chosen.retain(|(unit, _)| self.session.state.unit(&unit.header.id).is_some());
        chosen
    }

    /// Reports how the action on one pull request ended.
    pub(super) fn conclude(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
        done: Result<String, NotDone>,
    ) {
        let unit = unit.header.id.clone();
        (self.report)(&ActionReport::new(unit, pr.number, self.mode, done));
    }
}
