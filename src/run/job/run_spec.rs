//! The user's request: the approved plan, the settings in effect, and how far the run goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::agent::{AgentId, FurtherAttempts};
use crate::check::Check;
use crate::config::{Config, Limit, ScopeRule};
use crate::plan::{Plan, Unit, UnitId};
use crate::run::job::assignment::Assignment;
use crate::run::job::late_units::{LateKind, LateUnit};
use crate::run::log::run_fact::{Goal, UnitHeader};
use crate::run::schedule::concurrency::MachineLoad;
use crate::run::schedule::limits::Caps;
use crate::run::schedule::pilot::{FEWEST_UNITS, representative};
use crate::run::workspace::checkout::Setup;

/// How long one check may take unless the settings say otherwise.
const CHECK_LIMIT: Duration = Duration::from_mins(20);
/// How long the setup of one checkout may take unless the settings say otherwise.
const SETUP_LIMIT: Duration = Duration::from_mins(15);
/// How many agents work at once unless the settings say otherwise; more agents help only where they wait for servers.
const MOST_JOBS_UNASKED: usize = 4;

/// The user's request.
#[derive(Clone)]
pub(crate) struct RunSpec {
    pub(crate) plan: Plan,
    /// The units that the run may add to the plan.
    pub(crate) late: Vec<LateUnit>,
    /// The settings in effect, flags included.
    pub(crate) settings: Config,
    pub(crate) goal: Goal,
    /// The folder that the path of an agent program is relative to.
    pub(crate) dir: PathBuf,
}

/// The assignment and the checks of one unit.
#[derive(Clone)]
pub(crate) struct UnitSpec {
    pub(crate) assignment: Assignment,
    pub(crate) checks: Vec<Check>,
}

impl UnitSpec {
    /// Returns the late unit's own assignment, or that of the first unit, with the checks of all units, and with the
    /// instruction of the late unit where that has one.
    pub(crate) fn of_all(units: &[Self], late: &LateUnit, own: Option<Assignment>) -> Self {
        let mut assignment = own.unwrap_or_else(|| units[0].assignment.clone());
        if let Some(instruction) = &late.unit.description {
            assignment.instruction.clone_from(instruction);
        }
        let mut checks: Vec<Check> = Vec::new();
        for check in units.iter().flat_map(|unit| &unit.checks) {
            if !checks.contains(check) {
                checks.push(check.clone());
            }
        }
        Self { assignment, checks }
    }
}

/// Which checkouts stay when their unit has succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepWorktrees {
    /// Only checkouts that hold the only copy of something stay: those of failed units and of a dry run.
    WithUnpublishedWork,
    All,
}

impl RunSpec {
    /// Returns the unit at `number` in the plan; the places after the plan's units are those of the late units.
    pub(crate) fn unit(&self, number: usize) -> &Unit {
        match number.checked_sub(self.plan.units.len()) {
            None => &self.plan.units[number],
            Some(late) => &self.late[late].unit,
        }
    }

    /// Returns the unit at `number` to change it.
    pub(crate) fn unit_mut(&mut self, number: usize) -> &mut Unit {
        match number.checked_sub(self.plan.units.len()) {
            None => &mut self.plan.units[number],
            Some(late) => &mut self.late[late].unit,
        }
    }

    /// Returns the place of a unit in the plan, or of a late unit after the plan's units.
    pub(crate) fn number(&self, unit: &UnitId) -> Option<usize> {
        let late = self.late.iter().map(|late| &late.unit);
        let mut all = self.plan.units.iter().chain(late);
        all.position(|it| it.id == *unit)
    }

    /// Counts the units that divisions added.
    pub(crate) fn parts(&self) -> usize {
        let late = self.late.iter();
        late.filter(|late| late.kind == LateKind::Part).count()
    }

    /// Returns what a late unit is for; `None` for a unit of the plan.
    pub(crate) fn late_kind(&self, number: usize) -> Option<LateKind> {
        let late = number.checked_sub(self.plan.units.len())?;
        self.late.get(late).map(|late| late.kind)
    }

