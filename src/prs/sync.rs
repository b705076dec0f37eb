//! Moves stacked pull requests to the present state of their needs.
//!
//! A unit that needs another unit starts from its work, and its pull request goes to the branch of that need. When the
//! need is merged, the pull request goes to the branch of the run. Where the work of the need came there as another
//! commit (squashed, say), or was rebased itself, the unit's own change is rebased onto the new commit. Only refs move,
//! and a push replaces only a commit that this run pushed.

use super::action::{Mode, NotDone};
use super::made_files::MadeFiles;
use super::selection::Selection;
use super::session::{Location, PrSession};
use crate::forge::{Action, PullRequestRef, PullRequestState, PullRequestStatus};
use crate::git::{BranchName, CommitId, GitError};
use crate::run::{Afterwards, UnitFact, UnitState};

/// The branch that a pull request should go to, with the commit that it should build on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NewBase {
    branch: BranchName,
    /// The tip of that branch.
    tip: CommitId,
}

impl Selection<'_> {
    /// Moves each chosen pull request to the present state of its needs.
    pub(crate) async fn sync(&mut self) {
        for (unit, pr) in self.chosen() {
            if !self.session.is_stacked(&unit) {
                continue;
            }
            let done = self.sync_one(&unit, &pr).await;
            let nothing = NotDone::Unchanged("is up to date".to_owned());
            let done = done.and_then(|said| said.ok_or(nothing));
            self.conclude(&unit, &pr, done);
        }
    }

    /// Returns in the past tense what was done, or `None` where there was nothing to do.
    pub(super) async fn sync_one(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
    ) -> Result<Option<String>, NotDone> {
        let standing = self.session.status(unit, pr).await?.standing;
        if !standing.state.is_open() {
            let words = standing.state.words();
            return Err(NotDone::Unchanged(format!("is already {words}")));
        }
        let Some(onto) = self.new_base(unit).await? else {
            return Ok(None);
        };
        let mut done = Vec::new();
        if let (Some(commit), Some(start)) = (&unit.attempt.commit, unit.attempt.start())
            && !self.session.repo.contains(&onto.tip, start)?
            && !self.session.repo.contains(commit, &onto.tip)?
        {
            done.push(self.move_to(unit, &standing, &onto, None).await?);
        } else if self.mode == Mode::Real {
            // An earlier call may have recorded a commit without moving the branch.
            self.update_branch(unit)?;
        }
        if standing.base != onto.branch.as_str() {
            let act = Action::Retarget(onto.branch.to_string());
            if self.mode == Mode::Real {
                self.session.forge.act(pr, &act).await?;
            }
            done.push(act.to_string());
        }
        Ok((!done.is_empty()).then(|| done.join(", ")))
    }

    /// Returns the new base of the unit, or `None` while its needs are as they were.
    async fn new_base(&self, unit: &UnitState) -> Result<Option<NewBase>, NotDone> {
        let mut open = Vec::new();
        let mut merged_into = None;
        for (need, pr) in self.session.needs_of(unit) {
            let standing = self.session.status(&need, &pr).await?.standing;
            match standing.state {
                PullRequestState::Merged => merged_into = Some(standing.base),
                PullRequestState::Closed => {
                    return Err(NotDone::Unchanged(format!(
                        "needs #{}, which was closed",
                        pr.number
                    )));
                }
                PullRequestState::Draft | PullRequestState::Open => open.push((need, pr)),
            }
        }
        match (&open[..], merged_into) {
            // A page names the branch that it was merged into; a server merges into the branch of the run.
            ([], Some(branch)) => {
                let branch = match self.session.location {
                    Location::Repository => BranchName::new(branch),
                    Location::Server => self.session.base_branch.clone(),
                };
                let tip = self.session.tip(&branch)?;
                let gone = || NotDone::Failed(format!("branch {branch} is gone"));
                let tip = tip.ok_or_else(gone)?;
                Ok(Some(NewBase { branch, tip }))
            }
            ([(need, _)], None) => {
                let branch = match self.session.upstream {
                    Some(_) => Some(self.session.base_branch.clone()),
                    None => need.attempt.branch_name().cloned(),
                };
                let onto = branch.zip(need.attempt.commit.clone());
                Ok(onto.map(|(branch, tip)| NewBase { branch, tip }))
            }
            ([] | [_, _, ..], None) => Ok(None),
            ([(_, pr), ..], Some(_)) => {
                Err(NotDone::Unchanged(format!("waits for #{}", pr.number)))
            }
        }
    }

    /// Rebases the unit's change onto the branch that the run is for, where files changed there too that commands made
    /// for the unit: these commands make them again. Returns in the past tense what was done.
    pub(super) async fn renew(
        &mut self,
        unit: &UnitState,
        standing: &PullRequestStatus,
    ) -> Result<Option<String>, NotDone> {
        if unit.regenerated_files().is_empty() {
            return Ok(None);
        }
        let branch = self.session.base_branch.clone();
        let tip = self.session.tip(&branch)?;
        let (Some(commit), Some(tip)) = (&unit.attempt.commit, tip) else {
            return Ok(None);
        };
        let made = MadeFiles::of(self.session, unit, &tip)?;
        let repo = &self.session.repo;
        let is_made = |path: &str| made.has(path);
        if repo.contains(commit, &tip)? {
            return Ok(None);
        }
        match repo.merge_without_made(&tip, commit, &is_made) {
            Ok(merged) if merged.stale.is_empty() => Ok(None),
            // The server says so too.
            Err(GitError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(_) => {
                let onto = NewBase { branch, tip };
                let done = self.move_to(unit, standing, &onto, Some(made)).await?;
                Ok(Some(done))
            }
        }
    }

    /// Rebases the unit's change onto its new base. Returns in the past tense what was done. `made` are the files that
    /// commands make again there, where they are known.
    async fn move_to(
        &mut self,
        unit: &UnitState,
        standing: &PullRequestStatus,
        onto: &NewBase,
        made: Option<MadeFiles>,
    ) -> Result<String, NotDone> {
        let done = format!("rebased onto {}", onto.branch);
        let (Some(commit), Some(start), Some(branch)) = (
            &unit.attempt.commit,
            unit.attempt.start(),
            unit.attempt.branch_name(),
        ) else {
            return Ok(done);
        };
        let is_ours = |stands: &String| {
            let mut earlier = unit.ledger.earlier_commits.iter();
            stands == commit.as_str() || earlier.any(|it| stands == it.as_str())
        };
        if !standing.commit.as_ref().is_none_or(is_ours) {
            return Err(NotDone::Unchanged(format!(
                "has commits of somebody else: rebase {branch} onto {} yourself",
                onto.branch
            )));
        }
        if self.mode == Mode::DryRun {
            return Ok(done);
        }
        let repo = &self.session.repo;
        let made = match made {
            Some(made) => made,
            None => MadeFiles::of(self.session, unit, &onto.tip)?,
        };
        let is_made = |path: &str| made.has(path);
        let merged = repo.apply_without_made(&onto.tip, start, commit, &is_made)?;
        let (tree, said) = made.make_again(self.session, &onto.tip, &merged).await?;
        let moved = repo.squash_onto(commit, start, &onto.tip, &tree)?;
        let fact = UnitFact::Rebased {
            commit: moved,
            start: onto.tip.clone(),
        };
        let id = &unit.header.id;
        // The fact is recorded before any branch moves, so that a resumed call knows every commit.
        let recorded =
            Afterwards::of(&self.session.places, &self.session.state.id)?.say(id, fact)?;
        self.session.state.apply(&recorded);
        if let Some(unit) = self.session.state.unit(id).cloned() {
            self.update_branch(&unit)?;
        }
        Ok(match said {
            Some(said) => format!("{done}, {said}"),
            None => done,
        })
    }

    /// Moves the unit's branch, here and on the remote, to its commit.
    fn update_branch(&self, unit: &UnitState) -> Result<(), NotDone> {
        let (Some(commit), Some(branch)) = (&unit.attempt.commit, unit.attempt.branch_name())
        else {
            return Ok(());
        };
        let PrSession { repo, .. } = &*self.session;
        let earlier = &unit.ledger.earlier_commits;
        if let Some(stands) = repo.branch_tip(branch)?
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
