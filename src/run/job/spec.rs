//! All that a run needs, as data and seams; everything that can be refused is refused while it is put together.
//!
//! [`Job::prepare`] reads, and changes nothing: after an error there is nothing to clean up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::{Agent, AnotherAttempt, CommonFacts, PromptError, Prompts};
use crate::check::{self, Check};
use crate::codemod::Probe;
use crate::config::{Config, ForkChoice, RepoName};
use crate::forge::{Templates, place_of_form};
use crate::git::{GitError, Repo};
use crate::plan::claim::Ownership;
use crate::plan::{self, Plan, Unit, UnitId};
use crate::process::Environment;
use crate::run::delivery::Delivery;
use crate::run::delivery::error::DeliveryError;
use crate::run::job::assignment::{self, Agents, Assignment};
use crate::run::job::error::PrepareError;
use crate::run::job::scope;
use crate::run::job::unit_agents::UnitAgents;
use crate::run::log::event::{Amendment, Goal, RunHeader, RunId, UnitHeader};
use crate::run::schedule::limits::Caps;
use crate::run::workspace::disk_space::DiskSpace;
use crate::run::workspace::environment::worker_environment;
use crate::run::workspace::places::{Naming, Places};

/// How long one check may take unless something else is asked for.
const CHECK_LIMIT: Duration = Duration::from_mins(20);
/// How long the setup of one worktree may take unless something else is asked for.
const SETUP_LIMIT: Duration = Duration::from_mins(15);
/// Agents at once unless something else is asked for; more only helps where they wait for servers.
const MOST_JOBS_UNASKED: usize = 4;

/// Files in which projects say how they want to be worked on.
const CONVENTIONS: [&str; 6] = [
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    "CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
];

/// A run that can be executed.
pub struct Job {
    pub(crate) id: RunId,
    pub(crate) plan: Plan,
    pub(crate) ownership: Ownership,
    /// Finds what must be gone in the end.
    pub(crate) until: Option<Probe>,
    pub(crate) repo: Repo,
    pub(crate) places: Places,
    pub(crate) naming: Naming,
    /// For each unit of the plan, in its order.
    pub(crate) assignments: Vec<Assignment>,
    /// The agents of the plan, each once.
    agents: Agents,
    pub(crate) environment: Environment,
    pub(crate) included: Vec<PathBuf>,
    pub(crate) setup: Option<String>,
    pub(crate) setup_limit: Duration,
    /// For each unit of the plan, in its order.
    pub(crate) checks: Vec<Vec<Check>>,
    pub(crate) check_limit: Duration,
    pub(crate) templates: Templates,
    prompts: Prompts,
    /// Files of the base that say how to work in this repository.
    conventions: Vec<String>,
    /// The repository's own template for pull requests.
    pub(crate) form: Option<String>,
    pub(crate) delivery: Delivery,
    pub(crate) worktrees: KeepWorktrees,
    pub(crate) jobs: usize,
    /// What a unit that somebody has accepted changed, with that unit's id.
    pub(crate) example: Option<(UnitId, String)>,
    pub(crate) caps: Caps,
    pub(crate) room: DiskSpace,
    /// The settings as they are in effect.
    pub(crate) settings: Config,
    pub(crate) goal: Goal,
    dir: PathBuf,
    notes: Vec<String>,
}

/// Which worktrees are left standing when their unit has come to a good end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepWorktrees {
    /// Those that hold the only copy of something: of failed units, and of a dry run.
    WithUnpublishedWork,
    All,
}

