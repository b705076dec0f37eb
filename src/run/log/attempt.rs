//! The work that a unit's present checkout holds. A new checkout is a new attempt, and one assignment forgets the old
//! one.

use std::path::PathBuf;

use crate::agent::{Activity, SessionId};
use crate::git::{BranchName, CommitId, TreeId};
use crate::run::log::check_result::CheckResult;
use crate::run::log::content::ContentRecord;
use crate::run::log::introduced_names::IntroducedNames;
use crate::run::log::outcome::Step;
use crate::run::log::tidied::Tidied;
use crate::run::log::unit_fact::{
    Acquired, Candidate, CandidateEnd, ChangeCount, DeferredRemovals, OldUsesLeft, Regenerated,
};

/// The state of the work in one checkout of a unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    /// The folder of the checkout.
    pub worktree: Option<PathBuf>,
    /// The branch of the checkout, with the commit that it started from.
    pub branch: Option<UnitBranch>,
    /// The content of the checkout when the agent started.
    pub prepared: Option<TreeId>,
    /// How long the agent took; `None` until it has worked on the last feedback.
    pub agent_took_ms: Option<u64>,
    /// The session in which the agent can continue.
    pub session: Option<SessionId>,
    /// The agent's text about its work.
    pub summary: Option<String>,
    /// What the agent's program reported beside the text.
    pub activity: Activity,
    /// The number of the try in which the agent ended without an answer and was asked to go on.
    pub asked_again: Option<u32>,
    /// The unit's claim became smaller while its agent worked, and this is the work on what it kept.
    pub is_divided: bool,
    /// Where the work was found that the agent had not left in its files.
    pub found_at: Option<String>,
    /// The uses that the plan wants gone and that the work leaves.
    pub old_uses: Option<OldUsesLeft>,
    /// The number of these uses that the agent was told last.
    pub told_old_uses: Option<usize>,
    /// What the agent left, while commands make files again from it.
    pub left_by_agent: Option<TreeId>,
    /// What the commands did that tidy the work.
    pub tidied: Option<Tidied>,
    /// The files that commands made again in the commit that the branch started from.
    pub regenerated_start: Vec<Regenerated>,
    /// Whether the agent used a tool on something that may be a test; `None` where it told of no tool.
    pub ran_tests: Option<bool>,
    /// What of that text does not agree with what is known, a sentence for each claim.
    pub doubts: Vec<String>,
    /// The work that was proven to be the unit's own.
    pub proven: Option<ProvenTree>,
    /// What the gate on content said of the work.
    pub content: ContentRecord,
    /// The removals that the work leaves to a later unit.
    pub deferred: Option<DeferredRemovals>,
    /// The content of the checkout that the checks see, once they have begun.
    pub checked: Option<TreeId>,
    /// The results of all checks; the last result of a check counts.
    pub checks: Vec<CheckResult>,
    /// The failures that the agent got as feedback, the first one first.
    pub sent_back: Vec<SentBack>,
    /// The names that the committed work adds for other files to use.
    pub introduced_names: Vec<IntroducedNames>,
    pub commit: Option<CommitId>,
}

/// The branch of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitBranch {
    pub name: BranchName,
    /// The commit that the branch started from.
    pub start: CommitId,
}

/// A tree whose changes are all the unit's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenTree {
    pub tree: TreeId,
    pub changes: ChangeCount,
    /// The paths beyond the claim that the work changes.
    pub acquired: Acquired,
    /// How many of the claimed files it changes, where that was counted.
    pub claimed_changed: Option<usize>,
    /// New files that tools left behind, which are no part of the tree.
    pub left_out: Vec<String>,
    /// How many changes of files of other units the agent made, which are no part of the tree.
    pub left_to_others: usize,
    /// The files among the changes that commands made again.
    pub regenerated: Vec<Regenerated>,
}

/// A failure that the agent got as feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    pub step: Step,
    pub reason: String,
    /// The feedback for the agent.
    pub text: String,
    /// The last lines of the log.
    pub tail: Option<String>,
    /// The content of the checkout at the end of the attempt, where it was kept.
    pub left: Option<TreeId>,
    /// The agent starts a new session, because it changed nothing in the earlier one.
    pub fresh: bool,
    /// The work that a check failed on.
    pub red: Option<TreeId>,
}

impl Attempt {
    /// Makes the attempt of a new checkout.
    pub(crate) fn in_checkout(path: PathBuf, branch: UnitBranch) -> Self {
        Self {
            worktree: Some(path),
            branch: Some(branch),
            ..Self::default()
        }
    }

