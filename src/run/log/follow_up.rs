//! A published unit taken up again for what checks and reviewers say of its pull request: what it goes on from, what its
//! agent is told, and what came of it.
//!
//! Whatever comes of such a round, the unit stays what it was: published, since its pull request is open.

use serde::{Deserialize, Serialize};

use crate::agent::Feedback;
use crate::forge::{Act, Forge, PullRequestRef, WaitReporter};
use crate::plan::UnitId;
use crate::run::log::event::{Outcome, Step};
use crate::run::log::state::{Phase, UnitState};
use crate::run::unit::context::{Checkout, Halt, Pipeline, failure};
use crate::words;

/// So much of a commit's id tells it apart for people.
const SHORT: usize = 10;

/// What a published unit is to mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub unit: UnitId,
    /// The number of its pull request.
    pub pull_request: u64,
    /// Where that stands, and where the agent goes on.
    pub head: String,
    /// Where it parted from what it goes to: all that it changed since is held against the unit's claim.
    pub ground: String,
    /// In a line.
    pub reason: String,
    /// What the agent is told.
    pub text: String,
    /// The reviews that are answered by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<u64>,
}

/// A round that is on its way, with what the unit was before.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenFollowUp {
    pub mending: FollowUp,
    pub before: UnitState,
}

/// A round that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUpResult {
    pub mending: FollowUp,
    pub outcome: Outcome,
    /// What was pushed on top.
    pub commit: Option<String>,
    /// Whether its agent worked, which has its price.
    pub worked: bool,
}

impl FollowUpResult {
    /// Whether it came to an end of its own, or had its price.
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

impl UnitState {
    /// How many rounds its agent has had for its present pull request.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.mended.iter().filter(|round| round.counts()).count()
    }

    /// Whether the agent has done what it could for this review.
    #[must_use]
    pub fn has_answered(&self, review: u64) -> bool {
        let answered = |round: &&FollowUpResult| round.outcome.is_success();
        let mut rounds = self.mended.iter().filter(answered);
        rounds.any(|round| round.mending.reviews.contains(&review))
    }

    /// What its agent is told beyond its task: what was found wanting last.
    pub(crate) fn follow_up(&self) -> Option<Feedback> {
        let round = self.round.as_ref();
        match (self.sent_back.last(), round) {
            (Some(back), _) => Some(Feedback {
                session: self.session.clone(),
                text: back.text.clone(),
            }),
            (None, Some(round)) => Some(Feedback {
                session: round.before.session.clone(),
                text: round.mending.text.clone(),
            }),
            (None, None) => None,
        }
    }

    pub(crate) fn begin_round(&mut self, mending: &FollowUp) {
        let before = self.clone();
        let mut anew = Self {
            worktree: before.worktree.clone(),
            branch: before.branch.clone(),
            // Where the branch stands, for whoever puts it out of the way.
            start: before.commit.clone(),
            turns: before.turns.clone(),
            agent: before.agent.clone(),
            amendment: before.amendment.clone(),
            earlier_commits: before.earlier_commits.clone(),
            ..Self::new(before.header.clone())
        };
        anew.earlier_commits.extend(before.commit.clone());
        let mending = mending.clone();
        anew.round = Some(Box::new(OpenFollowUp { mending, before }));
        anew.keep_published();
        *self = anew;
    }

    /// While a round is on its way, the pull request is the one that it was.
    pub(crate) fn keep_published(&mut self) {
        if let Some(round) = &self.round {
            let before = &round.before;
            self.pull_request.clone_from(&before.pull_request);
            self.pushed_to.clone_from(&before.pushed_to);
            self.opened_at = before.opened_at;
            self.inverse.clone_from(&before.inverse);
            self.earlier_inverses.clone_from(&before.earlier_inverses);
            self.mended.clone_from(&before.mended);
        }
    }

