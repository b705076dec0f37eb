//! Facts about a whole run, as data.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::agent::AgentId;
use crate::config::{AgentCaps, AgentOptions, Limit, MinSuccess, PublishWhen};
use crate::git::{CommitId, GitFolderChange, TreeId};
use crate::plan::UnitId;
use crate::process::sandbox::SandboxLevel;
use crate::run::log::check_result::BaseCheck;
use crate::run::log::helper_doubles::HelperDouble;
use crate::run::log::outcome::is_default;
use crate::run::log::stop_reason::{StopReason, ThrottleReason};
use crate::run::log::union::{UnionCheck, UnionEnd, UnionMember};
use crate::run::log::unit_fact::{CarriedWork, FollowUp};

/// A fact about the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum RunFact {
    /// The run started. This is always its first event.
    Started(Box<RunHeader>),
    /// The user asked the run to end early.
    #[serde(rename = "stop-asked")]
    StopRequested { how: Stop },
    /// The run continues where an earlier process left it, in the process `pid` of this version of batch.
    Resumed {
        pid: u32,
        version: String,
        /// What the user allows from now on, where that is new: work that was held for its content is judged again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow: Vec<String>,
    },
    /// The uses that the plan wants gone were counted at the base and in the units' commits.
    Counted(OldUses),
    /// The helpers that the units wrote were compared: these are in several units under different names.
    HelpersCompared { doubles: Vec<HelperDouble> },
    /// No further checkout is made for now: each takes `each` bytes, and only `free` bytes are free.
    #[serde(rename = "room-short")]
    DiskSpaceShort { free: u64, each: u64 },
    /// The disk has space for checkouts again.
    #[serde(rename = "room-enough")]
    DiskSpaceEnough,
    /// The engine starts no further unit, though nobody asked for that; running units finish.
    #[serde(rename = "cut-short")]
    StartsStopped {
        #[serde(flatten)]
        why: StopReason,
        /// The only agent that gets no further unit, where the run has several agents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
    },
    /// From now on `at_once` agents may work at once; running agents continue.
    #[serde(rename = "pace")]
    ConcurrencyChanged {
        at_once: usize,
        #[serde(flatten)]
        why: ThrottleReason,
        /// The agent that the number is for, where the run has several agents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
    },
    /// The run added a unit to its plan.
    UnitAdded(Box<UnitHeader>),
    /// The command worked once for all units.
    WorkedOnce(WholeWork),
    /// A unit was too much for its agent and is divided.
    UnitDivided(Box<Division>),
    /// The other units of the unit's agent wait until it has passed all gates.
    PilotChosen(Pilot),
    /// The green units are put together and checked before anything is published.
    UnionBegun { members: Vec<UnionMember> },
    /// A set of these units was checked.
    UnionChecked(UnionCheck),
    /// It is known which of them may be published.
    UnionEnded(UnionEnd),
    /// A check that failed in some unit was run on the untouched base.
    BaseChecked(BaseCheck),
    /// Finished work is published from now on, and not only after all units.
    #[serde(rename = "publish-asked")]
    PublishRequested { by: String },
    /// The user accepted the canary's change; the run continues with the other units.
    CanaryAccepted { pid: u32, version: String },
    /// Units of a run that had ended start again.
    Retried(Box<Retry>),
    /// Published units of a run that had ended get a follow-up on their pull requests.
    #[serde(rename = "mending")]
    FollowUpsStarted {
        pid: u32,
        version: String,
        units: Vec<FollowUp>,
    },
    /// The process `pid` publishes the units' commits: only those without a pull request, or all of them where the
    /// forge is another one than before.
    Republished {
        pid: u32,
        version: String,
        /// The name of the place where pull requests go.
        forge: String,
        remote: Option<String>,
    },
    /// The tracking issue, which lists all pull requests of the run, exists.
    Tracked(IssueLink),
    /// The tracking issue cannot be made or is out of date.
    NotTracked { reason: String },
    /// These files changed in the user's own checkout while the run went: by the user, or by an agent that left its
    /// own. `more` counts the files that are not named.
    UserFilesChanged {
        files: Vec<String>,
        #[serde(default)]
        more: usize,
    },
    /// Somebody else than batch changed these things in the user's git folder while the run went: the user, or a worker
    /// that left its own checkout. Each change is reported once; `more` counts the changes that are not named.
    GitFolderChanged {
        changes: Vec<GitFolderChange>,
        #[serde(default)]
        more: usize,
    },
    /// What keeps the workers from what is not theirs is something else in this process than before.
    SandboxChanged { sandbox: SandboxLevel },
    /// The run ended. This is its last event, unless the run is resumed or some of its units are retried.
    Ended,
}

