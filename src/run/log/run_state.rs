//! The state of a run at a moment: a pure fold of its events.
//!
//! `status`, `report`, progress and the scheduler all read this one value. Only [`RunState::apply`] changes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::agent::{AgentId, UsageSum};
use crate::config::PublishWhen;
use crate::git::GitFolderChange;
use crate::plan::UnitId;
use crate::run::log::check_result::BaseCheck;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::helper_doubles::HelperDouble;
use crate::run::log::outcome::{Outcome, WithheldReason};
use crate::run::log::run_fact::{
    Goal, IssueLink, OldUses, Pilot, Retry, RunFact, RunHeader, Stop, UnitHeader, WholeWork,
};
use crate::run::log::run_id::RunId;
use crate::run::log::stop_reason::{StopReason, ThrottleReason};
use crate::run::log::union::{Union, UnionEnd};
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::{Phase, UnitState, elapsed};

/// A run and its units, folded from the events.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub id: RunId,
    pub header: RunHeader,
    /// When the run started, in milliseconds since 1970-01-01 UTC.
    pub started_at: i64,
    /// When the run ended, in milliseconds since 1970-01-01 UTC.
    pub ended_at: Option<i64>,
    /// The stop that the user asked for.
    pub stop: Option<Stop>,
    /// Why no further unit starts, though nobody asked for that.
    pub stop_reason: Option<StopReason>,
    /// The agents that get no further unit, where the run has several agents.
    pub stopped_agents: BTreeMap<AgentId, StopReason>,
    /// The limits on how many agents may work at once, where these are lower than the user's.
    pub throttles: Vec<ActiveThrottle>,
    /// How often the machine was too busy for as many agents as the user asked for.
    pub machine_throttles: usize,
    /// The user accepted the canary's change.
    pub canary_accepted: bool,
    /// The units that others waited for or wait for, the latest one last.
    pub pilots: Vec<Pilot>,
    /// The user continued although the first units failed for the same reason.
    pub breaker_is_off: bool,
    /// The uses that the plan wants gone, once they were counted.
    pub old_uses: Option<OldUses>,
    /// The helpers that several units wrote under different names.
    pub helper_doubles: Vec<HelperDouble>,
    /// The files that changed in the user's own checkout while the run went, and how many more there are.
    pub user_files_changed: Option<(Vec<String>, usize)>,
    /// The changes in the user's git folder while the run went, and how many more there are.
    pub git_folder_changes: (Vec<GitFolderChange>, usize),
    /// Units wait because the disk has no space for their checkouts.
    pub waits_for_disk_space: bool,
    pub tracking_issue: Option<IssueLink>,
    /// Why the tracking issue does not exist or is out of date.
    pub tracking_error: Option<String>,
    /// The results on the base of checks that failed in some unit.
    pub base_checks: Vec<BaseCheck>,
    /// The latest union of the units that were to be published.
    pub union: Option<Union>,
    /// The work of a command for all units.
    pub whole_work: Option<WholeWork>,
    /// The units in the plan's order.
    pub units: Vec<UnitState>,
}

/// A limit on how many agents may work at once that is lower than the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveThrottle {
    /// The agent that the limit is for, where the run has several agents.
    pub agent: Option<AgentId>,
    pub at_once: usize,
    pub why: ThrottleReason,
    /// Milliseconds since 1970-01-01 UTC.
    pub since: i64,
}

impl RunState {
    /// Folds `events`, oldest first; `None` when the first event is not the start of the run.
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

