//! Merges pull requests, each after those that it needs.

use std::time::Duration;

use super::action::{Mode, NotDone};
use super::made_files::MadeFiles;
use super::selection::Selection;
use super::session::Location;
use crate::config::MergeMethod;
use crate::forge::{Action, MergeWhen, PullRequestRef, PullRequestState, PullRequestStatus};
use crate::git::{BranchName, CommitId, GitError, MergeStyle};
use crate::run::UnitState;
use crate::words;

/// The server shows a push only a moment later; this is the wait between two looks.
const LAG: Duration = Duration::from_secs(1);
const LOOKS: usize = 10;

/// How pull requests are merged.
#[derive(Debug, Clone)]
pub(crate) struct MergeOptions {
    pub(crate) method: MergeMethod,
    pub(crate) when: MergeWhen,
    /// The branch of this repository that pages are merged into, where it is not the branch that the run is for.
    pub(crate) into: Option<BranchName>,
}

impl Selection<'_> {
    /// Merges each chosen pull request that can be merged and meets the conditions.
    /// Fails where pages would be merged into a branch that is checked out.
    pub(crate) async fn merge(&mut self, options: &MergeOptions) -> Result<(), GitError> {
        if self.session.location == Location::Repository {
            let into = options.into.as_ref().unwrap_or(&self.session.base_branch);
            self.session.repo.check_movable(into)?;
        }
        for (unit, pr) in self.chosen() {
            let done = match self.session.location {
                Location::Server => self.merge_there(&unit, &pr, options).await,
                Location::Repository => self.merge_here(&unit, &pr, options).await,
            };
            self.conclude(&unit, &pr, done);
        }
        Ok(())
    }

    async fn merge_there(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
        options: &MergeOptions,
    ) -> Result<String, NotDone> {
        let mut standing = self.session.status(unit, pr).await?.standing;
        self.may_be_merged(unit, &standing, options).await?;
        if self.mode == Mode::DryRun {
            return Ok("merged".to_owned());
        }
        let mut before = String::new();
        if let Some(done) = self.bring_up_to_date(unit, pr, &standing).await? {
            let now = self.session.state.unit(&unit.header.id);
            let commit = now.and_then(|unit| unit.attempt.commit.as_ref());
            let commit = commit.map(ToString::to_string);
            standing = self.status_at(unit, pr, commit.as_deref()).await?;
            if standing.commit != commit {
                return Err(NotDone::Unchanged(format!(
                    "was {done}; the server does not show that yet: merge it later"
                )));
            }
            if let Some(missing) = options.when.missing(&standing) {
                return Err(NotDone::Unchanged(format!("was {done}; now it {missing}")));
            }
            before = format!("{done}, ");
        }
        let act = Action::Merge {
            method: options.method,
            commit: standing.commit.clone(),
        };
        if let Some(why) = act.obstacle(&standing) {
            return Err(NotDone::Unchanged(why.to_owned()));
        }
        self.session.forge.act(pr, &act).await?;
        Ok(format!("{before}{act} into {}", standing.base))
    }

    /// Moves a stacked pull request to its new base, and has commands make files again that changed there too. Returns
    /// in the past tense what was done.
    async fn bring_up_to_date(
        &mut self,
        unit: &UnitState,
        pr: &PullRequestRef,
        standing: &PullRequestStatus,
    ) -> Result<Option<String>, NotDone> {
        let mut done = Vec::new();
        if self.session.is_stacked(unit) {
            done.extend(self.sync_one(unit, pr).await?);
        }
        let now = self.session.state.unit(&unit.header.id).cloned();
        done.extend(self.renew(now.as_ref().unwrap_or(unit), standing).await?);
        Ok((!done.is_empty()).then(|| done.join(", ")))
    }

    /// Reads the pull request until the server has seen the commit.
    async fn status_at(
        &self,
        unit: &UnitState,
        pr: &PullRequestRef,
        commit: Option<&str>,
    ) -> Result<PullRequestStatus, NotDone> {
        for _ in 1..LOOKS {
            let standing = self.session.status(unit, pr).await?.standing;
            if standing.commit.as_deref() == commit {
                return Ok(standing);
            }
            tokio::time::sleep(LAG).await;
        }
        Ok(self.session.status(unit, pr).await?.standing)
    }

    /// Merges the unit's commit into a branch of this repository, and notes the merge on its page.
    async fn merge_here(
        &self,
        unit: &UnitState,
        pr: &PullRequestRef,
        options: &MergeOptions,
    ) -> Result<String, NotDone> {
        let into = options.into.as_ref().unwrap_or(&self.session.base_branch);
        let mut standing = self.session.status(unit, pr).await?.standing;
        // Conflicts show in the branch that the commit really goes to.
        standing.mergeable = None;
        self.may_be_merged(unit, &standing, options).await?;
        let session = &self.session;
        let act = Action::Merge {
            method: options.method,
            commit: None,
        };
        if let (Some(commit), Mode::Real) = (&unit.attempt.commit, self.mode) {
            let title = words::line(&unit.header.title);
            let title = words::without_closing_keywords(&title);
            let title = words::without_mentions(&title);
            let message = format!(
                "Merge pull request {}: {title}\n\nBatch-Run: {}\nBatch-Unit: {}\n",
                pr.number, session.state.id, unit.header.id
            );
            let joint = match options.method {
                MergeMethod::Merge => MergeStyle::MergeCommit,
                MergeMethod::Squash | MergeMethod::Rebase => MergeStyle::Squash,
            };
            self.merge_commit(unit, into, commit, joint, &message)
                .await?;
            if standing.base != into.as_str() {
                let turned = Action::Retarget(into.to_string());
                session.forge.act(pr, &turned).await?;
            }
            session.forge.act(pr, &act).await?;
        }
        Ok(format!("{act} into {into}"))
    }

    /// Merges a commit of the unit into a branch of this repository; commands make files again that changed on both
    /// sides.
    async fn merge_commit(
        &self,
        unit: &UnitState,
        into: &BranchName,
        commit: &CommitId,
        style: MergeStyle,
        message: &str,
    ) -> Result<(), NotDone> {
        let (repo, base) = (&self.session.repo, &self.session.state.header.base);
        let tip = repo.branch_tip(into)?;
        let made = MadeFiles::of(self.session, unit, tip.as_ref().unwrap_or(base))?;
        let is_made = |path: &str| made.has(path);
        let Some(mut merge) = repo.branch_merge(into, base, commit, &is_made)? else {
            return Ok(());
        };
        let again = made.make_again(self.session, &merge.ours, &merge.merged);
        merge.merged.tree = again.await?.0;
        Ok(repo.commit_merge(&merge, style, message)?)
    }

    /// Checks that the pull request can be merged, meets the conditions, and that its needs are merged.
    async fn may_be_merged(
        &self,
        unit: &UnitState,
        standing: &PullRequestStatus,
        options: &MergeOptions,
    ) -> Result<(), NotDone> {
        let act = Action::Merge {
            method: options.method,
            commit: None,
        };
        // A conflict may be gone once a pull request is brought up to date.
        let may_move = self.session.is_stacked(unit) || !unit.regenerated_files().is_empty();
        let standing = &PullRequestStatus {
            mergeable: standing.mergeable.filter(|_| !may_move),
            ..standing.clone()
        };
        let why = act.obstacle(standing);
        if let Some(why) = why.or_else(|| options.when.missing(standing)) {
            return Err(NotDone::Unchanged(why.to_owned()));
        }
        for (need, pr) in self.session.needs_of(unit) {
            let state = self.session.status(&need, &pr).await?.standing.state;
            // A dry run does not merge the needs, but a real run would.
            let would_be = self.mode == Mode::DryRun && state.is_open();
            if state != PullRequestState::Merged && !would_be {
                let (number, words) = (pr.number, state.words());
                return Err(NotDone::Unchanged(format!(
                    "waits for #{number}, which is {words}"
                )));
            }
        }
        Ok(())
    }
}
