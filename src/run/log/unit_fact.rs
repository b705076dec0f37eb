//! Facts about one unit, as data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::agent::{Activity, AgentId, Interruption, SessionId, Usage};
use crate::check::{Finding, RestoredForm};
use crate::git::{BranchName, Changes, CommitId, TreeId};
use crate::plan::UnitId;
use crate::run::log::check_result::CheckResult;
use crate::run::log::content::ContentRecord;
use crate::run::log::introduced_names::IntroducedNames;
use crate::run::log::outcome::{Outcome, Step, is_default};
use crate::run::log::recorded_path;
use crate::run::log::tidied::Tidied;

/// A fact about one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum UnitFact {
    /// The remains of an earlier attempt were kept elsewhere: its checkout in the trash, a branch with commits of its
    /// own under the full ref name `branch`, its logs in the folder `logs`.
    SetAside {
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "recorded_path::serialize_optional"
        )]
        worktree: Option<PathBuf>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        #[serde(serialize_with = "recorded_path::serialize")]
        logs: PathBuf,
    },
    /// A step starts; `detail` names the part of a step that has several parts, such as a check.
    StepStarted {
        step: Step,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The checkout at `path` is on `branch` and has the content of commit `start`.
    #[serde(rename = "worktree-ready")]
    CheckoutReady {
        #[serde(serialize_with = "recorded_path::serialize")]
        path: PathBuf,
        branch: BranchName,
        start: CommitId,
        /// The files that commands made again in `start`, because several of the units that are needed had changed what
        /// they are made from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        regenerated: Vec<Regenerated>,
    },
    /// The checkout is set up; `tree` is its content before the agent starts.
    Prepared {
        tree: TreeId,
    },
    /// A turn of the agent ended, well or not: its usage, and the session in which the agent can continue.
    AgentUsed {
        #[serde(default)]
        usage: Usage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        /// Whether it used a tool on something that may be a test; absent where it told of no tool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_tests: Option<bool>,
    },
    /// What the agent says of its work does not agree with what is known: a sentence for each claim.
    Doubted {
        doubts: Vec<String>,
    },
    /// The agent ended well; `summary` is the agent's text about its work.
    AgentFinished {
        took_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// What its program reported beside the text.
        #[serde(default, skip_serializing_if = "is_default")]
        activity: Activity,
    },
    /// The uses that the plan wants gone were counted in the unit's claimed files, after the agent's work.
    OldUsesCounted(OldUsesLeft),
    /// The agent had left every file as it was, and its work was found in the git of its checkout, under the name `at`,
    /// and taken from there.
    WorkFound {
        at: String,
    },
    /// One of several candidates ended; the next candidate starts from an unchanged checkout.
    #[serde(rename = "rival-ended")]
    CandidateEnded(Candidate),
    /// The candidate of this number, counted from 1, becomes the unit's work.
    #[serde(rename = "rival-chosen")]
    CandidateChosen {
        number: usize,
    },
    /// The agent left `tree` in the checkout. Commands make files again from it.
    RegenerationBegun {
        tree: TreeId,
    },
    /// Commands of the settings tidied the work.
    Tidied(Tidied),
    /// All changes are the unit's own; `tree` is the tree that will be committed. From now on the unit holds the paths
    /// in `acquired`, and those only.
    ScopeProven {
        tree: TreeId,
        changes: ChangeCount,
        #[serde(default, skip_serializing_if = "Acquired::is_empty")]
        acquired: Acquired,
        /// How many of the claimed files it changes, where that was counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed_changed: Option<usize>,
        /// New files that tools left behind, which are no part of the tree.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<String>,
        /// How many changes of files of other units a command made that works on the whole repository; they are no part
        /// of the tree.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_to_others: usize,
        /// The files that commands made again, which are a part of the tree and which no unit holds.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        regenerated: Vec<Regenerated>,
    },
    /// The form of files that the agent changed without being asked to, such as their line ends, was put back.
    FormsRestored {
        files: Vec<RestoredForm>,
    },
    /// The gate on content, or the comparison of the tests with those of the base, let the work go on; these findings
    /// are told.
    ContentTold {
        findings: Vec<Finding>,
    },
    /// The unit changed what other units had changed before it, so that it starts again on top of their work.
    StandsOn(StandsOn),
    /// The work of the agent, from before the unit started again, is in the new checkout; the agent did not work again.
    Carried {
        /// What the agent has to do again, where the work does not fit as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_to_do: Option<LeftToDo>,
    },
    /// A check failed with what the unit took away from files that no unit claims, and `tree` is its work without these
    /// removals: work that is not this unit's may still need what they take away. `full` is the work with them.
    RemovalsDeferred(DeferredRemovals),
    /// The checks of the work begin; `tree` is the content of the checkout that each of them sees.
    ChecksBegun {
        tree: TreeId,
    },
    CheckFinished(CheckResult),
    /// A person asked the run to go on without this unit, which runs; `by` names the person.
    #[serde(rename = "skip-asked")]
    SkipRequested {
        by: String,
    },
    /// The agent was interrupted, for the reason `said`; it starts again after `wait_ms`.
    #[serde(rename = "held-back")]
    Interrupted {
        #[serde(rename = "pressure")]
        interruption: Interruption,
        said: String,
        wait_ms: u64,
    },
    /// The attempt failed at `step`, for `reason`; the agent gets the feedback `text` and tries again. `attempt` counts
    /// from 1.
    SentBack {
        attempt: u32,
        step: Step,
        reason: String,
        text: String,
        /// The last lines of the log that says more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<String>,
        /// The content of the checkout at the end of the attempt, where an agent may have to start from it again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<TreeId>,
        /// The agent starts a new session, because it changed nothing in the earlier one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fresh: bool,
    },
    /// The work that is to be committed adds these names for other files to use.
    NamesIntroduced {
        files: Vec<IntroducedNames>,
    },
    Committed {
        commit: CommitId,
    },
    Pushed {
        remote: String,
    },
    PullRequestOpened(PullRequestLink),
    /// The unit was called published, and a resumed run did not find its pull request or its branch.
    NotPublished {
        reason: String,
    },
    /// After the run: the unit's change was made again as `commit`, on top of the new `start`.
    #[serde(rename = "transplanted")]
    Rebased {
        commit: CommitId,
        start: CommitId,
    },
    /// After the run: a commit reverts what the unit's pull request brought into its base.
    #[serde(rename = "inverse-made")]
    RevertCommitted(RevertCommit),
    /// The revert's own pull request is open.
    #[serde(rename = "inverse-opened")]
    RevertOpened(PullRequestLink),
    /// A person at another terminal asked the unit to end early.
    #[serde(rename = "stop-asked")]
    StopRequested {
        by: String,
    },
    /// The unit ended. This is its last event, unless the unit was stopped or blocked and its run is resumed.
    Ended {
        outcome: Outcome,
    },
}

