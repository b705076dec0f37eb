//! Every fact that can be known about a run, as data.
//!
//! Facts are only ever appended. Whatever is shown or decided later is derived from them by [`crate::run::RunState`], so a
//! field that is not here does not exist. This file knows no clock, no disk and no scheduler.

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::agent::{Interruption, SessionId, Usage};
use crate::check::{Failure, Verdict};
use crate::config::{AgentCaps, AgentOptions, Limit, MinSuccess, PublishWhen};
use crate::git::Changes;
use crate::plan::UnitId;
use crate::process::Ending;
use crate::run::log::follow_up::FollowUp;
use crate::run::log::stop_reason::{StopReason, ThrottleReason};

/// The name of one execution of a plan: date and four random letters or digits, `20261121-k3f9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// A new id for a run that begins on `date`; `random` gives the letters.
    pub fn new(date: jiff::civil::Date, random: &mut fastrand::Rng) -> Self {
        const LETTERS: &[u8] = b"0123456789abcdefghijkmnpqrstuvwxyz";
        let tail: String = (0..4)
            .map(|_| char::from(LETTERS[random.usize(..LETTERS.len())]))
            .collect();
        Self(format!("{}-{tail}", date.strftime("%Y%m%d")))
    }

    /// Takes the text of an id that the journal holds.
    #[must_use]
    pub fn from_journal(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A fact with its place in the journal and the moment it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Rises by time within the journal; not dense within a run.
    pub seq: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub event: Event,
}

/// A fact about the whole run or about one of its units.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Run(RunFact),
    Unit(UnitId, UnitFact),
}

/// A fact about the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum RunFact {
    /// Always the first event of a run.
    Started(Box<RunHeader>),
    /// The user asked the run to end before its time.
    StopAsked { how: Stop },
    /// The run goes on where an earlier process left it: in `pid`, under this version of batch.
    Resumed { pid: u32, version: String },
    /// What the plan wants gone was counted, at the base and in the units' commits.
    Counted(OldUses),
    /// No further worktree is made for now: each takes `each` bytes, and only `free` are free.
    #[serde(rename = "room-short")]
    DiskSpaceShort { free: u64, each: u64 },
    /// There is room again.
    #[serde(rename = "room-enough")]
    DiskSpaceEnough,
    /// No further unit is started, though nobody asked for that; those that run finish.
    #[serde(rename = "cut-short")]
    StartsStopped {
        #[serde(flatten)]
        why: StopReason,
        /// Of several agents, the only one that gets no further unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
    /// From now on `at_once` agents may work at once; what runs goes on.
    #[serde(rename = "pace")]
    ConcurrencyChanged {
        at_once: usize,
        #[serde(flatten)]
        why: ThrottleReason,
        /// Of several agents, the one of which so many may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
    /// A check that failed in some unit was run on the untouched base.
    BaseChecked(BaseCheck),
    /// Somebody has accepted what the canary did; the run goes on with the other units.
    CanaryAccepted { pid: u32, version: String },
    /// Units of a run that had come to its end are done anew.
    Retried(Box<Retry>),
    /// Published units of a run that had come to its end are taken up again, for what was said of their pull requests.
    #[serde(rename = "mending")]
    FollowUpsStarted {
        pid: u32,
        version: String,
        units: Vec<FollowUp>,
    },
    /// What the units have committed is published, by the process `pid` under this version of batch: what is not open yet,
    /// or all of it where it goes to another place than before.
    Republished {
        pid: u32,
        version: String,
        /// Where pull requests go, in words.
        forge: String,
        remote: Option<String>,
    },
    /// The one issue for all pull requests of the run is there.
    Tracked(IssueLink),
    /// That issue cannot be made, or is not up to date.
    NotTracked { reason: String },
    /// The last event of a run that came to its end, unless it is resumed or units of it are retried.
    Ended,
}

/// Which units are done anew, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// The process that does it.
    pub pid: u32,
    /// The version of batch that does it.
    pub version: String,
    pub units: Vec<UnitId>,
    #[serde(flatten)]
    pub amendment: Amendment,
}

/// What is different for units that are done anew.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// What the agent is told beyond the run's instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Who does the work instead of the run's agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentOptions>,
    /// The folder from which that agent's relative program is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_timeout: Option<Limit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<Limit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub caps: AgentCaps,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Amendment {
    /// Takes in what was asked for later: words add up, an agent takes the place of the one before.
    pub(crate) fn amend(&mut self, later: &Self) {
        if let Some(words) = &later.instruction {
            self.instruction = Some(match self.instruction.take() {
                Some(before) => format!("{before}\n\n{words}"),
                None => words.clone(),
            });
        }
        if later.agent.is_some() {
            self.agent.clone_from(&later.agent);
            self.dir.clone_from(&later.dir);
        }
        self.agent_timeout = later.agent_timeout.or(self.agent_timeout);
        self.idle_timeout = later.idle_timeout.or(self.idle_timeout);
        self.attempts = later.attempts.or(self.attempts);
        self.caps = later.caps.or(self.caps);
    }
}