    /// Returns the state of a run that has just started.
    #[must_use]
    pub fn start(id: RunId, header: RunHeader, at: i64) -> Self {
        let units = header.units.iter().cloned().map(UnitState::new).collect();
        let first = |unit: &UnitId| Pilot {
            unit: unit.clone(),
            said: None,
        };
        let pilots = header.pilots.iter().map(first).collect();
        Self {
            id,
            header,
            started_at: at,
            ended_at: None,
            stop: None,
            stop_reason: None,
            stopped_agents: BTreeMap::new(),
            throttles: Vec::new(),
            machine_throttles: 0,
            breaker_is_off: false,
            canary_accepted: false,
            pilots,
            old_uses: None,
            helper_doubles: Vec::new(),
            user_files_changed: None,
            git_folder_changes: (Vec::new(), 0),
            waits_for_disk_space: false,
            tracking_issue: None,
            tracking_error: None,
            base_checks: Vec::new(),
            union: None,
            whole_work: None,
            units,
        }
    }

    /// Takes in one more event. An event of a unit that the run does not have changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::Run(fact) => self.apply_run_fact(fact, recorded.at),
            Event::Unit(id, fact) => {
                if let Some(unit) = self.units.iter_mut().find(|unit| unit.header.id == *id) {
                    unit.apply(fact, recorded.at);
                }
                if let UnitFact::Ended { .. } = fact
                    && self.unit(id).is_some_and(UnitState::came_to_nothing)
                {
                    self.stand_no_more_on(id);
                }
            }
        }
    }

    /// Takes in a unit that the plan does not have.
    fn add(&mut self, added: &UnitHeader) {
        if self.unit(&added.id).is_none() {
            self.units.push(UnitState::new(added.clone()));
        }
    }

    /// Takes in that a unit came to nothing on which others could stand.
    fn stand_no_more_on(&mut self, id: &UnitId) {
        let Some(unit) = self.unit(id) else {
            return;
        };
        let instead = unit.stands_on.clone();
        for unit in &mut self.units {
            unit.stand_no_more_on(id, &instead);
        }
    }

    /// Returns all units that a unit stands on: what it needs, what that needs, and so on.
    pub(crate) fn stands_on(&self, unit: &UnitId) -> BTreeSet<UnitId> {
        let mut reached = BTreeSet::new();
        let mut open = vec![unit.clone()];
        while let Some(id) = open.pop() {
            let needs = self.unit(&id).map(|unit| &unit.header.needs);
            let needs = needs.into_iter().flatten();
            open.extend(
                needs
                    .filter(|need| reached.insert((*need).clone()))
                    .cloned(),
            );
        }
        reached
    }

    fn apply_run_fact(&mut self, fact: &RunFact, at: i64) {
        match fact {
            RunFact::Started(_) => {}
            RunFact::StopRequested { how } => self.stop = Some(*how),
            RunFact::Resumed {
                pid,
                version,
                allow,
            } => {
                self.resume(*pid, version);
                if !allow.is_empty() {
                    self.judge_content_again();
                }
            }
            RunFact::Counted(uses) => self.old_uses = Some(*uses),
            RunFact::HelpersCompared { doubles } => self.helper_doubles.clone_from(doubles),
            RunFact::UserFilesChanged { files, more } => {
                self.user_files_changed = Some((files.clone(), *more));
            }
            RunFact::SandboxChanged { sandbox } => self.header.sandbox = Some(sandbox.clone()),
            RunFact::GitFolderChanged { changes, more } => {
                let (known, further) = &mut self.git_folder_changes;
                known.extend(changes.iter().cloned());
                *further += more;
            }
            RunFact::DiskSpaceShort { .. } => self.waits_for_disk_space = true,
            RunFact::DiskSpaceEnough => self.waits_for_disk_space = false,
            RunFact::CanaryAccepted { pid, version } => {
                self.canary_accepted = true;
                self.resume(*pid, version);
            }
            RunFact::StartsStopped { why, agent } => match agent {
                None => self.stop_reason = Some(why.clone()),
                Some(agent) => {
                    self.stopped_agents.insert(agent.clone(), why.clone());
                }
            },
            RunFact::ConcurrencyChanged {
                at_once,
                why,
                agent,
            } => {
                if matches!(
                    why,
                    ThrottleReason::Busy { .. } | ThrottleReason::LittleMemory { .. }
                ) {
                    self.machine_throttles += 1;
                }
                self.throttles.retain(|throttle| throttle.agent != *agent);
                if *at_once < self.header.jobs {
                    self.throttles.push(ActiveThrottle {
                        agent: agent.clone(),
                        at_once: *at_once,
                        why: *why,
                        since: at,
                    });
                }
            }
            RunFact::UnitAdded(added) => self.add(added),
            RunFact::WorkedOnce(whole) => self.whole_work = Some(whole.clone()),
            RunFact::UnitDivided(division) => self.divide(division),
            RunFact::PublishRequested { .. } => self.header.publish = PublishWhen::AsReady,
            RunFact::PilotChosen(pilot) => self.pilots.push(pilot.clone()),
            RunFact::UnionBegun { members } => self.union = Some(Union::of(members.clone())),
            RunFact::UnionChecked(check) => {
                if let Some(union) = &mut self.union {
                    union.checks.push(check.clone());
                }
            }
            RunFact::UnionEnded(end) => self.end_union(end),
            RunFact::BaseChecked(found) => self.base_checks.push(found.clone()),
            RunFact::Retried(retry) => self.retry(retry),
            RunFact::FollowUpsStarted {
                pid,
                version,
                units,
            } => {
                self.take_over(*pid, version);
                let again: Vec<UnitId> = units.iter().map(|it| it.unit.clone()).collect();
                self.keep_pilots(&again);
                for follow_up in units {
                    let is_it = |unit: &&mut UnitState| unit.header.id == follow_up.unit;
                    if let Some(unit) = self.units.iter_mut().find(is_it) {
                        unit.start_follow_up(follow_up);
                    }
                }
            }
            RunFact::Republished {
                pid,
                version,
                forge,
                remote,
            } => self.republish(*pid, version, forge, remote.as_ref()),
            RunFact::Tracked(issue) => {
                self.tracking_issue = Some(issue.clone());
                self.tracking_error = None;
            }
            RunFact::NotTracked { reason } => self.tracking_error = Some(reason.clone()),
            RunFact::Ended => self.ended_at = Some(at),
        }
    }

    /// Takes in how the union ended. Where a unit of it ended otherwise meanwhile, nobody has seen the others without
    /// it, so that it is not known any more.
    fn end_union(&mut self, end: &UnionEnd) {
        let Some(mut union) = self.union.take() else {
            return;
        };
        union.end = Some(end.clone());
        let is_gone = |id: &UnitId| {
            let outcome = self.unit(id).and_then(UnitState::outcome);
            outcome.is_some_and(|outcome| !outcome.is_success())
        };
        let lost = match end {
            UnionEnd::Green { units, .. } => units.iter().any(is_gone),
            UnionEnd::Unclear | UnionEnd::NotChecked { .. } => false,
        };
        self.union = Some(union).filter(|_| !lost);
    }

    /// Lets a union that decided nothing be made again.
    fn forget_undecided_union(&mut self) {
        let is_decided = |union: &Union| matches!(union.end, None | Some(UnionEnd::Green { .. }));
        self.union = self.union.take().filter(is_decided);
    }

    /// Returns why the union holds a unit's present commit, while a person has not let it pass.
    pub(crate) fn union_holds(&self, unit: &UnitState) -> Option<WithheldReason> {
        if self.header.publish != PublishWhen::AfterUnion {
            return None;
        }
        let (union, commit) = self.union.as_ref().zip(unit.attempt.commit.as_ref())?;
        let id = &unit.header.id;
        union.holds(id).filter(|_| union.covers(id, commit))
    }

    /// Checks whether a change in the user's git folder holds publishing.
    #[must_use]
    pub fn git_folder_holds_publishing(&self) -> bool {
        let (changes, _) = &self.git_folder_changes;
        changes.iter().any(|change| change.holds_publishing)
    }

    /// Puts every unit without an outcome of its own back in line. The unit keeps what it reached, so that nothing is
    /// done or paid for twice.
    fn resume(&mut self, pid: u32, version: &str) {
        self.take_over(pid, version);
        self.forget_undecided_union();
        for unit in &mut self.units {
            if !unit.is_settled() {
                unit.wait();
            }
        }
    }

    /// Puts the units back in line whose work was held for its content.
    fn judge_content_again(&mut self) {
        for unit in &mut self.units {
            if unit.is_held_for_content() {
                unit.wait();
            }
        }
    }

    /// Starts units again, and puts back in line the units that were blocked by them, and the units that were withheld
    /// because too few units had succeeded.
    fn retry(&mut self, retry: &Retry) {
        self.take_over(retry.pid, &retry.version);
        // What breaks together is another question with other work.
        self.union = None;
        // The cause of a check's failure on the base may be gone.
        self.base_checks.clear();
        self.keep_pilots(&retry.units);
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
                unit.retry(&retry.amendment);
            } else if again.contains(&unit.header.id)
                || matches!(unit.outcome(), Some(Outcome::Withheld { .. }))
            {
                unit.wait();
            }
        }
    }

    /// Puts the units back in line whose commit is not published at this place.
    fn republish(&mut self, pid: u32, version: &str, forge: &str, remote: Option<&String>) {
        self.take_over(pid, version);
        let moves = self.header.forge != forge;
        if moves {
            self.tracking_issue = None;
        }
        if self.header.remote.as_ref() != remote {
            for unit in &mut self.units {
                unit.publication.pushed_to = None;
            }
        }
        forge.clone_into(&mut self.header.forge);
        self.header.remote = remote.cloned();
        if self.units.iter().any(UnitState::is_held_by_union) {
            // A person knows what the union said, and publishes all the same.
            self.header.publish = PublishWhen::AsReady;
        }
        self.header.goal = Goal::PullRequests;
        let committed = |unit: &&mut UnitState| unit.attempt.commit.is_some();
        for unit in self.units.iter_mut().filter(committed) {
            if moves {
                unit.publication.forget_place();
            }
            if unit.publication.pull_request.is_none() {
                unit.wait();
            }
        }
    }

    /// Counts the units whose commits would be published at a place of this name.
    #[must_use]
    pub fn unpublished_at(&self, forge: &str) -> usize {
        let moves = self.header.forge != forge;
        let is_due = |unit: &&UnitState| {
            unit.attempt.commit.is_some() && (moves || unit.publication.pull_request.is_none())
        };
        self.units.iter().filter(is_due).count()
    }

    /// Takes in that another process drives the run from now on.
    fn take_over(&mut self, pid: u32, version: &str) {
        self.header.pid = pid;
        version.clone_into(&mut self.header.version);
        self.stop = None;
        self.breaker_is_off |= self
            .stop_reason
            .iter()
            .chain(self.stopped_agents.values())
            .any(|why| matches!(why, StopReason::SameFailure { .. }));
        self.stop_reason = None;
        self.user_files_changed = None;
        self.git_folder_changes = (Vec::new(), 0);
        self.tracking_error = None;
        self.stopped_agents.clear();
        self.throttles.clear();
        self.ended_at = None;
    }

    /// Returns the canary while its change is not accepted: until then no other unit starts, and nothing is published.
    #[must_use]
    pub fn canary(&self) -> Option<&UnitState> {
        let id = self.header.canary.as_ref()?;
        self.unit(id).filter(|_| !self.canary_accepted)
    }

    /// Checks whether the process that drives the run starts no waiting unit any more.
    #[must_use]
    pub fn starts_no_more(&self) -> bool {
        self.stop.is_some() || self.stop_reason.is_some()
    }

    /// Returns why some or all units did not start, though nobody asked for that.
    #[must_use]
    pub fn first_stop_reason(&self) -> Option<&StopReason> {
        self.stop_reason
            .as_ref()
            .or(self.stopped_agents.values().next())
    }

    /// Returns the unit's agent. Where several agents take turns, that is the agent of the present candidate, or of the
    /// chosen one.
    #[must_use]
    pub fn agent_of<'a>(&'a self, unit: &'a UnitState) -> &'a AgentId {
        let chosen = unit.chosen.and_then(|number| number.checked_sub(1));
        let candidate = match chosen.and_then(|at| unit.candidates.get(at)) {
            Some(candidate) => Some(&candidate.agent),
            None => unit.candidate_agents().get(unit.candidates.len()),
        };
        candidate
            .or(unit.agent.as_ref())
            .unwrap_or(&self.header.agent)
    }

    /// Returns all agents that work on the unit, in the order of the candidates.
    pub(crate) fn agents_of<'a>(&'a self, unit: &'a UnitState) -> Vec<&'a AgentId> {
        match unit.candidate_agents() {
            [] => vec![self.agent_of(unit)],
            several => several.iter().collect(),
        }
    }

    /// Returns why the unit does not start though others do: an agent that would work on it gets no further unit.
    pub(crate) fn agent_stop_reason(&self, unit: &UnitState) -> Option<&StopReason> {
        let done = match unit.candidate_agents() {
            [] => 0,
            _ => unit.candidates.len(),
        };
        let mut left = self.agents_of(unit).into_iter().skip(done);
        left.find_map(|agent| self.stopped_agents.get(agent))
    }

    /// Returns all agents of the run, each once, in the order of the units.
    #[must_use]
    pub fn agents(&self) -> Vec<&AgentId> {
        let mut agents = Vec::new();
        for agent in self.units.iter().flat_map(|unit| self.agents_of(unit)) {
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
        agents
    }

    /// Returns the unit of this id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&UnitState> {
        self.units.iter().find(|unit| unit.header.id == *id)
    }

    /// Returns the units, each after all units that it needs, and otherwise in the plan's order.
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

    /// Counts the units in a phase that `test` accepts.
    pub fn count(&self, test: impl Fn(&Phase) -> bool) -> usize {
        self.units.iter().filter(|unit| test(&unit.phase)).count()
    }

    /// Returns how many units must succeed before anything is published.
    #[must_use]
    pub fn required_successes(&self) -> usize {
        let skipped = self.count(|phase| matches!(phase, Phase::Ended(Outcome::Skipped { .. })));
        self.header
            .min_success
            .map_or(0, |least| least.required(self.units.len() - skipped))
    }

    /// Checks whether as many units succeeded as the user asked for.
    #[must_use]
    pub fn is_success(&self) -> bool {
        let good = |phase: &Phase| matches!(phase, Phase::Ended(outcome) if outcome.is_success());
        match self.header.min_success {
            Some(_) => self.count(good) >= self.required_successes(),
            None => self.all_succeeded(),
        }
    }

    /// Checks whether every unit succeeded, except the units that the user skipped.
    #[must_use]
    pub fn all_succeeded(&self) -> bool {
        self.units
            .iter()
            .filter_map(UnitState::outcome)
            .filter(|outcome| outcome.is_success() || matches!(outcome, Outcome::Skipped { .. }))
            .count()
            == self.units.len()
    }

    /// Returns the milliseconds from the start to the end, or to `now` while the run is under way.
    #[must_use]
    pub fn took_ms(&self, now: i64) -> u64 {
        elapsed(self.started_at, self.ended_at.unwrap_or(now))
    }

    /// Returns what all agents used, in all attempts; `None` where no agent reported anything.
    #[must_use]
    pub fn spent(&self) -> Option<UsageSum> {
        let mut turns = self
            .units
            .iter()
            .flat_map(|unit| &unit.ledger.turns)
            .peekable();
        turns.peek()?;
        Some(turns.collect())
    }

    /// Returns the sum of the units' own times, in milliseconds: the time of a run with one agent at a time.
    #[must_use]
    pub fn serial_ms(&self, now: i64) -> u64 {
        self.units.iter().filter_map(|unit| unit.took_ms(now)).sum()
    }
}