/// The work of a command for all units, as a difference between two trees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeWork {
    /// The content of the base's checkout before the command worked.
    pub before: TreeId,
    /// The content after it.
    pub after: TreeId,
    pub took_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// A unit that is divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub unit: UnitId,
    /// Why its agent could not do all of it.
    pub reason: String,
    /// The claimed files that it keeps.
    pub keeps: Vec<String>,
    /// How long its agent took for them; `None` where it has done none of them and starts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// The units that get the other files.
    pub parts: Vec<UnitPart>,
}

/// A unit that another one was divided into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPart {
    #[serde(flatten)]
    pub header: UnitHeader,
    /// The files that it claims.
    pub claims: Vec<String>,
}

/// A unit that the other units of its agent wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pilot {
    pub unit: UnitId,
    /// The reason for which the first attempts failed alike, where they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// The units that start again, and what is different for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// The process that retries.
    pub pid: u32,
    /// The version of batch that retries.
    pub version: String,
    pub units: Vec<UnitId>,
    #[serde(flatten)]
    pub amendment: Amendment,
}

/// The changes for units that start again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Amendment {
    /// The words that the agent gets after the run's instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// The agent that replaces the run's agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentOptions>,
    /// The folder that the path of that agent's program is relative to.
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

impl Amendment {
    /// Adds a later amendment: instructions add up, and a later agent replaces an earlier one.
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
    /// The run ends with commits.
    Commits,
    #[default]
    PullRequests,
}

/// The number of places in the claimed files that hold what the plan wants gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OldUses {
    pub before: usize,
    pub left: usize,
}

/// How a run stops early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Nothing new starts; running units finish.
    Drain,
    /// Running units end as well.
    Now,
}

/// The facts that are known when a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    pub instruction: String,
    /// The base commit.
    pub base: CommitId,
    /// The user's name for the base, for example `origin/main`.
    pub base_name: String,
    /// The agent. For a run with several agents this is a line for people, and each unit names its own agent.
    pub agent: AgentId,
    /// The place where pull requests go: `github.com/acme/shop`, `this repository`, `nowhere (dry run)`.
    pub forge: String,
    /// The remote that branches are pushed to, if any.
    pub remote: Option<String>,
    /// How far the run goes.
    #[serde(default)]
    pub goal: Goal,
    /// The folder that the path of an agent program is relative to; `None` where its name is not UTF-8.
    #[serde(default)]
    pub dir: Option<String>,
    /// The place of that folder in its checkout; empty at the root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// When finished work is published.
    #[serde(default)]
    pub publish: PublishWhen,
    /// How many units must succeed; all of them where nothing is said.
    #[serde(default)]
    pub min_success: Option<MinSuccess>,
    /// The unit that runs first; the user must accept its change before other units start.
    #[serde(default)]
    pub canary: Option<UnitId>,
    /// The units that go first: the other units of the same agent start when they have passed all gates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pilots: Vec<UnitId>,
    /// How many agents may work at once.
    pub jobs: usize,
    /// What keeps the workers of the run from what is not theirs; `None` where it has no workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<SandboxLevel>,
    /// The version of batch that drives the run.
    pub version: String,
    /// The process that drives the run.
    pub pid: u32,
    pub units: Vec<UnitHeader>,
}

/// A unit as reports need it, without its list of files, which the run's plan.toml holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitHeader {
    pub id: UnitId,
    pub title: String,
    pub needs: Vec<UnitId>,
    pub files: usize,
    pub lines: u64,
    /// The owners of its files; the owner of most files comes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// The unit's agent, where the run has several agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The agent of each candidate, where several agents take turns.
    #[serde(default, rename = "rivals", skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<AgentId>,
    /// The work that every attempt at the unit begins with, each as a difference between two trees: work that existed
    /// before the run, or that other units left to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub work: Vec<CarriedWork>,
}

/// The place of the tracking issue of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueLink {
    /// The issue's number; `None` where issues have no numbers.
    #[serde(default)]
    pub number: Option<u64>,
    /// An address on a forge, or the path of a page of the local forge.
    pub url: String,
}