/// How far a run goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Everything up to the commit.
    Commits,
    #[default]
    PullRequests,
}

/// How many places of the claimed files hold what is to be gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldUses {
    pub before: usize,
    pub left: usize,
}

/// How a run is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Start nothing new; let what runs finish.
    Drain,
    /// End what runs as well.
    Now,
}

/// What is known when a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    pub instruction: String,
    /// The base's full commit id.
    pub base: String,
    /// How the user knows the base, for example `origin/main`.
    pub base_name: String,
    /// The agent in one line.
    pub agent: String,
    /// Where pull requests go, in words: `github.com/acme/shop`, `this repository`, `nowhere (dry run)`.
    pub forge: String,
    /// The remote that branches are pushed to, if any.
    pub remote: Option<String>,
    /// How far the run goes.
    #[serde(default)]
    pub goal: Goal,
    /// The folder from which a relative agent program is meant; `None` where its name is not text.
    #[serde(default)]
    pub dir: Option<String>,
    /// When finished work is published.
    #[serde(default)]
    pub publish: PublishWhen,
    /// How many units must come to a good end; all where nothing is said.
    #[serde(default)]
    pub min_success: Option<MinSuccess>,
    /// The unit that is done first, and that somebody must accept before others are begun.
    #[serde(default)]
    pub canary: Option<UnitId>,
    /// How many agents may run at once.
    pub jobs: usize,
    /// The version of batch that drives the run.
    pub version: String,
    /// The process that drives the run.
    pub pid: u32,
    pub units: Vec<UnitHeader>,
}

/// A unit as the report needs it, without its file list (that is in the run's plan.toml).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitHeader {
    pub id: UnitId,
    pub title: String,
    pub needs: Vec<UnitId>,
    pub files: usize,
    pub lines: u64,
    /// Who owns its files, who owns most of them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// Who works on it, where that is not the run's one agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Who does each of the works at it that compete, where several agents take turns at them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<String>,
}

/// A fact about one unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum UnitFact {
    /// What an earlier attempt left was put out of the way, to be looked at: its worktree into the trash, a branch with
    /// commits of its own under the full ref name `branch`, its logs into the folder `logs`.
    SetAside {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worktree: Option<PathBuf>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        logs: PathBuf,
    },
    /// A step begins; `detail` says more where a step has several parts (the check's name).
    StepStarted {
        step: Step,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The worktree stands at `path`, on `branch`, with the content of commit `start`.
    WorktreeReady {
        path: PathBuf,
        branch: String,
        start: String,
    },
    /// The worktree is set up; `tree` is what stands in it before the agent begins.
    Prepared {
        tree: String,
    },
    /// The agent has worked for a while, whichever way that ended: what it used up, and the session in which it can go on.
    AgentUsed {
        #[serde(default)]
        usage: Usage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
    },
    /// The agent ended well; `summary` is what it said of its work.
    AgentFinished {
        took_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// One of several works at the unit that compete has ended; the next begins from nothing.
    #[serde(rename = "rival-ended")]
    CandidateEnded(Candidate),
    /// This one of the works that competed, from 1, becomes the unit's.
    #[serde(rename = "rival-chosen")]
    CandidateChosen {
        number: usize,
    },
    /// All that the agent changed lies inside the claim; `tree` is the git tree that will be committed.
    ScopeProven {
        tree: String,
        changes: ChangeCount,
    },
    CheckFinished(CheckResult),
    /// The agent is held back, for the reason `said`; it is started again after `wait_ms`.
    #[serde(rename = "held-back")]
    Interrupted {
        pressure: Interruption,
        said: String,
        wait_ms: u64,
    },
    /// What the agent did was found wanting at `step`, for `reason`; it is told `text` and works on. `attempt` counts
    /// from 1.
    SentBack {
        attempt: u32,
        step: Step,
        reason: String,
        text: String,
    },
    Committed {
        commit: String,
    },
    Pushed {
        remote: String,
    },
    PullRequestOpened(PullRequestLink),
    /// After the run: the unit's change was made once more as `commit`, on top of what its ground `start` has become.
    Transplanted {
        commit: String,
        start: String,
    },
    /// After the run: what the unit's pull request brought into its base was taken back in a commit.
    #[serde(rename = "inverse-made")]
    RevertCommitted(RevertCommit),
    /// That commit's own pull request is open.
    #[serde(rename = "inverse-opened")]
    RevertOpened(PullRequestLink),
    /// Somebody at another terminal asked the unit to end before its time.
    StopAsked {
        by: String,
    },
    /// The last event of a unit, unless it was stopped or blocked and its run is resumed.
    Ended {
        outcome: Outcome,
    },
}

/// A commit that takes back what a pull request brought into its base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertCommit {
    /// The number of that pull request.
    pub undoes: u64,
    pub commit: String,
    /// The commit it stands on.
    pub start: String,
    pub branch: String,
    /// The remote that the branch is pushed to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// One of several works at a unit, of which the best is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who did it.
    pub agent: String,
    /// How long the agent took.
    pub took_ms: u64,
    /// What stood in the worktree at the end, as a commit on top of the unit's start; `None` where nothing was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    #[serde(flatten)]
    pub end: CandidateEnd,
}

