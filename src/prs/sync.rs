//! Stacked pull requests brought onto what their ground has become.
//!
//! A unit that needs another starts from its work, and its pull request goes to that one's branch. When that one is merged,
//! this one goes to the run's own branch; and where the work it starts from came there as another commit (squashed, say) or was
//! itself put on new ground, its own change is put on top of that. The branch is moved by refs alone, and pushed only over
//! what this run left there.

use super::desk::{Desk, Home};
use super::round::{Earnest, Halt, Round};
use crate::forge::{Act, PullRequestRef, Standing, State};
use crate::git::CommitId;
use crate::run::{Afterwards, UnitFact, UnitState};

/// What a pull request should stand on, and go to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ground {
    branch: String,
    /// The commit at which that branch stands.
    tip: String,
}

impl Round<'_> {
    /// Brings each onto what its ground has become.
    pub async fn sync(&mut self) {
        for (unit, which) in self.chosen() {
            if !self.desk.is_stacked(&unit) {
                continue;
            }
            let done = self.sync_one(&unit, &which).await;
            let nothing = Halt::Left("stands where it should".to_owned());
            let done = done.and_then(|said| said.ok_or(nothing));
            self.conclude(&unit, &which, done);
        }
    }

    /// What was done, in the past tense; nothing where there was nothing to do.
    pub(super) async fn sync_one(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
    ) -> Result<Option<String>, Halt> {
        let standing = self.desk.look(unit, which).await?.standing;
        if !standing.state.is_open() {
            let words = standing.state.words();
            return Err(Halt::Left(format!("is {words} already")));
        }
        let Some(ground) = self.ground(unit).await? else {
            return Ok(None);
        };
        let mut done = Vec::new();
        if let (Some(commit), Some(start)) = (&unit.attempt.commit, &unit.attempt.start())
            && !self.desk.repo.contains(&ground.tip, start)?
            && !self.desk.repo.contains(commit, &ground.tip)?
        {
            self.put_on(unit, &standing, &ground)?;
            done.push(format!("put on top of {}", ground.branch));
        } else if self.earnest == Earnest::Done {
            // What an earlier attempt wrote down but did not bring to its end.
            self.bring(unit)?;
        }
        if standing.base != ground.branch {
            let act = Act::Retarget(ground.branch);
            if self.earnest == Earnest::Done {
                self.desk.forge.act(which, &act).await?;
            }
            done.push(act.to_string());
        }
        Ok((!done.is_empty()).then(|| done.join(", ")))
    }

    /// What the unit should stand on now; nothing while all that it needs is as it was.
    async fn ground(&self, unit: &UnitState) -> Result<Option<Ground>, Halt> {
        let mut open = Vec::new();
        let mut merged_into = None;
        for (need, which) in self.desk.needs_of(unit) {
            let standing = self.desk.look(&need, &which).await?.standing;
            match standing.state {
                State::Merged => merged_into = Some(standing.base),
                State::Closed => {
                    return Err(Halt::Left(format!(
                        "needs #{}, which was closed",
                        which.number
                    )));
                }
                State::Draft | State::Open => open.push((need, which)),
            }
        }
        match (&open[..], merged_into) {
            // Pages say where they were merged; a server merges into what the run is for.
            ([], Some(branch)) => {
                let branch = match self.desk.home {
                    Home::Here => branch,
                    Home::Server => self.desk.base_branch.clone(),
                };
                let tip = self.desk.tip(&branch)?;
                let gone = || Halt::Failed(format!("branch {branch} is gone"));
                let tip = tip.ok_or_else(gone)?;
                Ok(Some(Ground { branch, tip }))
            }
            ([(need, _)], None) => {
                let branch = match self.desk.upstream {
                    Some(_) => Some(self.desk.base_branch.clone()),
                    None => need.attempt.branch_name().map(ToString::to_string),
                };
                let ground = branch.zip(need.attempt.commit.as_ref().map(ToString::to_string));
                Ok(ground.map(|(branch, tip)| Ground { branch, tip }))
            }
            ([] | [_, _, ..], None) => Ok(None),
            ([(_, which), ..], Some(_)) => Err(Halt::Left(format!("waits for #{}", which.number))),
        }
    }

    /// Makes the unit's change once more on top of its ground.
    fn put_on(
        &mut self,
        unit: &UnitState,
        standing: &Standing,
        ground: &Ground,
    ) -> Result<(), Halt> {
        let (Some(commit), Some(start), Some(branch)) = (
            &unit.attempt.commit,
            unit.attempt.start(),
            unit.attempt.branch_name(),
        ) else {
            return Ok(());
        };
        let is_ours = |stands: &String| {
            let mut earlier = unit.ledger.earlier_commits.iter();
            *stands == *commit || earlier.any(|it| *stands == *it)
        };
        if !standing.commit.as_ref().is_none_or(is_ours) {
            return Err(Halt::Left(format!(
                "was worked on by somebody else: put {branch} on top of {} yourself",
                ground.branch
            )));
        }
        if self.earnest == Earnest::Rehearsed {
            return Ok(());
        }
        let moved = self.desk.repo.squash_onto(commit, start, &ground.tip)?;
        let fact = UnitFact::Rebased {
            commit: CommitId::new(moved),
            start: CommitId::new(ground.tip.clone()),
        };
        let id = &unit.header.id;
        // Written down before any branch moves, so that a crash leaves nothing that is not known.
        let recorded = Afterwards::of(&self.desk.places, &self.desk.state.id)?.say(id, fact)?;
        self.desk.state.apply(&recorded);
        match self.desk.state.unit(id).cloned() {
            Some(unit) => self.bring(&unit),
            None => Ok(()),
        }
    }

    /// Brings the unit's branch, here and on the remote, to its commit.
    fn bring(&self, unit: &UnitState) -> Result<(), Halt> {
        let (Some(commit), Some(branch)) = (&unit.attempt.commit, unit.attempt.branch_name())
        else {
            return Ok(());
        };
        let Desk { repo, .. } = &*self.desk;
        let earlier = &unit.ledger.earlier_commits;
        if let Some(stands) = repo.branch_tip(branch)?.map(CommitId::new)
            && earlier.contains(&stands)
        {
            repo.move_branch(branch, Some(&stands), commit)?;
        }
        if let Some(remote) = unit
            .publication
            .pushed_to
            .as_ref()
            .filter(|_| !earlier.is_empty())
        {
            repo.update_remote_branch(remote, branch, commit, earlier)?;
        }
        Ok(())
    }
}