    /// Puts what came of the round to what the unit was before.
    pub(crate) fn end_round(&mut self, outcome: &Outcome) {
        let Some(round) = self.round.take() else {
            return;
        };
        let OpenFollowUp { mending, before } = *round;
        let commit = self
            .commit
            .take()
            .filter(|_| *outcome == Outcome::Published);
        let worked = self.turns.len() > before.turns.len();
        let mut after = before;
        after.phase = Phase::Ended(Outcome::Published);
        after.turns = std::mem::take(&mut self.turns);
        after.session = self.session.take().or(after.session);
        after.worktree = self.worktree.take().or(after.worktree);
        if let Some(commit) = &commit {
            after.earlier_commits = std::mem::take(&mut self.earlier_commits);
            after.commit = Some(commit.clone());
            after.checks = std::mem::take(&mut self.checks);
        }
        after.mended.push(FollowUpResult {
            mending,
            outcome: outcome.clone(),
            commit,
            worked,
        });
        *self = after;
    }
}

impl Pipeline {
    /// Pushes what was mended on top of the branch, and says so on the pull request.
    pub(crate) async fn publish_again(
        &self,
        ground: &Checkout,
        mending: &FollowUp,
        (remote, forge): (Option<&String>, &dyn Forge),
        summary: Option<&str>,
    ) -> Result<Outcome, Halt> {
        let which = self.which(mending.pull_request);
        self.is_open(&which, forge).await?;
        if let Some(remote) = remote {
            self.push(ground, remote).await?;
        }
        // The work is where it belongs, whatever can be said of it there.
        match self
            .comment(ground, mending, (&which, forge), summary)
            .await
        {
            Ok(()) | Err(Halt::Stopped) => {}
            Err(Halt::Failed(failure)) => {
                tracing::warn!("no comment on #{}: {}", which.number, failure.reason);
            }
            Err(other) => return Err(other),
        }
        Ok(Outcome::Published)
    }

    /// Fails where the pull request has been merged or closed while the agent was at work.
    async fn is_open(&self, which: &PullRequestRef, forge: &dyn Forge) -> Result<(), Halt> {
        let session = forge.session(WaitReporter::silent());
        let state = tokio::select! {
            state = session.state(which) => state,
            () = self.cancel.cancelled() => return Err(Halt::Stopped),
        };
        let fault = |reason| Err(failure(Step::Push, reason));
        match state {
            Ok(state) if state.is_open() => Ok(()),
            Ok(state) => fault(format!(
                "#{} is {} by now, so nothing is pushed",
                which.number,
                state.words()
            )),
            Err(error) => fault(words::chain(&error)),
        }
    }

    async fn comment(
        &self,
        ground: &Checkout,
        mending: &FollowUp,
        (which, forge): (&PullRequestRef, &dyn Forge),
        summary: Option<&str>,
    ) -> Result<(), Halt> {
        self.begin(Step::PullRequest, Some("comment".to_owned()))
            .await?;
        let branch = ground.branch.clone();
        let tip = self
            .git(Step::PullRequest, move |job| job.repo.branch_tip(&branch))
            .await?
            .unwrap_or_default();
        let mut text = format!(
            "Sent back to {}: {}. What it changed is in {}.",
            self.assignment(&self.known).agent.describe(),
            mending.reason,
            tip.get(..SHORT).unwrap_or(&tip)
        );
        if let Some(summary) = summary.filter(|said| !said.trim().is_empty()) {
            let said = words::fence("text", words::block(summary).trim());
            text = format!("{text}\n\n{said}");
        }
        let note = Act::Note {
            key: format!("{} {} {tip}", self.job.id, self.unit().id),
            text,
        };
        let (waits, mut told) = WaitReporter::channel();
        let session = forge.session(waits);
        let noted = session.act(which, &note);
        tokio::pin!(noted);
        let noted = loop {
            tokio::select! {
                noted = &mut noted => break noted,
                Some(wait) = told.recv() => {
                    self.begin(Step::PullRequest, Some(wait.to_string())).await?;
                }
                () = self.cancel.cancelled() => return Err(Halt::Stopped),
            }
        };
        noted.map_err(|error| failure(Step::PullRequest, words::chain(&error)))
    }
}
