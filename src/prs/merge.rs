//! Pull requests merged in the order in which they need each other.

use std::time::Duration;

use super::desk::Home;
use super::round::{Earnest, Halt, Round};
use crate::config::MergeMethod;
use crate::forge::{Act, MergeWhen, PullRequestRef, Standing, State};
use crate::git::{GitError, MergeStyle};
use crate::run::UnitState;
use crate::words;

/// A server sees a push a moment after it was made.
const LAG: Duration = Duration::from_secs(1);
const LOOKS: usize = 10;

/// How pull requests are merged.
#[derive(Debug, Clone)]
pub struct Merging {
    pub method: MergeMethod,
    pub when: MergeWhen,
    /// The branch of this repository into which pages are merged, if not the one that the run is for.
    pub into: Option<String>,
}

impl Round<'_> {
    /// Merges each that can be merged and has what is wanted.
    ///
    /// # Errors
    /// Where none could be, since a checkout stands on the branch of this repository that they are to come into.
    pub async fn merge(&mut self, merging: &Merging) -> Result<(), GitError> {
        if self.desk.home == Home::Here {
            let into = merging.into.as_ref().unwrap_or(&self.desk.base_branch);
            self.desk.repo.check_movable(into)?;
        }
        for (unit, which) in self.chosen() {
            let done = match self.desk.home {
                Home::Server => self.merge_there(&unit, &which, merging).await,
                Home::Here => self.merge_here(&unit, &which, merging).await,
            };
            self.conclude(&unit, &which, done);
        }
        Ok(())
    }

    async fn merge_there(
        &mut self,
        unit: &UnitState,
        which: &PullRequestRef,
        merging: &Merging,
    ) -> Result<String, Halt> {
        let mut standing = self.desk.look(unit, which).await?.standing;
        self.may_be_merged(unit, &standing, merging).await?;
        if self.earnest == Earnest::Rehearsed {
            return Ok("merged".to_owned());
        }
        let mut before = String::new();
        if self.desk.is_stacked(unit)
            && let Some(done) = self.sync_one(unit, which).await?
        {
            let now = self.desk.state.unit(&unit.header.id);
            let commit = now.and_then(|unit| unit.attempt.commit.as_ref());
            let commit = commit.map(ToString::to_string);
            standing = self.look_until(unit, which, commit.as_deref()).await?;
            if standing.commit != commit {
                return Err(Halt::Left(format!(
                    "was {done}; the server does not show that yet: merge it in a while"
                )));
            }
            if let Some(missing) = merging.when.missing(&standing) {
                return Err(Halt::Left(format!("was {done}; now it {missing}")));
            }
            before = format!("{done}, ");
        }
        let act = Act::Merge {
            method: merging.method,
            commit: standing.commit.clone(),
        };
        if let Some(why) = act.obstacle(&standing) {
            return Err(Halt::Left(why.to_owned()));
        }
        self.desk.forge.act(which, &act).await?;
        Ok(format!("{before}{act} into {}", standing.base))
    }

    /// Looks until the server has seen the commit.
    async fn look_until(
        &self,
        unit: &UnitState,
        which: &PullRequestRef,
        commit: Option<&str>,
    ) -> Result<Standing, Halt> {
        for _ in 1..LOOKS {
            let standing = self.desk.look(unit, which).await?.standing;
            if standing.commit.as_deref() == commit {
                return Ok(standing);
            }
            tokio::time::sleep(LAG).await;
        }
        Ok(self.desk.look(unit, which).await?.standing)
    }

    /// Merges the unit's commit into a branch of this repository, and notes that on its page.
    async fn merge_here(
        &self,
        unit: &UnitState,
        which: &PullRequestRef,
        merging: &Merging,
    ) -> Result<String, Halt> {
        let into = merging.into.as_ref().unwrap_or(&self.desk.base_branch);
        let mut standing = self.desk.look(unit, which).await?.standing;
        // Whether it conflicts shows where it really goes.
        standing.mergeable = None;
        self.may_be_merged(unit, &standing, merging).await?;
        let desk = &self.desk;
        let act = Act::Merge {
            method: merging.method,
            commit: None,
        };
        if let (Some(commit), Earnest::Done) = (&unit.attempt.commit, self.earnest) {
            let title = words::line(&unit.header.title);
            let message = format!(
                "Merge pull request {}: {title}\n\nBatch-Run: {}\nBatch-Unit: {}\n",
                which.number, desk.state.id, unit.header.id
            );
            let joint = match merging.method {
                MergeMethod::Merge => MergeStyle::MergeCommit,
                MergeMethod::Squash | MergeMethod::Rebase => MergeStyle::Squash,
            };
            let base = &desk.state.header.base;
            desk.repo.merge_into(into, base, commit, joint, &message)?;
            if standing.base != *into {
                let turned = Act::Retarget(into.clone());
                desk.forge.act(which, &turned).await?;
            }
            desk.forge.act(which, &act).await?;
        }
        Ok(format!("{act} into {into}"))
    }

    /// Whether it can be merged, has what is wanted, and comes after all that it needs.
    async fn may_be_merged(
        &self,
        unit: &UnitState,
        standing: &Standing,
        merging: &Merging,
    ) -> Result<(), Halt> {
        let act = Act::Merge {
            method: merging.method,
            commit: None,
        };
        let stacked = self.desk.is_stacked(unit);
        // What a stacked one conflicts with may be gone once it stands on its new ground.
        let standing = &Standing {
            mergeable: standing.mergeable.filter(|_| !stacked),
            ..standing.clone()
        };
        let why = act.obstacle(standing);
        if let Some(why) = why.or_else(|| merging.when.missing(standing)) {
            return Err(Halt::Left(why.to_owned()));
        }
        for (need, which) in self.desk.needs_of(unit) {
            let state = self.desk.look(&need, &which).await?.standing.state;
            // In a rehearsal those before it are not merged; they would be.
            let would_be = self.earnest == Earnest::Rehearsed && state.is_open();
            if state != State::Merged && !would_be {
                let (number, words) = (which.number, state.words());
                return Err(Halt::Left(format!("waits for #{number}, which is {words}")));
            }
        }
        Ok(())
    }
}