impl Job {
    /// Puts a run of `plan` together. `dir` is the folder from which a relative agent program is meant.
    pub fn prepare(
        id: RunId,
        plan: Plan,
        repo: Repo,
        config: &Config,
        delivery: Delivery,
        goal: Goal,
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        if plan.units.is_empty() {
            return Err(PrepareError::Empty);
        }
        let units = plan.units.len();
        if let Some(least) = config.run.min_success
            && least.of(units) > units
        {
            let wanted = least.of(units);
            return Err(PrepareError::TooMany { wanted, units });
        }
        let jobs = match config.run.jobs {
            Some(0) => return Err(PrepareError::NoJobs),
            jobs => jobs.unwrap_or_else(usual_jobs),
        };
        let (assignments, agents) = assignment::of_plan(&plan, config, dir)?;
        let is_pointless =
            |agent: &Arc<dyn Agent>| agent.another_attempt() == AnotherAttempt::Pointless;
        if config.run.best_of.is_some() && agents.iter().any(is_pointless) {
            return Err(PrepareError::AllAlike);
        }
        let naming = Naming::of(config, &repo)?;
        let templates = Templates::compile(&config.publish)?;
        let prompts = Prompts::compile(&config.prompts)?;
        let tracked = plan::tracked(&repo, &plan.base)?;
        let ownership = Ownership::prove(&plan.units, tracked.iter().map(String::as_str))?;
        repo.check_identity()?;
        let form = match place_of_form(tracked.iter().map(String::as_str)) {
            Some(path) => repo.reader(&plan.base)?.text(path),
            None => None,
        };
        let environment = worker_environment(std::env::vars_os(), config, &repo)?;
        let mut notes = Vec::new();
        let checks = match &config.checks.commands {
            Some(lines) => {
                let given: Vec<Check> = lines
                    .iter()
                    .map(|line| Check::given(line, "--check"))
                    .collect();
                vec![given; plan.units.len()]
            }
            None => discover(&repo, &plan, &tracked, &environment, &mut notes)?,
        };
        let limit =
            |asked: Option<crate::config::Limit>, usual| asked.map_or(usual, |limit| limit.0);
        let included = repo.included()?;
        let place = naming.folder(&id, &plan.units[0].id);
        let room = DiskSpace::measure(&repo, &plan.base, &included, &place)?;
        Ok(Self {
            included,
            room,
            places: Places::new(repo.state_dir()),
            setup_limit: limit(config.worktrees.setup_timeout, SETUP_LIMIT),
            check_limit: limit(config.checks.timeout, CHECK_LIMIT),
            setup: config.worktrees.setup.clone(),
            worktrees: if config.worktrees.keep == Some(true) {
                KeepWorktrees::All
            } else {
                KeepWorktrees::WithUnpublishedWork
            },
            id,
            until: plan.until.as_ref().map(Probe::compile).transpose()?,
            plan,
            ownership,
            repo: delivery.reach(repo),
            naming,
            assignments,
            agents,
            environment,
            checks,
            templates,
            prompts,
            conventions: conventions(|file| tracked.contains(file)),
            form,
            delivery,
            jobs,
            example: None,
            caps: Caps::of(&config.run),
            settings: config.clone(),
            goal,
            dir: dir.to_path_buf(),
            notes,
        })
    }

    /// Finds the fork that branches are to be pushed to, or has it made, where that is wanted; gives its name. From now on
    /// the settings name it.
    pub fn settle(&mut self) -> Result<Option<RepoName>, DeliveryError> {
        let found = self.delivery.settle(&self.repo)?;
        let choice = &mut self.settings.publish.fork;
        match &found {
            Some(name) => {
                self.repo = self.delivery.reach(self.repo.clone());
                *choice = Some(ForkChoice::Named(name.clone()));
            }
            None if self.delivery.is_on_a_server() && *choice == Some(ForkChoice::Auto) => {
                *choice = Some(ForkChoice::Never);
            }
            None => {}
        }
        Ok(found)
    }

    /// Whether branches are pushed to a fork.
    #[must_use]
    pub fn fork(&self) -> Option<&ForkChoice> {
        self.settings.publish.fork.as_ref()
    }

    /// Whether a new run can be begun: its branches can be made, and there is room for as many worktrees as may stand
    /// at once. Where room is tight, that becomes one of the notes.
    pub fn check_new(mut self) -> Result<Self, PrepareError> {
        for unit in &self.plan.units {
            self.repo
                .check_new_branch(&self.naming.branch(&self.id, &unit.id))?;
        }
        let all = self.plan.units.len();
        let are_kept =
            self.worktrees == KeepWorktrees::All || matches!(self.delivery, Delivery::Nothing);
        let at_once = if are_kept { all } else { all.min(self.jobs) };
        self.notes.extend(self.room.check(at_once, all, are_kept)?);
        Ok(self)
    }

