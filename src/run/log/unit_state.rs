//! The state of one unit: a pure fold of its events.
//!
//! What a new attempt forgets and what it keeps follows from the parts: a new checkout replaces the [`Attempt`], a
//! retry also replaces the [`Publication`], and nothing replaces the [`Ledger`].

use crate::agent::{AgentId, Feedback, Interruption, LAST_LINE, UsageSum};
use crate::plan::UnitId;
use crate::run::log::attempt::{Attempt, ProvenTree, SentBack, UnitBranch};
use crate::run::log::division::{DividedClaim, DividedInto};
use crate::run::log::ledger::Ledger;
use crate::run::log::outcome::{Outcome, Step, WithheldReason};
use crate::run::log::publication::{FollowUpResult, Publication};
use crate::run::log::run_fact::{Amendment, UnitHeader};
use crate::run::log::unit_fact::{Candidate, CarriedWork, FollowUp, Sharing, UnitFact};

/// What an agent is told that ended without an answer.
const GO_ON: &str = "You ended without an answer. Nobody can answer questions, and nobody tells you to go on: if \
    anything of your part is left, do it now.";

/// One unit of a run, folded from its events.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitState {
    pub header: UnitHeader,
    pub phase: Phase,
    /// When the first step started, in milliseconds since 1970-01-01 UTC.
    pub started_at: Option<i64>,
    /// When the unit ended, in milliseconds since 1970-01-01 UTC.
    pub ended_at: Option<i64>,
    /// Why the agent does not work at the moment and starts again later.
    pub interruption: Option<Interruption>,
    /// A person asked this unit to end early, so that it does not start again by itself.
    pub stop_requested: bool,
    /// The person who asked the run to go on without this unit.
    pub skip_requested: Option<String>,
    /// The unit's agent, where it is not the run's one agent.
    pub agent: Option<AgentId>,
    /// The changes for this unit since its retry.
    pub amendment: Amendment,
    /// The claim that a division made, where the plan has another one.
    pub claim: Option<DividedClaim>,
    /// What became of the rest of the unit, where it was divided.
    pub divided: Option<DividedInto>,
    /// The candidates that have ended.
    pub candidates: Vec<Candidate>,
    /// The number, counted from 1, of the candidate that became the unit's work.
    pub chosen: Option<usize>,
    pub attempt: Attempt,
    pub publication: Publication,
    pub ledger: Ledger,
    /// The follow-up that the agent works on now.
    pub follow_up: Option<Box<OpenFollowUp>>,
    /// The units among its needs that it stands on because it changes what they change.
    pub stands_on: Vec<UnitId>,
    /// Why it stands on them.
    pub sharing: Option<Sharing>,
    /// The paths that it shares with them.
    pub shared_paths: Vec<String>,
    /// The work that is to be carried onto theirs.
    pub carried: Vec<CarriedWork>,
}

/// The phase of a unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    Waiting,
    Running { step: Step, detail: Option<String> },
    Ended(Outcome),
}

/// A follow-up that is under way, with the published work that it continues.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenFollowUp {
    pub follow_up: FollowUp,
    pub before: PublishedWork,
}

/// The work of a unit that is published, kept while a follow-up is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedWork {
    pub attempt: Attempt,
    candidates: Vec<Candidate>,
    chosen: Option<usize>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    /// The number of turns before the follow-up.
    turns: usize,
}

