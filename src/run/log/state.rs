//! What is known of a run at a moment: a pure fold of its events.
//!
//! `status`, `report`, progress and the scheduler all read this one value. Nobody but [`RunState::apply`] changes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::agent::{Interruption, SessionId, Usage, UsageSum};
use crate::plan::UnitId;
use crate::run::log::event::{
    Amendment, BaseCheck, Candidate, CandidateEnd, ChangeCount, CheckResult, Event, Goal,
    IssueLink, OldUses, Outcome, PullRequestLink, Recorded, Retry, RunFact, RunHeader, RunId, Step,
    Stop, UnitFact, UnitHeader,
};
use crate::run::log::follow_up::{FollowUpResult, OpenFollowUp};
use crate::run::log::revert::Revert;
use crate::run::log::stop_reason::{StopReason, ThrottleReason};

/// A run and its units, as far as the events tell.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub id: RunId,
    pub header: RunHeader,
    /// Milliseconds since 1970-01-01 UTC.
    pub started_at: i64,
    pub ended_at: Option<i64>,
    pub stop: Option<Stop>,
    /// Why no further unit is started, though nobody asked for that.
    pub cut_short: Option<StopReason>,
    /// Of several agents, those that get no further unit, with why.
    pub cut_off: BTreeMap<String, StopReason>,
    /// How many agents may work at once, where that is not what was asked for.
    pub pace: Vec<ActiveThrottle>,
    /// Somebody has accepted what the canary did.
    pub canary_is_accepted: bool,
    /// Somebody has gone on although the first units failed alike.
    pub breaker_is_off: bool,
    /// What is left of what the plan wants gone, once that was counted.
    pub old_uses: Option<OldUses>,
    /// Units wait because there is no room for their worktrees.
    pub waits_for_room: bool,
    /// The one issue for all its pull requests.
    pub tracking: Option<IssueLink>,
    /// Why there is none, or why it is not up to date.
    pub not_tracked: Option<String>,
    /// What checks that failed in some unit say of the base.
    pub base_checks: Vec<BaseCheck>,
    /// In the plan's order.
    pub units: Vec<UnitState>,
}

/// One unit of a run, as far as the events tell.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitState {
    pub header: UnitHeader,
    pub phase: Phase,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub worktree: Option<PathBuf>,
    pub branch: Option<String>,
    /// The commit that the worktree started from.
    pub start: Option<String>,
    /// The tree that stood in the worktree when the agent began.
    pub prepared: Option<String>,
    pub agent_took_ms: Option<u64>,
    /// What each turn of the agent used up, in order, those of earlier attempts included: they cost the same money.
    pub turns: Vec<Usage>,
    /// Works at the unit that compete, as far as they have ended.
    pub rivals: Vec<Candidate>,
    /// The one of them, from 1, that became the unit's.
    pub chosen: Option<usize>,
    pub session: Option<SessionId>,
    /// Why its agent does not work at the moment, and is started again later.
    pub held_back: Option<Interruption>,
    pub summary: Option<String>,
    /// The tree that was proven to lie inside the claim.
    pub proven: Option<String>,
    pub changes: Option<ChangeCount>,
    /// Of all attempts; the last result of a check is the one that counts.
    pub checks: Vec<CheckResult>,
    /// Why earlier attempts of the agent were found wanting, the first one first.
    pub sent_back: Vec<SentBack>,
    pub commit: Option<String>,
    pub pushed_to: Option<String>,
    pub pull_request: Option<PullRequestLink>,
    /// When its latest pull request was opened, in milliseconds since 1970-01-01 UTC.
    pub opened_at: Option<i64>,
    /// Who works on it, where that is not the run's one agent.
    pub agent: Option<String>,
    /// What is different for this unit since it was done anew.
    pub amendment: Amendment,
    /// The commits of earlier attempts: where the branch on the remote may still stand.
    pub earlier_commits: Vec<String>,
    /// What was said of its pull request, and its agent works on now.
    pub round: Option<Box<OpenFollowUp>>,
    /// Such rounds that have ended.
    pub mended: Vec<FollowUpResult>,
    /// What takes its merged work back.
    pub inverse: Option<Revert>,
    /// The commits of earlier ones of these: where their branch may still stand.
    pub earlier_inverses: Vec<String>,
}