    /// Checks whether one command works once for all units.
    pub(crate) fn is_once(&self) -> bool {
        self.settings.run.once == Some(true)
    }

    /// Returns how many agents work at once.
    pub(crate) fn jobs(&self) -> usize {
        self.settings.run.jobs.unwrap_or_else(usual_jobs)
    }

    /// Returns whether an overloaded machine lets fewer agents start.
    pub(crate) fn machine_load(&self) -> MachineLoad {
        if self.settings.run.governor == Some(false) {
            MachineLoad::Ignored
        } else {
            MachineLoad::Heeded
        }
    }

    /// Returns how many candidates each unit has.
    pub(crate) fn candidates(&self) -> usize {
        let asked = self.settings.run.best_of;
        asked.map_or(1, |best_of| usize::from(best_of.0))
    }

    /// Returns what a unit may come to own beyond its claim.
    pub(crate) fn scope_rule(&self) -> ScopeRule {
        self.settings.run.scope.unwrap_or_default()
    }

    pub(crate) fn keep_worktrees(&self) -> KeepWorktrees {
        if self.settings.worktrees.keep == Some(true) {
            KeepWorktrees::All
        } else {
            KeepWorktrees::WithUnpublishedWork
        }
    }

    /// Returns the setup command for new checkouts.
    pub(crate) fn setup(&self) -> Option<Setup> {
        setup(&self.settings)
    }

    /// Returns how long the setup of a checkout may take, and each command that makes files again.
    pub(crate) fn setup_limit(&self) -> Duration {
        setup_limit(&self.settings)
    }

    /// Returns how long one check may take.
    pub(crate) fn check_limit(&self) -> Duration {
        limit(self.settings.checks.timeout, CHECK_LIMIT)
    }

    /// Returns how much the whole run may use.
    pub(crate) fn caps(&self) -> Caps {
        Caps::of(&self.settings.run)
    }

    /// Chooses the canary, where the settings ask for one. A plan of one unit has no canary.
    pub(crate) fn canary(&self, units: &[UnitHeader]) -> Option<UnitId> {
        let is_wanted = self.settings.run.canary == Some(true) && units.len() > 1;
        let all: Vec<&UnitHeader> = units.iter().collect();
        is_wanted.then(|| representative(all.iter().copied(), &all))?
    }

    /// Chooses a pilot for each agent that understands feedback and has enough units, where the settings ask for
    /// pilots.
    pub(crate) fn pilots(&self, units: &[UnitHeader], specs: &[UnitSpec]) -> Vec<UnitId> {
        let run = &self.settings.run;
        if run.pilot != Some(true) || run.canary == Some(true) {
            return Vec::new();
        }
        let mut of_agents: BTreeMap<&AgentId, Vec<&UnitHeader>> = BTreeMap::new();
        for (unit, spec) in units.iter().zip(specs) {
            let agent = &spec.assignment.agent;
            if agent.further_attempts() == FurtherAttempts::Usual {
                of_agents.entry(agent.id()).or_default().push(unit);
            }
        }
        let all: Vec<&UnitHeader> = units.iter().collect();
        let enough = of_agents
            .into_values()
            .filter(|its| its.len() >= FEWEST_UNITS);
        let pilot = |its: Vec<&UnitHeader>| representative(its.into_iter(), &all);
        enough.filter_map(pilot).collect()
    }
}

/// Returns the setup command of the settings.
pub(crate) fn setup(settings: &Config) -> Option<Setup> {
    settings.worktrees.setup.as_ref().map(|line| Setup {
        line: line.clone(),
        limit: setup_limit(settings),
    })
}

/// Returns how long the setup of a checkout may take, and each command that makes files again.
pub(crate) fn setup_limit(settings: &Config) -> Duration {
    limit(settings.worktrees.setup_timeout, SETUP_LIMIT)
}

fn limit(asked: Option<Limit>, usual: Duration) -> Duration {
    asked.map_or(usual, |limit| limit.0)
}

/// Returns how many agents work at once where the settings do not say.
#[must_use]
pub fn usual_jobs() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_JOBS_UNASKED)
}