impl UnitState {
    /// Makes a unit of which only the plan is known.
    #[must_use]
    pub fn new(header: UnitHeader) -> Self {
        Self {
            agent: header.agent.clone(),
            header,
            phase: Phase::Waiting,
            started_at: None,
            ended_at: None,
            interruption: None,
            stop_requested: false,
            skip_requested: None,
            amendment: Amendment::default(),
            claim: None,
            divided: None,
            candidates: Vec::new(),
            chosen: None,
            attempt: Attempt::default(),
            publication: Publication::default(),
            ledger: Ledger::default(),
            follow_up: None,
            stands_on: Vec::new(),
            sharing: None,
            shared_paths: Vec::new(),
            carried: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, fact: &UnitFact, at: i64) {
        match fact {
            UnitFact::StepStarted { step, detail } => {
                self.started_at.get_or_insert(at);
                self.interruption = None;
                self.phase = Phase::Running {
                    step: *step,
                    detail: detail.clone(),
                };
            }
            UnitFact::SetAside { .. } => {}
            UnitFact::StopRequested { .. } => self.stop_requested = true,
            UnitFact::SkipRequested { by } => self.skip_requested = Some(by.clone()),
            UnitFact::Interrupted { interruption, .. } => {
                if *interruption == Interruption::NoAnswer {
                    self.attempt.ask_again();
                }
                self.interruption = Some(*interruption);
                self.phase = Phase::Running {
                    step: Step::Agent,
                    detail: Some(format!("waits: {interruption}")),
                };
            }
            UnitFact::CheckoutReady {
                path,
                branch,
                start,
                regenerated,
            } => {
                let branch = UnitBranch {
                    name: branch.clone(),
                    start: start.clone(),
                };
                self.attempt = Attempt {
                    regenerated_start: regenerated.clone(),
                    ..Attempt::in_checkout(path.clone(), branch)
                };
            }
            UnitFact::Prepared { tree } => self.attempt.prepared = Some(tree.clone()),
            UnitFact::AgentUsed {
                usage,
                session,
                ran_tests,
            } => {
                self.ledger.turns.push(usage.clone());
                self.attempt.session.clone_from(session);
                self.attempt.add_commands(*ran_tests);
            }
            UnitFact::AgentFinished {
                took_ms,
                summary,
                activity,
            } => {
                self.carried.clear();
                self.attempt.agent_took_ms = Some(*took_ms);
                self.attempt.summary.clone_from(summary);
                self.attempt.activity.clone_from(activity);
            }
            UnitFact::RegenerationBegun { tree } => {
                self.attempt.left_by_agent = Some(tree.clone());
            }
            UnitFact::Tidied(tidied) => self.attempt.tidied = Some(tidied.clone()),
            UnitFact::OldUsesCounted(uses) => self.attempt.old_uses = Some(uses.clone()),
            UnitFact::WorkFound { at } => self.attempt.found_at = Some(at.clone()),
            UnitFact::ScopeProven {
                tree,
                changes,
                acquired,
                claimed_changed,
                left_out,
                left_to_others,
                regenerated,
            } => {
                self.attempt.proven = Some(ProvenTree {
                    tree: tree.clone(),
                    changes: *changes,
                    acquired: acquired.clone(),
                    claimed_changed: *claimed_changed,
                    left_out: left_out.clone(),
                    left_to_others: *left_to_others,
                    regenerated: regenerated.clone(),
                });
            }
            UnitFact::FormsRestored { files } => self.attempt.content.restore(files),
            UnitFact::ContentTold { findings } => self.attempt.content.tell(findings),
            UnitFact::StandsOn(stands_on) => self.start_again_on(stands_on),
            UnitFact::Carried { left_to_do } => self.take_carried(left_to_do.as_ref()),
            UnitFact::RemovalsDeferred(removals) => self.attempt.defer(removals),
            UnitFact::SentBack {
                step,
                reason,
                text,
                tail,
                left,
                fresh,
                ..
            } => self.attempt.send_back(SentBack {
                step: *step,
                reason: reason.clone(),
                text: text.clone(),
                tail: tail.clone(),
                left: left.clone(),
                fresh: *fresh,
                red: None,
            }),
            UnitFact::CandidateEnded(candidate) => {
                self.candidates.push(candidate.clone());
                self.attempt.forget_work();
                self.ledger.renew_budget();
            }
            UnitFact::Doubted { doubts } => self.attempt.doubts.clone_from(doubts),
            UnitFact::CandidateChosen { number } => self.choose(*number),
            UnitFact::ChecksBegun { tree } => self.attempt.checked = Some(tree.clone()),
            UnitFact::CheckFinished(result) => self.attempt.checks.push(result.clone()),
            UnitFact::NamesIntroduced { files } => {
                self.attempt.introduced_names.clone_from(files);
            }
            UnitFact::Committed { commit } => self.attempt.commit = Some(commit.clone()),
            UnitFact::Pushed { remote } => self.publication.pushed_to = Some(remote.clone()),
            UnitFact::PullRequestOpened(link) => self.publication.open(link, at),
            UnitFact::NotPublished { .. } => {
                self.publication = self.publication.after_retry();
                self.wait();
            }
            UnitFact::Rebased { commit, start } => {
                let earlier = self.attempt.commit.replace(commit.clone());
                self.ledger.earlier_commits.extend(earlier);
                if let Some(branch) = &mut self.attempt.branch {
                    branch.start.clone_from(start);
                }
            }
            UnitFact::RevertCommitted(made) => self.publication.commit_revert(made),
            UnitFact::RevertOpened(link) => {
                if let Some(revert) = &mut self.publication.revert {
                    revert.pull_request = Some(link.clone());
                }
            }
            UnitFact::Ended { outcome } => {
                self.ended_at = Some(at);
                self.phase = Phase::Ended(outcome.clone());
                self.end_follow_up(outcome);
            }
        }
    }

    fn choose(&mut self, number: usize) {
        self.attempt.forget_work();
        self.chosen = Some(number);
        if let Some(candidate) = number.checked_sub(1).and_then(|at| self.candidates.get(at)) {
            self.attempt.take_candidate(candidate);
        }
    }

    /// Puts the unit back in line.
    pub(crate) fn wait(&mut self) {
        self.phase = Phase::Waiting;
        self.stop_requested = false;
        self.started_at = None;
        self.ended_at = None;
    }

    /// Puts the unit back in line to start again. Of the attempt only its place is kept, so that the pipeline can put
    /// it out of the way.
    pub(crate) fn retry(&mut self, amendment: &Amendment) {
        let mut header = self.header.clone();
        header.needs.retain(|need| !self.stands_on.contains(need));
        let earlier = std::mem::replace(self, Self::new(header));
        self.amendment = earlier.amendment;
        self.claim = earlier.claim;
        self.divided = earlier.divided;
        self.amendment.amend(amendment);
        let other = self.amendment.agent.as_ref();
        if let Some(spec) = other.and_then(|options| options.resolve().ok()) {
            self.agent = Some(spec.to_string().into());
        }
        // A commit on top of another person's commit may not be replaced by a commit that does not have it.
        let is_foreign = |result: &FollowUpResult| {
            result.commit == earlier.attempt.commit
                && !earlier
                    .ledger
                    .earlier_commits
                    .contains(&result.follow_up.head)
        };
        let own = !earlier.publication.follow_ups.iter().any(is_foreign);
        self.publication = earlier.publication.after_retry();
        self.ledger = earlier.ledger;
        self.ledger.renew_budget();
        self.attempt.worktree = earlier.attempt.worktree;
        self.attempt.branch = earlier.attempt.branch;
        self.ledger
            .earlier_commits
            .extend(earlier.attempt.commit.filter(|_| own));
    }

    /// Puts a published unit back in line for a follow-up on its pull request.
    pub(crate) fn start_follow_up(&mut self, follow_up: &FollowUp) {
        let mut attempt = Attempt {
            worktree: self.attempt.worktree.clone(),
            branch: self.attempt.branch.clone(),
            ..Attempt::default()
        };
        // The pipeline puts the branch out of the way by the commit that the branch points to.
        if let (Some(branch), Some(commit)) = (&mut attempt.branch, &self.attempt.commit) {
            branch.start.clone_from(commit);
        }
        let before = PublishedWork {
            attempt: std::mem::replace(&mut self.attempt, attempt),
            candidates: std::mem::take(&mut self.candidates),
            chosen: self.chosen.take(),
            started_at: self.started_at,
            ended_at: self.ended_at,
            turns: self.ledger.turns.len(),
        };
        self.wait();
        self.ledger.renew_budget();
        self.follow_up = Some(Box::new(OpenFollowUp {
            follow_up: follow_up.clone(),
            before,
        }));
    }

    /// Returns to the published work, with the commit of the follow-up where it was published. Whatever the outcome of
    /// a follow-up, the unit stays published, because its pull request is open.
    fn end_follow_up(&mut self, outcome: &Outcome) {
        let Some(open) = self.follow_up.take() else {
            return;
        };
        let OpenFollowUp { follow_up, before } = *open;
        let worked = self.ledger.turns.len() > before.turns;
        let ended = std::mem::replace(&mut self.attempt, before.attempt);
        self.candidates = before.candidates;
        self.chosen = before.chosen;
        self.started_at = before.started_at;
        self.ended_at = before.ended_at;
        self.phase = Phase::Ended(Outcome::Published);
        if ended.session.is_some() {
            self.attempt.session = ended.session;
        }
        if ended.worktree.is_some() {
            self.attempt.worktree = ended.worktree;
        }
        let commit = ended.commit.filter(|_| *outcome == Outcome::Published);
        if let Some(commit) = &commit {
            let earlier = self.attempt.commit.replace(commit.clone());
            self.ledger.earlier_commits.extend(earlier);
            self.attempt.checks = ended.checks;
            if let (Some(proven), Some(ended)) = (&mut self.attempt.proven, ended.proven) {
                proven.regenerated.extend(ended.regenerated);
            }
        }
        self.publication.follow_ups.push(FollowUpResult {
            follow_up,
            outcome: outcome.clone(),
            commit,
            worked,
        });
    }

    /// Returns the feedback that the agent gets beyond its task: the last failure, or the follow-up.
    pub(crate) fn feedback(&self) -> Option<Feedback> {
        if self.attempt.asked_again == Some(self.attempt.number()) {
            return Some(Feedback {
                session: self.attempt.session.clone(),
                text: format!("{GO_ON}\n\n{LAST_LINE}\n"),
            });
        }
        match (self.attempt.sent_back.last(), &self.follow_up) {
            (Some(back), _) => Some(Feedback {
                session: self.attempt.session.clone(),
                text: back.text.clone(),
            }),
            (None, Some(open)) => Some(Feedback {
                session: open.before.attempt.session.clone(),
                text: open.follow_up.text.clone(),
            }),
            (None, None) => None,
        }
    }

    /// Returns the agent of each candidate, where several agents take turns. An agent that was named for a retry does
    /// all of the work.
    pub(crate) fn candidate_agents(&self) -> &[AgentId] {
        match self.amendment.agent {
            Some(_) => &[],
            None => &self.header.candidates,
        }
    }

    /// Returns what the unit's agents used, in all attempts; `None` where no agent reported anything.
    #[must_use]
    pub fn spent(&self) -> Option<UsageSum> {
        let turns = &self.ledger.turns;
        (!turns.is_empty()).then(|| turns.iter().collect())
    }

    /// Checks whether the unit has an outcome that resuming the run does not change.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.outcome() {
            Some(Outcome::Stopped) => self.stop_requested,
            None
            | Some(Outcome::Withheld { .. } | Outcome::LeftOut { .. } | Outcome::Blocked { .. }) => {
                false
            }
            Some(_) => true,
        }
    }

    /// Checks whether the unit's work is done and held for its content.
    #[must_use]
    pub fn is_held_for_content(&self) -> bool {
        matches!(
            self.outcome(),
            Some(Outcome::Failed {
                step: Step::Content,
                ..
            })
        )
    }

    /// Checks whether the unit's work is done and held by the union.
    #[must_use]
    pub fn is_held_by_union(&self) -> bool {
        matches!(
            self.outcome(),
            Some(Outcome::Withheld {
                why: WithheldReason::BreaksUnion | WithheldReason::UnionUnclear
            })
        )
    }

    /// Returns how the unit ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Ended(outcome) => Some(outcome),
            Phase::Waiting | Phase::Running { .. } => None,
        }
    }

    /// Returns the milliseconds from the first step to the end, or to `now` while the unit runs; `None` before its
    /// first step.
    #[must_use]
    pub fn took_ms(&self, now: i64) -> Option<u64> {
        self.started_at
            .map(|start| elapsed(start, self.ended_at.unwrap_or(now)))
    }
}