    /// Returns the number of the agent's present try in this checkout, counted from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        u32::try_from(self.sent_back.len()).map_or(u32::MAX, |back| back.saturating_add(1))
    }

    /// Returns how much the work changes.
    #[must_use]
    pub fn changes(&self) -> Option<ChangeCount> {
        self.proven.as_ref().map(|proven| proven.changes)
    }

    /// Returns the name of the branch.
    #[must_use]
    pub fn branch_name(&self) -> Option<&BranchName> {
        self.branch.as_ref().map(|branch| &branch.name)
    }

    /// Returns the commit that the branch started from.
    #[must_use]
    pub fn start(&self) -> Option<&CommitId> {
        self.branch.as_ref().map(|branch| &branch.start)
    }

    /// Takes in whether a turn used a tool on something that may be a test.
    pub(crate) fn add_commands(&mut self, ran_tests: Option<bool>) {
        self.ran_tests = match (self.ran_tests, ran_tests) {
            (Some(before), Some(now)) => Some(before || now),
            (before, now) => before.or(now),
        };
    }

    /// Returns the whole work that was proven, with the removals that are left to a later unit.
    fn work(&self) -> Option<&TreeId> {
        let deferred = self.deferred.as_ref().map(|removals| &removals.full);
        deferred.or(self.proven.as_ref().map(|proven| &proven.tree))
    }

    /// Checks whether the proven work is the work on which a check failed in the attempt before.
    pub(crate) fn repeats(&self) -> bool {
        let red = self.sent_back.last().and_then(|back| back.red.as_ref());
        red.is_some() && red == self.work()
    }

    /// Returns the last result of each check: a check runs again after the agent had another try.
    #[must_use]
    pub fn last_checks(&self) -> Vec<&CheckResult> {
        let mut last: Vec<&CheckResult> = Vec::new();
        for result in &self.checks {
            let is_same = |known: &&mut &CheckResult| {
                (&known.name, &known.dir) == (&result.name, &result.dir)
            };
            match last.iter_mut().find(is_same) {
                Some(known) => *known = result,
                None => last.push(result),
            }
        }
        last
    }

    /// Checks whether a check of the work verified nothing.
    #[must_use]
    pub fn is_unverified(&self) -> bool {
        let mut last = self.last_checks().into_iter();
        last.any(|result| result.verdict.no_proof().is_some())
    }

    /// Takes in that the agent got feedback, on which it has not worked yet.
    pub(crate) fn send_back(&mut self, mut back: SentBack) {
        if back.step == Step::Check {
            back.red = self.work().cloned();
        }
        if back.fresh {
            self.session = None;
        }
        self.sent_back.push(back);
        self.told_old_uses = self.old_uses.take().map(|uses| uses.left);
        self.activity = Activity::default();
        // What the agent does from now on is judged like all other work.
        self.is_divided = false;
        self.agent_took_ms = None;
        self.left_by_agent = None;
        self.tidied = None;
        self.proven = None;
        self.checked = None;
        self.content = ContentRecord::default();
        self.deferred = None;
    }

    /// Takes in that the agent ended without an answer and is asked to go on.
    pub(crate) fn ask_again(&mut self) {
        self.asked_again = Some(self.number());
        self.agent_took_ms = None;
        self.left_by_agent = None;
        self.tidied = None;
        self.proven = None;
        self.checked = None;
    }

    /// Takes in that the work is proven without its removals; its checks run again.
    pub(crate) fn defer(&mut self, removals: &DeferredRemovals) {
        if let Some(proven) = &mut self.proven {
            proven.tree.clone_from(&removals.tree);
            proven.changes = removals.changes;
            proven.acquired.clone_from(&removals.acquired);
            proven.regenerated.clone_from(&removals.regenerated);
        }
        self.checked = None;
        self.checks.clear();
        self.deferred = Some(removals.clone());
    }

    /// Forgets the work, but not the place where it was done.
    pub(crate) fn forget_work(&mut self) {
        *self = Self {
            worktree: self.worktree.take(),
            branch: self.branch.take(),
            prepared: self.prepared.take(),
            commit: self.commit.take(),
            regenerated_start: std::mem::take(&mut self.regenerated_start),
            ..Self::default()
        };
    }

    /// Makes the work of a candidate the work of this attempt.
    pub(crate) fn take_candidate(&mut self, candidate: &Candidate) {
        self.agent_took_ms = Some(candidate.took_ms);
        match &candidate.end {
            CandidateEnd::Good {
                tree,
                changes,
                acquired,
                deferred,
                regenerated,
                content,
                checks,
                summary,
            } => {
                self.deferred = deferred.as_deref().cloned();
                self.content.clone_from(content);
                self.summary.clone_from(summary);
                self.proven = Some(ProvenTree {
                    tree: tree.clone(),
                    changes: *changes,
                    acquired: acquired.clone(),
                    claimed_changed: None,
                    left_out: Vec::new(),
                    left_to_others: 0,
                    regenerated: regenerated.clone(),
                });
                self.checks.clone_from(checks);
            }
            CandidateEnd::NoChange { summary } => self.summary.clone_from(summary),
            CandidateEnd::Failed { .. } => {}
        }
    }
}