    /// What is to be run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// What people should know before they approve, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What people should know of pull requests that need others, where they cannot go to each other's branches.
    #[must_use]
    pub fn stacking(&self) -> Option<String> {
        let is_stacked = |unit: &&Unit| !unit.needs.is_empty();
        let stacked = self.plan.units.iter().filter(is_stacked).count();
        (stacked > 0 && self.delivery.is_across()).then(|| {
            format!(
                "no pull request can go to a branch of another repository, and that is where branches are pushed: those of \
                 the units that need others ({stacked}) show what they need too, until it is merged"
            )
        })
    }

    /// How many agents work at once.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Who does the units.
    #[must_use]
    pub fn staff(&self) -> UnitAgents {
        UnitAgents::of(&self.assignments)
    }

    /// What the agent of the unit at `number` is told. What comes first is the same for all units of a run.
    pub(crate) fn prompt(&self, number: usize) -> Result<String, PromptError> {
        let unit = &self.plan.units[number];
        let common = self.prompts.common(&CommonFacts {
            instruction: &self.assignments[number].instruction,
            units: self.plan.units.iter().map(Into::into).collect(),
            conventions: self.conventions.clone(),
            research: &self.plan.research,
            example: self
                .example
                .as_ref()
                .filter(|(of, _)| *of != unit.id)
                .map(|(_, patch)| patch.as_str()),
        })?;
        let checks: Vec<String> = self.checks[number]
            .iter()
            .map(|check| check.name.clone())
            .collect();
        Ok(format!("{common}\n{}", self.prompts.unit(unit, &checks)?))
    }

    /// What of the changes from one commit to another the unit may not make, a line each.
    pub fn outside(&self, unit: &UnitId, from: &str, to: &str) -> Result<Vec<String>, GitError> {
        let changes = self.repo.changes(from, to)?;
        let number = self.plan.units.iter().position(|it| it.id == *unit);
        Ok(number.map_or_else(Vec::new, |number| {
            scope::outside(&self.ownership, number, &changes)
        }))
    }

    /// Gives a unit assignments of its own.
    pub(crate) fn amend(
        &mut self,
        unit: &UnitId,
        amendment: &Amendment,
    ) -> Result<(), PrepareError> {
        let place = self.plan.units.iter().position(|it| it.id == *unit);
        if let Some(assignments) = place.and_then(|place| self.assignments.get_mut(place)) {
            *assignments = assignments.amended(amendment, &self.settings.prices, &self.dir)?;
        }
        Ok(())
    }

    /// The assignments for the unit at `number` after so many works at it that compete: the agents of the plan take turns, from
    /// the unit's own on. Who was named to do a unit anew does all of it.
    pub(crate) fn assignment_of(&self, number: usize, works: usize) -> Assignment {
        let own = self.assignments[number].clone();
        let place = self
            .agents
            .iter()
            .position(|agent| Arc::ptr_eq(agent, &own.agent));
        let agent = match place {
            Some(place) => Arc::clone(&self.agents[(place + works) % self.agents.len()]),
            None => Arc::clone(&own.agent),
        };
        Assignment { agent, ..own }
    }

    /// Who does each of the works at the unit at `number`; empty where nobody takes turns.
    fn competitors(&self, number: usize) -> Vec<String> {
        let works = if self.agents.len() > 1 {
            self.rivals()
        } else {
            1
        };
        let who = |work| self.assignment_of(number, work).agent.describe();
        (0..works).map(who).filter(|_| works > 1).collect()
    }

    /// How many works at each unit compete.
    #[must_use]
    pub fn rivals(&self) -> usize {
        let asked = self.settings.run.best_of;
        asked.map_or(1, |best_of| usize::from(best_of.0))
    }