/// Returns the milliseconds between two moments; a clock that was set back gives no negative time.
pub(crate) fn elapsed(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Usage;
    use crate::git::{BranchName, CommitId};
    use crate::run::log::sample;
    use crate::run::log::unit_fact::CandidateEnd;

    fn used() -> UnitFact {
        UnitFact::AgentUsed {
            usage: Usage::default(),
            session: None,
            ran_tests: None,
        }
    }

    fn checkout() -> UnitFact {
        UnitFact::CheckoutReady {
            path: "/w".into(),
            branch: BranchName::new("b"),
            start: CommitId::new("s"),
            regenerated: Vec::new(),
        }
    }

    fn unit_after(facts: &[UnitFact]) -> UnitState {
        let mut unit = UnitState::new(sample::unit("01-a"));
        for fact in facts {
            unit.apply(fact, 1);
        }
        unit
    }

    #[test]
    fn turns_before_a_crash_and_a_new_checkout_count_against_the_limits() {
        let unit = unit_after(&[checkout(), used(), checkout(), used()]);
        assert_eq!(unit.ledger.counted_turns().len(), 2);
    }

    #[test]
    fn a_retry_a_follow_up_and_the_next_candidate_have_limits_of_their_own() {
        let mut retried = unit_after(&[checkout(), used()]);
        retried.retry(&Amendment::default());
        assert_eq!(retried.ledger.counted_turns(), []);
        assert_eq!(retried.ledger.turns.len(), 1);

        let mut followed = unit_after(&[checkout(), used()]);
        followed.start_follow_up(&FollowUp {
            unit: followed.header.id.clone(),
            pull_request: 7,
            head: CommitId::new("h"),
            merge_base: CommitId::new("m"),
            reason: "r".into(),
            text: "t".into(),
            reviews: Vec::new(),
        });
        assert_eq!(followed.ledger.counted_turns(), []);

        let candidate = UnitFact::CandidateEnded(Candidate {
            agent: "a".into(),
            took_ms: 1,
            commit: None,
            end: CandidateEnd::NoChange { summary: None },
        });
        let next = unit_after(&[checkout(), used(), candidate]);
        assert_eq!(next.ledger.counted_turns(), []);
    }

    #[test]
    fn a_failed_follow_up_leaves_the_published_work_as_it_was() {
        let committed = UnitFact::Committed {
            commit: CommitId::new("c"),
        };
        let ended = |outcome| UnitFact::Ended { outcome };
        let published = ended(Outcome::Published);
        let mut unit = unit_after(&[checkout(), used(), committed, published]);
        let before = unit.clone();
        unit.start_follow_up(&FollowUp {
            unit: unit.header.id.clone(),
            pull_request: 7,
            head: CommitId::new("c"),
            merge_base: CommitId::new("s"),
            reason: "r".into(),
            text: "t".into(),
            reviews: Vec::new(),
        });
        unit.apply(&ended(Outcome::Stopped), 9);
        assert_eq!(unit.attempt, before.attempt);
        assert_eq!(unit.outcome(), Some(&Outcome::Published));
        assert_eq!(unit.ledger.earlier_commits, []);
        assert_eq!(unit.publication.follow_ups.len(), 1);
        assert_eq!(unit.publication.follow_ups_done(), 0);
    }
}