/// What came of one of several works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CandidateEnd {
    /// It may be published.
    Good {
        /// The tree that was proven to lie inside the claim.
        tree: String,
        changes: ChangeCount,
        checks: Vec<CheckResult>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// It changed nothing.
    NoChange {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    Failed {
        step: Step,
        reason: String,
    },
}

/// The steps of a unit's pipeline, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    Worktree,
    Setup,
    Agent,
    Scope,
    Check,
    Commit,
    Push,
    PullRequest,
}

impl Step {
    /// The step in words, as a progress line shows it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Worktree => "worktree",
            Self::Setup => "setup",
            Self::Agent => "agent",
            Self::Scope => "scope",
            Self::Check => "check",
            Self::Commit => "commit",
            Self::Push => "push",
            Self::PullRequest => "pull request",
        }
    }
}

/// How much a unit changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeCount {
    pub files: usize,
    pub insertions: usize,
    pub deletions: usize,
}

impl ChangeCount {
    /// The lines that came or went.
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

/// What one check said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub name: String,
    pub verdict: Verdict,
    pub took_ms: u64,
    /// The whole output.
    pub log: PathBuf,
    /// The last lines of the output.
    pub tail: String,
}

/// What one check said of the untouched base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaseCheck {
    pub name: String,
    /// Where it ran, from the worktree's root.
    pub dir: String,
    pub ending: Ending,
    /// The tests that failed; empty where it passed, and where the runner names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<String>,
    pub took_ms: u64,
    pub log: PathBuf,
}

impl BaseCheck {
    /// How it failed; nothing where it passed.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        (!self.ending.is_success()).then(|| Failure {
            ending: self.ending,
            tests: self.tests.iter().cloned().collect(),
        })
    }
}

/// Where a pull request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestLink {
    pub number: u64,
    /// An address on a forge, or the path of a page for the local forge.
    pub url: String,
    /// It was open already and was taken over.
    pub existed: bool,
    /// What could not be done for it, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Where the one issue for all pull requests of a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueLink {
    /// Nothing where issues have no numbers.
    #[serde(default)]
    pub number: Option<u64>,
    /// An address on a forge, or the path of a page for the local forge.
    pub url: String,
}

/// How a unit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// Its pull request is open.
    Published,
    /// Its commit stands on its branch, and that was all that was asked for (a dry run).
    Committed,
    /// Nothing needed doing; the reason is the agent's.
    NoChange { reason: String },
    Failed {
        step: Step,
        /// What went wrong, in one or more lines.
        reason: String,
        /// The last lines of the log that tells more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<String>,
        /// The log that tells more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<PathBuf>,
    },
    /// Its commit stands on its branch, but too few units succeeded for any more to be published.
    Withheld,
    /// A unit that it needs did not succeed.
    Blocked { by: UnitId },
    /// The run, or the unit alone, was stopped before the unit could finish, or begin.
    Stopped,
    /// The run came to a limit before it was begun.
    LeftOut { why: StopReason },
    /// Somebody asked that it should not be begun.
    Skipped { by: String },
}

impl Outcome {
    /// Whether the unit came to a good end, so that units that need it may start.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Published | Self::Committed | Self::NoChange { .. }
        )
    }

    /// The outcome in one or two words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Committed => "committed",
            Self::NoChange { .. } => "no change",
            Self::Failed { .. } => "failed",
            Self::Withheld => "withheld",
            Self::Blocked { .. } => "blocked",
            Self::Stopped => "stopped",
            Self::LeftOut { why } => why.outcome_words(),
            Self::Skipped { .. } => "skipped",
        }
    }
}