/// A commit that reverts what a pull request brought into its base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertCommit {
    /// The number of the reverted pull request.
    pub undoes: u64,
    pub commit: CommitId,
    /// The parent of the commit.
    pub start: CommitId,
    pub branch: BranchName,
    /// The remote that the branch is pushed to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// One of several works for a unit, of which the best becomes the unit's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The agent that did the work.
    pub agent: AgentId,
    /// How long the agent took.
    pub took_ms: u64,
    /// The content of the checkout at the end, as a commit on top of the unit's start; `None` where nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    #[serde(flatten)]
    pub end: CandidateEnd,
}

/// How a candidate ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CandidateEnd {
    /// The work may be published.
    Good {
        /// The tree, which was proven to lie inside the claim.
        tree: TreeId,
        changes: ChangeCount,
        #[serde(default, skip_serializing_if = "Acquired::is_empty")]
        acquired: Acquired,
        /// The removals that the work leaves to a later unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deferred: Option<Box<DeferredRemovals>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        regenerated: Vec<Regenerated>,
        /// What the gate on content said of it.
        #[serde(default, skip_serializing_if = "ContentRecord::is_empty")]
        content: ContentRecord,
        checks: Vec<CheckResult>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// The agent changed nothing.
    NoChange {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    Failed {
        step: Step,
        reason: String,
    },
}

/// A further round of work on the open pull request of a published unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub unit: UnitId,
    /// The number of the pull request.
    pub pull_request: u64,
    /// The commit at the head of the pull request, from which the agent continues.
    pub head: CommitId,
    /// The merge base of the pull request: all changes since then are held against the unit's claim.
    #[serde(rename = "ground")]
    pub merge_base: CommitId,
    /// The reason in one line.
    pub reason: String,
    /// The feedback for the agent.
    pub text: String,
    /// The ids of the reviews that the follow-up answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<u64>,
}

