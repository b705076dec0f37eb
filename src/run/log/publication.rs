//! Where the work of a unit is published. A retry begins a new publication; only reverts are remembered, because their
//! branches may still exist.

use crate::git::CommitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::unit_fact::{FollowUp, PullRequestLink, RevertCommit};

/// Where the work of a unit is published.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Publication {
    /// The remote that the branch was pushed to.
    pub pushed_to: Option<String>,
    pub pull_request: Option<PullRequestLink>,
    /// When the latest pull request was opened, in milliseconds since 1970-01-01 UTC.
    pub opened_at: Option<i64>,
    /// The follow-ups on the pull request that have ended.
    pub follow_ups: Vec<FollowUpResult>,
    /// The revert of the merged work.
    pub revert: Option<Revert>,
    /// The commits of earlier reverts, which the revert's branch may still point to.
    pub earlier_reverts: Vec<CommitId>,
}

/// A commit that reverts the merged work of a unit, and its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    pub made: RevertCommit,
    pub pull_request: Option<PullRequestLink>,
}

/// A follow-up that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUpResult {
    pub follow_up: FollowUp,
    pub outcome: Outcome,
    /// The commit that was pushed on top.
    pub commit: Option<CommitId>,
    /// The agent worked, which costs something.
    pub worked: bool,
}

impl FollowUpResult {
    /// Checks whether the follow-up ended by itself or cost something.
    fn counts(&self) -> bool {
        let was_cut_off = matches!(
            self.outcome,
            Outcome::Stopped
                | Outcome::LeftOut { .. }
                | Outcome::Skipped { .. }
                | Outcome::Blocked { .. }
        );
        self.worked || !was_cut_off
    }
}

impl Publication {
    /// Returns the publication of a retried unit.
    pub(crate) fn after_retry(&self) -> Self {
        Self {
            revert: self.revert.clone(),
            earlier_reverts: self.earlier_reverts.clone(),
            ..Self::default()
        }
    }

    /// Forgets pull requests, because the unit is published at another place now.
    pub(crate) fn forget_place(&mut self) {
        self.forget_revert();
        self.pull_request = None;
        self.opened_at = None;
    }

    /// Takes in that a pull request is open.
    pub(crate) fn open(&mut self, link: &PullRequestLink, at: i64) {
        if !link.existed {
            self.opened_at = Some(at);
        }
        self.pull_request = Some(link.clone());
    }

    /// Takes in that a new revert was committed.
    pub(crate) fn commit_revert(&mut self, made: &RevertCommit) {
        self.forget_revert();
        self.revert = Some(Revert {
            made: made.clone(),
            pull_request: None,
        });
    }

    fn forget_revert(&mut self) {
        let gone = self.revert.take().map(|revert| revert.made.commit);
        self.earlier_reverts.extend(gone);
    }

    /// Counts the follow-ups that the agent did on the present pull request.
    #[must_use]
    pub fn follow_ups_done(&self) -> usize {
        self.follow_ups.iter().filter(|it| it.counts()).count()
    }

    /// Checks whether a follow-up answered this review.
    #[must_use]
    pub fn has_answered(&self, review: u64) -> bool {
        self.follow_ups
            .iter()
            .any(|it| it.outcome.is_success() && it.follow_up.reviews.contains(&review))
    }

    /// Returns the pull request that reverts the published work.
    #[must_use]
    pub fn reverted_by(&self) -> Option<&PullRequestLink> {
        self.present_revert()?.pull_request.as_ref()
    }

    /// Returns the revert of the work that is published now, and not the revert of an earlier attempt.
    pub(crate) fn present_revert(&self) -> Option<&Revert> {
        let number = self.pull_request.as_ref()?.number;
        self.revert
            .as_ref()
            .filter(|revert| revert.made.undoes == number)
    }
}