    /// What becomes of the work.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The distinct checks, with the number of units that each is for.
    #[must_use]
    pub fn checks(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for check in self.checks.iter().flatten() {
            *counts.entry(check.name.clone()).or_default() += 1;
        }
        counts
    }

    /// The unit that is done first, where that is wanted: one of middle size that needs no other, and that no other needs
    /// if there is such a one. None where there is only one unit.
    fn canary(&self) -> Option<UnitId> {
        let units = &self.plan.units;
        if self.settings.run.canary != Some(true) || units.len() < 2 {
            return None;
        }
        let mut free: Vec<&Unit> = units.iter().filter(|unit| unit.needs.is_empty()).collect();
        let is_needed = |unit: &Unit| units.iter().any(|other| other.needs.contains(&unit.id));
        if free.iter().any(|unit| !is_needed(unit)) {
            free.retain(|unit| !is_needed(unit));
        }
        free.sort_by_key(|unit| unit.size.lines);
        free.get(free.len() / 2).map(|unit| unit.id.clone())
    }

    /// The facts with which the run begins.
    pub(crate) fn header(&self) -> RunHeader {
        let (forge, remote) = self.delivery.place();
        RunHeader {
            instruction: self.plan.instruction.clone(),
            base: self.plan.base.clone(),
            base_name: self.plan.base_name.clone(),
            agent: self.staff().to_string(),
            forge,
            remote,
            goal: self.goal,
            publish: self.settings.publish.when.unwrap_or_default(),
            min_success: self.settings.run.min_success,
            canary: self.canary(),
            dir: self.dir.to_str().map(ToOwned::to_owned),
            jobs: self.jobs,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            units: self
                .plan
                .units
                .iter()
                .zip(&self.assignments)
                .enumerate()
                .map(|(number, (unit, assignments))| UnitHeader {
                    id: unit.id.clone(),
                    title: unit.title.clone(),
                    needs: unit.needs.clone(),
                    files: unit.claim.files.len(),
                    lines: unit.size.lines,
                    owners: unit.owners.clone(),
                    agent: (!self.plan.agents.is_empty()).then(|| assignments.agent.describe()),
                    rivals: self.competitors(number),
                })
                .collect(),
        }
    }
}

/// The files that say how to work in the repository, of those that are there.
pub(crate) fn conventions(is_there: impl Fn(&str) -> bool) -> Vec<String> {
    CONVENTIONS
        .into_iter()
        .filter(|file| is_there(file))
        .map(ToOwned::to_owned)
        .collect()
}

/// How many agents work at once where nobody says it.
#[must_use]
pub fn usual_jobs() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_JOBS_UNASKED)
}

/// Finds the checks of every unit, and leaves out those whose program is not there.
fn discover(
    repo: &Repo,
    plan: &Plan,
    tracked: &BTreeSet<String>,
    environment: &Environment,
    notes: &mut Vec<String>,
) -> Result<Vec<Vec<Check>>, PrepareError> {
    // The same few manifests are asked for by every unit.
    let read = std::cell::RefCell::new(BTreeMap::<String, Option<String>>::new());
    let blobs = repo.reader(&plan.base)?;
    let reader = |path: &str| {
        read.borrow_mut()
            .entry(path.to_owned())
            .or_insert_with(|| blobs.text(path))
            .clone()
    };
    let mut checks = Vec::new();
    let mut unchecked = 0_usize;
    for unit in &plan.units {
        let mut usable = Vec::new();
        for check in check::discover(tracked, &reader, &unit.claim.files) {
            match check::obstacle(&check, repo.root(), environment) {
                None => usable.push(check),
                Some(obstacle) if notes.contains(&obstacle) => {}
                Some(obstacle) => notes.push(obstacle),
            }
        }
        unchecked += usize::from(usable.is_empty());
        checks.push(usable);
    }
    if unchecked > 0 {
        let units = plan.units.len();
        notes.push(format!(
            "{unchecked} of {units} units have no check: no test command was found for them; give one with --check"
        ));
    }
    Ok(checks)
}
