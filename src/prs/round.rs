//! One thing done with each of the chosen pull requests, those that others need first. What cannot be done with one is
//! told, and the others go on.

use super::desk::Desk;
use crate::forge::{Act, PullRequestRef};
use crate::plan::UnitId;
use crate::run::UnitState;
use crate::words;

/// Whether it is done, or only told what would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earnest {
    Done,
    Rehearsed,
}

/// What came of one pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub unit: UnitId,
    pub number: u64,
    pub outcome: Outcome,
    /// In words that follow its number.
    pub said: String,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// It would be done.
    Rehearsed,
    /// It was left as it was.
    Left,
    Failed,
}

/// What ends the work on one pull request.
#[derive(Debug)]
pub(super) enum Halt {
    /// There is a reason to leave it as it is, in words that follow its number.
    Left(String),
    Failed(String),
}

impl<E: std::error::Error + 'static> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Failed(words::chain(&error))
    }
}

/// The chosen pull requests, worked on one after another.
pub struct Round<'a> {
    pub(super) desk: &'a mut Desk,
    chosen: Vec<(UnitState, PullRequestRef)>,
    pub(super) earnest: Earnest,
    tell: &'a mut dyn FnMut(&Told),
}

impl<'a> Round<'a> {
    /// Over the units of these ids, or over all that have a pull request.
    pub fn new(
        desk: &'a mut Desk,
        units: Option<&[UnitId]>,
        earnest: Earnest,
        tell: &'a mut dyn FnMut(&Told),
    ) -> Self {
        let is_chosen = |unit: &UnitState| units.is_none_or(|ids| ids.contains(&unit.header.id));
        let mut chosen = desk.all();
        chosen.retain(|(unit, _)| is_chosen(unit));
        Self {
            desk,
            chosen,
            earnest,
            tell,
        }
    }

    /// Does this with each.
    pub async fn act(&mut self, act: &Act) {
        for (unit, which) in self.chosen.clone() {
            let done = self.act_on(&unit, &which, act).await;
            self.conclude(&unit, &which, done);
        }
    }

    /// Closes each, and deletes its branch on the remote.
    pub async fn close_and_delete(&mut self) {
        for (unit, which) in self.chosen.clone() {
            let done = self.close_with_branch(&unit, &which).await;
            self.conclude(&unit, &which, done);
        }
    }

    async fn close_with_branch(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
    ) -> Result<String, Halt> {
        let state = self.desk.look(unit, which).await?.standing.state;
        let closed = if state.is_open() {
            Some(self.act_on(unit, which, &Act::Close).await?)
        } else {
            None
        };
        let state = state.words();
        let deleted = self.delete_branch(unit).await?;
        match (closed, deleted) {
            (Some(closed), Ok(remote)) => Ok(format!("{closed}, its branch deleted on {remote}")),
            (Some(closed), Err(why)) => Ok(format!("{closed}; {why}")),
            (None, Ok(remote)) => Ok(format!(
                "freed of its branch on {remote}; it is {state} already"
            )),
            (None, Err(why)) => Err(Halt::Left(format!("is {state} already; {why}"))),
        }
    }

    /// Gives the remote on which the unit's branch was deleted, or why none was.
    async fn delete_branch(&self, unit: &UnitState) -> Result<Result<String, String>, Halt> {
        let (Some(remote), Some(branch), Some(commit)) = (
            &unit.publication.pushed_to,
            unit.attempt.branch_name(),
            &unit.attempt.commit,
        ) else {
            return Ok(Err("it has no branch on a remote".to_owned()));
        };
        // A forge closes what goes to a branch that is gone.
        if let Some(other) = self.open_on(unit, branch).await? {
            return Ok(Err(format!("its branch stays, since #{other} goes to it")));
        }
        let repo = &self.desk.repo;
        if repo.remote_branch(remote, branch)?.is_none() {
            return Ok(Err(format!("its branch is gone from {remote}")));
        }
        if self.earnest == Earnest::Done {
            repo.delete_remote_branch(remote, branch, commit)?;
        }
        Ok(Ok(remote.clone()))
    }

    /// An open pull request of another unit that goes to this branch.
    async fn open_on(&self, unit: &UnitState, branch: &str) -> Result<Option<u64>, Halt> {
        for (other, which) in self.desk.all() {
            if other.header.needs.contains(&unit.header.id) {
                let row = self.desk.look(&other, &which).await?;
                if row.standing.state.is_open() && row.standing.base == branch {
                    return Ok(Some(which.number));
                }
            }
        }
        Ok(None)
    }

    pub(super) async fn act_on(
        &self,
        unit: &UnitState,
        which: &PullRequestRef,
        act: &Act,
    ) -> Result<String, Halt> {
        let row = self.desk.look(unit, which).await?;
        if let Some(why) = act.obstacle(&row.standing) {
            return Err(Halt::Left(why.to_owned()));
        }
        if self.earnest == Earnest::Done {
            self.desk.forge.act(which, act).await?;
        }
        Ok(act.to_string())
    }

    pub(super) fn chosen(&self) -> Vec<(UnitState, PullRequestRef)> {
        self.chosen.clone()
    }

    /// Tells what came of one.
    pub(super) fn conclude(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
        done: Result<String, Halt>,
    ) {
        let (outcome, said) = match (done, self.earnest) {
            (Ok(said), Earnest::Done) => (Outcome::Done, said),
            (Ok(said), Earnest::Rehearsed) => (Outcome::Rehearsed, format!("would be {said}")),
            (Err(Halt::Left(why)), _) => (Outcome::Left, why),
            (Err(Halt::Failed(why)), _) => (Outcome::Failed, format!("failed: {why}")),
        };
        (self.tell)(&Told {
            unit: unit.header.id.clone(),
            number: which.number,
            outcome,
            said,
        });
    }
}