/// The paths beyond its claim that became a unit's own, in git's order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquired {
    /// The paths that the base does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<String>,
    /// The tracked paths that no claim holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<String>,
}

impl Acquired {
    /// Checks whether the unit stayed inside its claim.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.companions.is_empty()
    }

    /// Returns all of these paths.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        let all = self.created.iter().chain(&self.companions);
        all.map(String::as_str).collect()
    }

    /// Checks whether all of these paths are among the paths of `other`.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let among =
            |paths: &[String], others: &[String]| paths.iter().all(|it| others.contains(it));
        among(&self.created, &other.created) && among(&self.companions, &other.companions)
    }
}

/// What came of a command that makes files again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regenerated {
    /// The command, as a person would type it.
    pub run: String,
    /// The files that it makes and that the work changes; where the command failed, those that may not fit the work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Why the command made nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl Regenerated {
    /// Returns all files that these commands made.
    pub(crate) fn files_of(all: &[Self]) -> impl Iterator<Item = &str> {
        let made = all.iter().filter(|it| it.failed.is_none());
        made.flat_map(|it| it.files.iter().map(String::as_str))
    }
}

/// Why a unit starts again on top of the work of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandsOn {
    /// The units whose work it starts from, beside the units that it needs.
    pub units: Vec<UnitId>,
    pub why: Sharing,
    /// The paths that both changed, or that have the same number; a list for people may be cut.
    pub paths: Vec<String>,
    /// What the agent has done, where the agent is not to do it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub work: Vec<CarriedWork>,
}

/// Removals that a unit leaves to a later unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferredRemovals {
    /// The unit's work without them, which will be committed.
    pub tree: TreeId,
    pub changes: ChangeCount,
    /// The paths beyond the claim that are left in it.
    #[serde(default, skip_serializing_if = "Acquired::is_empty")]
    pub acquired: Acquired,
    /// The unit's work with them.
    pub full: TreeId,
    /// The files that they change.
    pub paths: Vec<String>,
    /// The files that commands made again in the work without the removals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regenerated: Vec<Regenerated>,
    /// The files that commands make, and in which both works differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
}

/// How two units share a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Both changed it.
    SamePath,
    /// Both created a file with the same number beside each other, as numbered migrations have it.
    SameNumber,
}

/// What an agent has left to do where its work was carried onto another start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftToDo {
    pub reason: String,
    /// The feedback for the agent.
    pub text: String,
}

/// The work of an agent that is carried onto another start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedWork {
    /// The content of the checkout before the agent worked.
    pub before: TreeId,
    /// The content of the checkout after it.
    pub after: TreeId,
    /// The files that commands make again in the new checkout, which are not carried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
    pub took_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The uses that the plan wants gone and that are left in a unit's claimed files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldUsesLeft {
    pub left: usize,
    /// The files that hold them; a list for people may be cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// How much a unit changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCount {
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

impl ChangeCount {
    /// Returns the number of added and removed lines.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.insertions.saturating_add(self.deletions)
    }
}

impl From<&Changes> for ChangeCount {
    fn from(changes: &Changes) -> Self {
        Self {
            files: changes.list.len(),
            insertions: changes.insertions,
            deletions: changes.deletions,
        }
    }
}

/// The place of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestLink {
    pub number: u64,
    /// An address on a forge, or the path of a page of the local forge.
    pub url: String,
    /// The pull request was open already, and the run took it over.
    pub existed: bool,
    /// The options that could not be set on it, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