/// How many agents may work at once, and why not as many as were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveThrottle {
    /// The one of several agents that is meant.
    pub agent: Option<String>,
    pub at_once: usize,
    pub why: ThrottleReason,
    /// Milliseconds since 1970-01-01 UTC.
    pub since: i64,
}

/// Why an attempt of an agent was found wanting, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    pub step: Step,
    pub reason: String,
    pub text: String,
}

/// Where a unit stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    Waiting,
    Running { step: Step, detail: Option<String> },
    Ended(Outcome),
}

impl RunState {
    /// The state after `events`, oldest first; `None` when they do not begin with the run's start.
    pub fn fold<'a>(id: &RunId, events: impl IntoIterator<Item = &'a Recorded>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next()?;
        let Event::Run(RunFact::Started(header)) = &first.event else {
            return None;
        };
        let mut state = Self::start(id.clone(), header.as_ref().clone(), first.at);
        for event in events {
            state.apply(event);
        }
        Some(state)
    }

    /// The state of a run that has just started.
    #[must_use]
    pub fn start(id: RunId, header: RunHeader, at: i64) -> Self {
        let units = header.units.iter().cloned().map(UnitState::new).collect();
        Self {
            id,
            header,
            started_at: at,
            ended_at: None,
            stop: None,
            cut_short: None,
            cut_off: BTreeMap::new(),
            pace: Vec::new(),
            breaker_is_off: false,
            canary_is_accepted: false,
            old_uses: None,
            waits_for_room: false,
            tracking: None,
            not_tracked: None,
            base_checks: Vec::new(),
            units,
        }
    }

    /// Takes one more fact in. A fact about a unit that the run does not have is passed over.
    pub fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Run(RunFact::Started(_)) => {}
            Event::Run(RunFact::StopAsked { how }) => self.stop = Some(*how),
            Event::Run(RunFact::Resumed { pid, version }) => self.resume(*pid, version),
            Event::Run(RunFact::Counted(uses)) => self.old_uses = Some(*uses),
            Event::Run(RunFact::DiskSpaceShort { .. }) => self.waits_for_room = true,
            Event::Run(RunFact::DiskSpaceEnough) => self.waits_for_room = false,
            Event::Run(RunFact::CanaryAccepted { pid, version }) => {
                self.canary_is_accepted = true;
                self.resume(*pid, version);
            }
            Event::Run(RunFact::StartsStopped { why, agent: None }) => {
                self.cut_short = Some(why.clone());
            }
            Event::Run(RunFact::StartsStopped {
                why,
                agent: Some(agent),
            }) => {
                self.cut_off.insert(agent.clone(), why.clone());
            }
            Event::Run(RunFact::ConcurrencyChanged {
                at_once,
                why,
                agent,
            }) => {
                self.pace.retain(|pace| pace.agent != *agent);
                if *at_once < self.header.jobs {
                    self.pace.push(ActiveThrottle {
                        agent: agent.clone(),
                        at_once: *at_once,
                        why: *why,
                        since: recorded.at,
                    });
                }
            }
            Event::Run(RunFact::BaseChecked(found)) => self.base_checks.push(found.clone()),
            Event::Run(RunFact::Retried(retry)) => self.retry(retry),
            Event::Run(RunFact::FollowUpsStarted {
                pid,
                version,
                units,
            }) => {
                self.go_on(*pid, version);
                for mending in units {
                    let is_it = |unit: &&mut UnitState| unit.header.id == mending.unit;
                    if let Some(unit) = self.units.iter_mut().find(is_it) {
                        unit.begin_round(mending);
                    }
                }
            }
            Event::Run(RunFact::Republished {
                pid,
                version,
                forge,
                remote,
            }) => self.republish(*pid, version, forge, remote.as_ref()),
            Event::Run(RunFact::Tracked(issue)) => {
                self.tracking = Some(issue.clone());
                self.not_tracked = None;
            }
            Event::Run(RunFact::NotTracked { reason }) => {
                self.not_tracked = Some(reason.clone());
            }
            Event::Run(RunFact::Ended) => self.ended_at = Some(recorded.at),
            Event::Unit(id, fact) => {
                if let Some(unit) = self.units.iter_mut().find(|unit| unit.header.id == *id) {
                    unit.apply(fact, recorded.at);
                }
            }
        }
    }

    /// Puts everything that did not come to an end of its own back in line. What was reached is kept: it is not done,
    /// nor paid for, a second time.
    fn resume(&mut self, pid: u32, version: &str) {
        self.go_on(pid, version);
        for unit in &mut self.units {
            if !unit.is_settled() {
                unit.wait();
            }
        }
    }

    /// Puts units back in line to be done anew, and with them those that were blocked because of them, and those that were
    /// withheld because too few had succeeded.
    fn retry(&mut self, retry: &Retry) {
        self.go_on(retry.pid, &retry.version);
        // What stood in a check's way may be gone by now.
        self.base_checks.clear();
        let mut again = retry.units.clone();
        while let Some(unit) = self.units.iter().find(|unit| {
            matches!(unit.outcome(), Some(Outcome::Blocked { .. }))
                && !again.contains(&unit.header.id)
                && unit.header.needs.iter().any(|need| again.contains(need))
        }) {
            again.push(unit.header.id.clone());
        }
        for unit in &mut self.units {
            if retry.units.contains(&unit.header.id) {
                unit.begin_anew(&retry.amendment);
            } else if again.contains(&unit.header.id) || unit.outcome() == Some(&Outcome::Withheld)
            {
                unit.wait();
            }
        }
    }

    /// Puts the units back in line that have a commit which is not published at that place.
    fn republish(&mut self, pid: u32, version: &str, forge: &str, remote: Option<&String>) {
        self.go_on(pid, version);
        let moves = self.header.forge != forge;
        if moves {
            self.tracking = None;
        }
        if self.header.remote.as_ref() != remote {
            for unit in &mut self.units {
                unit.pushed_to = None;
            }
        }
        forge.clone_into(&mut self.header.forge);
        self.header.remote = remote.cloned();
        self.header.goal = Goal::PullRequests;
        for unit in self.units.iter_mut().filter(|unit| unit.commit.is_some()) {
            if moves {
                unit.forget_inverse();
                unit.pull_request = None;
                unit.opened_at = None;
            }
            if unit.pull_request.is_none() {
                unit.wait();
            }
        }
    }

    /// The units whose commits would be published at a place of this name.
    #[must_use]
    pub fn unpublished_at(&self, forge: &str) -> usize {
        let moves = self.header.forge != forge;
        let is_due =
            |unit: &&UnitState| unit.commit.is_some() && (moves || unit.pull_request.is_none());
        self.units.iter().filter(is_due).count()
    }

    fn go_on(&mut self, pid: u32, version: &str) {
        self.header.pid = pid;
        version.clone_into(&mut self.header.version);
        self.stop = None;
        self.breaker_is_off |= self
            .cut_short
            .iter()
            .chain(self.cut_off.values())
            .any(|why| matches!(why, StopReason::SameFailure { .. }));
        self.cut_short = None;
        self.not_tracked = None;
        self.cut_off.clear();
        self.pace.clear();
        self.ended_at = None;
    }

    /// The canary, while it is not accepted: no other unit is begun, and nothing is published.
    #[must_use]
    pub fn canary(&self) -> Option<&UnitState> {
        let id = self.header.canary.as_ref()?;
        self.unit(id).filter(|_| !self.canary_is_accepted)
    }

    /// Whether units that wait will not be started by the process that drives the run.
    #[must_use]
    pub fn starts_no_more(&self) -> bool {
        self.stop.is_some() || self.cut_short.is_some()
    }

    /// Why some or all units were not begun, though nobody asked for that.
    #[must_use]
    pub fn cut_short(&self) -> Option<&StopReason> {
        self.cut_short.as_ref().or(self.cut_off.values().next())
    }

    /// Who works on the unit: where works at it compete, who does the one that it is at, or did the one that was taken.
    #[must_use]
    pub fn who<'a>(&'a self, unit: &'a UnitState) -> &'a str {
        let taken = unit.chosen.and_then(|number| number.checked_sub(1));
        let rival = match taken.and_then(|at| unit.rivals.get(at)) {
            Some(rival) => Some(&rival.agent),
            None => unit.competitors().get(unit.rivals.len()),
        };
        rival.or(unit.agent.as_ref()).unwrap_or(&self.header.agent)
    }

    /// All that work on the unit, one after another where works at it compete.
    pub(crate) fn workers<'a>(&'a self, unit: &'a UnitState) -> Vec<&'a str> {
        match unit.competitors() {
            [] => vec![self.who(unit)],
            several => several.iter().map(String::as_str).collect(),
        }
    }

    /// Why the unit is not begun, though others are: one that is to work on it gets no further unit.
    pub(crate) fn cut_off_from(&self, unit: &UnitState) -> Option<&StopReason> {
        let done = match unit.competitors() {
            [] => 0,
            _ => unit.rivals.len(),
        };
        let mut left = self.workers(unit).into_iter().skip(done);
        left.find_map(|who| self.cut_off.get(who))
    }

    /// All that work on units, each once, in the order of the units.
    #[must_use]
    pub fn agents(&self) -> Vec<&str> {
        let mut agents = Vec::new();
        for who in self.units.iter().flat_map(|unit| self.workers(unit)) {
            if !agents.contains(&who) {
                agents.push(who);
            }
        }
        agents
    }

    /// The unit of this id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&UnitState> {
        self.units.iter().find(|unit| unit.header.id == *id)
    }

    /// The units, each after all those that it needs, and otherwise in the plan's order.
    #[must_use]
    pub fn needs_first(&self) -> Vec<&UnitState> {
        let mut left: Vec<&UnitState> = self.units.iter().collect();
        let mut ordered = Vec::with_capacity(left.len());
        while let Some(next) = left.iter().position(|unit| {
            let needs = &unit.header.needs;
            !left.iter().any(|other| needs.contains(&other.header.id))
        }) {
            ordered.push(left.remove(next));
        }
        ordered
    }

    /// How many units are in a phase that `test` accepts.
    pub fn count(&self, test: impl Fn(&Phase) -> bool) -> usize {
        self.units.iter().filter(|unit| test(&unit.phase)).count()
    }

    /// How many units must come to a good end for anything to be published.
    #[must_use]
    pub fn least(&self) -> usize {
        let skipped = self.count(|phase| matches!(phase, Phase::Ended(Outcome::Skipped { .. })));
        self.header
            .min_success
            .map_or(0, |least| least.of(self.units.len() - skipped))
    }

    /// Whether as many units as were asked for came to a good end.
    #[must_use]
    pub fn is_success(&self) -> bool {
        let good = |phase: &Phase| matches!(phase, Phase::Ended(outcome) if outcome.is_success());
        match self.header.min_success {
            Some(_) => self.count(good) >= self.least(),
            None => self.all_succeeded(),
        }
    }

    /// Whether every unit came to a good end, but for those that somebody did not want.
    #[must_use]
    pub fn all_succeeded(&self) -> bool {
        self.units
            .iter()
            .filter_map(UnitState::outcome)
            .filter(|outcome| outcome.is_success() || matches!(outcome, Outcome::Skipped { .. }))
            .count()
            == self.units.len()
    }

    /// Milliseconds from start to end, or to `now` while the run is going.
    #[must_use]
    pub fn took_ms(&self, now: i64) -> u64 {
        span(self.started_at, self.ended_at.unwrap_or(now))
    }

    /// What all agents used up, those of earlier attempts too; `None` where none told anything.
    #[must_use]
    pub fn spent(&self) -> Option<UsageSum> {
        let mut turns = self.units.iter().flat_map(|unit| &unit.turns).peekable();
        turns.peek()?;
        Some(turns.collect())
    }

    /// The units' own times added up, in milliseconds: what one after another would have taken.
    #[must_use]
    pub fn serial_ms(&self, now: i64) -> u64 {
        self.units.iter().filter_map(|unit| unit.took_ms(now)).sum()
    }
}

impl UnitState {
    /// A unit of which nothing is known but what the plan says.
    #[must_use]
    pub fn new(header: UnitHeader) -> Self {
        Self {
            agent: header.agent.clone(),
            header,
            phase: Phase::Waiting,
            started_at: None,
            ended_at: None,
            worktree: None,
            branch: None,
            start: None,
            prepared: None,
            agent_took_ms: None,
            turns: Vec::new(),
            rivals: Vec::new(),
            chosen: None,
            session: None,
            held_back: None,
            summary: None,
            proven: None,
            changes: None,
            checks: Vec::new(),
            sent_back: Vec::new(),
            commit: None,
            pushed_to: None,
            pull_request: None,
            opened_at: None,
            amendment: Amendment::default(),
            earlier_commits: Vec::new(),
            round: None,
            mended: Vec::new(),
            inverse: None,
            earlier_inverses: Vec::new(),
        }
    }

    /// Who does each of the works at it that compete, where several take turns: who was named to do it anew does all.
    fn competitors(&self) -> &[String] {
        match self.amendment.agent {
            Some(_) => &[],
            None => &self.header.rivals,
        }
    }

    fn wait(&mut self) {
        self.phase = Phase::Waiting;
        self.started_at = None;
        self.ended_at = None;
    }

    /// Forgets all but what is needed to put the earlier attempt out of the way.
    fn begin_anew(&mut self, amendment: &Amendment) {
        let mut anew = Self::new(self.header.clone());
        anew.worktree = self.worktree.take();
        anew.branch = self.branch.take();
        anew.start = self.start.take();
        anew.turns = std::mem::take(&mut self.turns);
        anew.amendment = std::mem::take(&mut self.amendment);
        anew.amendment.amend(amendment);
        let other = anew.amendment.agent.as_ref();
        if let Some(spec) = other.and_then(|options| options.resolve().ok()) {
            anew.agent = Some(spec.to_string());
        }
        // What stands on somebody else's commit may not be replaced by what does not.
        let is_foreign = |round: &FollowUpResult| {
            round.commit == self.commit && !self.earlier_commits.contains(&round.mending.head)
        };
        let own = !self.mended.iter().any(is_foreign);
        anew.earlier_commits = std::mem::take(&mut self.earlier_commits);
        anew.earlier_commits
            .extend(self.commit.take().filter(|_| own));
        anew.inverse = self.inverse.take();
        anew.earlier_inverses = std::mem::take(&mut self.earlier_inverses);
        *self = anew;
    }

    /// The number of the attempt that the agent is at, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        u32::try_from(self.sent_back.len()).map_or(u32::MAX, |back| back.saturating_add(1))
    }

    pub(crate) fn apply(&mut self, fact: &UnitFact, at: i64) {
        match fact {
            UnitFact::StepStarted { step, detail } => {
                self.started_at.get_or_insert(at);
                self.held_back = None;
                self.phase = Phase::Running {
                    step: *step,
                    detail: detail.clone(),
                };
            }
            UnitFact::SetAside { .. } | UnitFact::StopAsked { .. } => {}
            UnitFact::Interrupted { pressure, .. } => {
                self.held_back = Some(*pressure);
                self.phase = Phase::Running {
                    step: Step::Agent,
                    detail: Some(format!("waits: {pressure}")),
                };
            }
            UnitFact::WorktreeReady {
                path,
                branch,
                start,
            } => {
                // A new worktree is a new beginning: nothing that was known of an earlier one holds for it.
                *self = Self {
                    phase: self.phase.clone(),
                    started_at: self.started_at,
                    turns: std::mem::take(&mut self.turns),
                    rivals: std::mem::take(&mut self.rivals),
                    agent: self.agent.take(),
                    amendment: std::mem::take(&mut self.amendment),
                    earlier_commits: std::mem::take(&mut self.earlier_commits),
                    inverse: self.inverse.take(),
                    earlier_inverses: std::mem::take(&mut self.earlier_inverses),
                    round: self.round.take(),
                    ..Self::new(self.header.clone())
                };
                self.keep_published();
                self.worktree = Some(path.clone());
                self.branch = Some(branch.clone());
                self.start = Some(start.clone());
            }
            UnitFact::Prepared { tree } => self.prepared = Some(tree.clone()),
            UnitFact::AgentUsed { usage, session } => {
                self.turns.push(usage.clone());
                self.session.clone_from(session);
            }
            UnitFact::AgentFinished { took_ms, summary } => {
                self.agent_took_ms = Some(*took_ms);
                self.summary.clone_from(summary);
            }
            UnitFact::ScopeProven { tree, changes } => {
                self.proven = Some(tree.clone());
                self.changes = Some(*changes);
            }
            UnitFact::SentBack {
                step, reason, text, ..
            } => {
                self.sent_back.push(SentBack {
                    step: *step,
                    reason: reason.clone(),
                    text: text.clone(),
                });
                // It has not worked on what it was told yet.
                self.agent_took_ms = None;
                self.proven = None;
                self.changes = None;
            }
            UnitFact::CandidateEnded(rival) => {
                self.rivals.push(rival.clone());
                self.forget_work();
            }
            UnitFact::CandidateChosen { number } => self.take(*number),
            UnitFact::CheckFinished(result) => self.checks.push(result.clone()),
            UnitFact::Committed { commit } => self.commit = Some(commit.clone()),
            UnitFact::Pushed { remote } => self.pushed_to = Some(remote.clone()),
            UnitFact::PullRequestOpened(link) => {
                if !link.existed {
                    self.opened_at = Some(at);
                }
                self.pull_request = Some(link.clone());
            }
            UnitFact::Transplanted { commit, start } => {
                self.earlier_commits.extend(self.commit.take());
                self.commit = Some(commit.clone());
                self.start = Some(start.clone());
            }
            UnitFact::RevertCommitted(made) => {
                self.forget_inverse();
                self.inverse = Some(Revert {
                    made: made.clone(),
                    pull_request: None,
                });
            }
            UnitFact::RevertOpened(link) => {
                if let Some(inverse) = &mut self.inverse {
                    inverse.pull_request = Some(link.clone());
                }
            }
            UnitFact::Ended { outcome } => {
                self.ended_at = Some(at);
                self.phase = Phase::Ended(outcome.clone());
                self.end_round(outcome);
            }
        }
    }

    /// Forgets what takes the unit's work back, but not where that may stand.
    fn forget_inverse(&mut self) {
        let gone = self.inverse.take().map(|inverse| inverse.made.commit);
        self.earlier_inverses.extend(gone);
    }

    /// Forgets what was done at the unit, but not what it has cost and where it stands.
    fn forget_work(&mut self) {
        self.agent_took_ms = None;
        self.session = None;
        self.summary = None;
        self.proven = None;
        self.changes = None;
        self.checks.clear();
        self.sent_back.clear();
    }

    /// Makes a rival's work that of the unit.
    fn take(&mut self, number: usize) {
        self.forget_work();
        self.chosen = Some(number);
        let Some(rival) = number.checked_sub(1).and_then(|at| self.rivals.get(at)) else {
            return;
        };
        self.agent_took_ms = Some(rival.took_ms);
        match &rival.end {
            CandidateEnd::Good {
                tree,
                changes,
                checks,
                summary,
            } => {
                self.summary.clone_from(summary);
                self.proven = Some(tree.clone());
                self.changes = Some(*changes);
                self.checks.clone_from(checks);
            }
            CandidateEnd::NoChange { summary } => self.summary.clone_from(summary),
            CandidateEnd::Failed { .. } => {}
        }
    }

    /// What the unit's agents used up, those of earlier attempts too; `None` where none told anything.
    #[must_use]
    pub fn spent(&self) -> Option<UsageSum> {
        (!self.turns.is_empty()).then(|| self.turns.iter().collect())
    }

    /// Whether the unit came to an end that resuming the run does not change.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self.outcome() {
            None
            | Some(
                Outcome::Stopped
                | Outcome::Withheld
                | Outcome::LeftOut { .. }
                | Outcome::Blocked { .. },
            ) => false,
            Some(_) => true,
        }
    }

    /// How the unit ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Ended(outcome) => Some(outcome),
            Phase::Waiting | Phase::Running { .. } => None,
        }
    }

    /// Milliseconds from its first step to its end, or to `now` while it is going; `None` before its first step.
    #[must_use]
    pub fn took_ms(&self, now: i64) -> Option<u64> {
        self.started_at
            .map(|start| span(start, self.ended_at.unwrap_or(now)))
    }
}

/// A clock that was set back makes no negative time.
fn span(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}
