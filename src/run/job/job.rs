//! A run that can be executed: what the user asked for, what is to be done for each unit, and what was found.
//!
//! [`Job::prepare`] refuses everything that can be refused. It reads and changes nothing, so after an error there is
//! nothing to clean up. A job does not change while it runs,
//! except that a unit may be divided: what starts after that sees the job with the new claims.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::agent::{Agent, AgentId, CommonFacts, FurtherAttempts, PromptError, Quantity};
use crate::check::Check;
use crate::config::{Config, Deciding, ForkChoice, RepoName, ScopeRule};
use crate::git::{CommitId, GitError, Repo, TreeId};
use crate::plan::claim::default_create_folders;
use crate::plan::{Plan, Unit, UnitId};
use crate::process::Environment;
use crate::process::sandbox::SandboxLevel;
use crate::run::delivery::Delivery;
use crate::run::delivery::base_check;
use crate::run::delivery::error::DeliveryError;
use crate::run::job::agent_script;
use crate::run::job::assignment::{self, Agents, Assignment};
use crate::run::job::deciding::deciding;
use crate::run::job::error::PrepareError;
use crate::run::job::example::Example;
use crate::run::job::findings::{Checks, Findings, tracked};
use crate::run::job::introduced_names::{self, IntroducedByUnit};
use crate::run::job::late_units::{LateKind, LateUnit, late_units};
use crate::run::job::once;
use crate::run::job::path_holders::PathHolders;
use crate::run::job::run_spec::{KeepWorktrees, RunSpec, UnitSpec};
use crate::run::job::scope;
use crate::run::job::union::{publish_when, union_checks, union_note};
use crate::run::job::unit_agents::UnitAgents;
use crate::run::log::run_fact::{Goal, RunHeader, UnitHeader};
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::environment::{relocation_note, unit_environment};
use crate::run::workspace::workspace::Workspace;
use crate::words::{self, Redactor};

/// A run that can be executed.
#[derive(Clone)]
pub struct Job {
    pub(crate) spec: RunSpec,
    /// The assignment and the checks of each unit, in the plan's order.
    pub(crate) units: Vec<UnitSpec>,
    /// The checks of all units together.
    pub(crate) union_checks: Vec<Check>,
    pub(crate) found: Findings,
    pub(crate) workspace: Workspace,
    pub(crate) delivery: Delivery,
    /// What keeps the workers of the run from what is not theirs; `None` where it has no workers.
    pub(crate) sandbox: Option<SandboxLevel>,
    /// The agents of the plan, each once.
    agents: Agents,
    /// The change that the agents get as an example, as far as it is known when this process begins.
    pub(crate) example: Option<Arc<Example>>,
    notes: Vec<String>,
}

impl Job {
    /// Puts a run of `plan` together. The path of an agent program is relative to `dir`.
    pub fn prepare(
        id: RunId,
        mut plan: Plan,
        repo: Repo,
        config: &Config,
        delivery: Delivery,
        goal: Goal,
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        refuse_impossible(&plan, config)?;
        if config.run.once == Some(true) {
            once::check(&plan, config)?;
        }
        if config.run.scope == Some(ScopeRule::Listed) {
            reserve_folders(&mut plan);
        }
        let (assignments, agents) = assignment::of_plan(&plan, config, dir)?;
        let is_pointless =
            |agent: &Arc<dyn Agent>| agent.further_attempts() == FurtherAttempts::Pointless;
        if config.run.best_of.is_some() && agents.iter().any(is_pointless) {
            return Err(PrepareError::AllAlike);
        }
        let mut workspace = Workspace::new(repo, id, config)?.with_base_name(&plan.base_name);
        let tracked = tracked(&workspace, &plan)?;
        let found = Findings::find(&workspace, &plan, &tracked, config)?;
        workspace.isolation = workspace.isolation.with_links(found.outside.clone());
        agent_script::check(&plan, config, &workspace.repo, &tracked, &found.included)?;
        let checks = Checks::of(&workspace, &plan, &tracked, config, &found.environment)?;
        let mut notes = checks.notes;
        notes.extend_from_slice(&found.notes);
        notes.extend(workspace.isolation.note_on_links());
        notes.extend(relocation_note(&found.environment, config, &workspace.repo));
        notes.extend(late_limits(&assignments, config));
        let has_workers = config.worktrees.setup.is_some()
            || !config.worktrees.tidy.is_empty()
            || checks.of_units.iter().any(|checks| !checks.is_empty())
            || !agents.iter().all(is_pointless);
        let sandbox = has_workers
            .then(|| workspace.isolation.level())
            .transpose()?;
        workspace.repo = delivery.reach(workspace.repo);
        let late = late_units(&plan, config.run.integrate.as_deref());
        if let Some(instruction) = &config.run.integrate {
            notes.push(format!(
                "a last unit starts from the work of all others: {}",
                words::line(instruction)
            ));
        }
        let of_plan = assignments.into_iter().zip(checks.of_units);
        let mut units: Vec<UnitSpec> = of_plan
            .map(|(assignment, checks)| UnitSpec { assignment, checks })
            .collect();
        let of_plan = units.len();
        for late in &late {
            let options = late.unit.agent.as_ref().map(|_| plan.agent_of(&late.unit));
            let own = options.map(|it| Assignment::of(it, config, &plan.instruction, dir));
            let spec = UnitSpec::of_all(&units[..of_plan], late, own.transpose()?);
            units.push(spec);
        }
        let union_checks = union_checks(config, &units);
        notes.extend(union_note(config, &union_checks, plan.units.len()));
        Ok(Self {
            union_checks,
            units,
            spec: RunSpec {
                plan,
                late,
                settings: config.clone(),
                goal,
                dir: dir.to_path_buf(),
            },
            notes,
            sandbox,
            example: None,
            found,
            workspace,
            delivery,
            agents,
        })
    }

    /// Finds or makes the fork that branches are pushed to, where the settings want one, and returns its name. From now
    /// on the settings name the fork.
    pub fn settle(&mut self) -> Result<Option<RepoName>, DeliveryError> {
        let found = self.delivery.settle(&self.workspace.repo)?;
        let choice = &mut self.spec.settings.publish.fork;
        match &found {
            Some(name) => {
                self.workspace.repo = self.delivery.reach(self.workspace.repo.clone());
                *choice = Some(ForkChoice::Named(name.clone()));
                self.check_names()?;
            }
            None if self.delivery.is_on_a_server() && *choice == Some(ForkChoice::Auto) => {
                *choice = Some(ForkChoice::Never);
            }
            None => {}
        }
        Ok(found)
    }

    /// Refuses names of branches that the remote cannot take.
    fn check_names(&self) -> Result<(), DeliveryError> {
        let Some(remote) = self.delivery.pushed_to() else {
            return Ok(());
        };
        let ids = self.spec.plan.units.iter().map(|unit| &unit.id);
        let branches = ids.map(|id| self.workspace.branch(id));
        base_check::check_names(
            &self.delivery.reach(self.workspace.repo.clone()),
            remote,
            branches,
        )
    }

    /// Returns the fork that branches are pushed to.
    #[must_use]
    pub fn fork(&self) -> Option<&ForkChoice> {
        self.spec.settings.publish.fork.as_ref()
    }

    /// Checks that a new run can start: its branches can be made, and the disk has space for as many checkouts as may
    /// exist at once. Where space is tight, a note says so.
    pub fn check_new(mut self) -> Result<Self, PrepareError> {
        for unit in &self.spec.plan.units {
            let branch = self.workspace.branch(&unit.id);
            self.workspace.repo.check_new_branch(&branch)?;
        }
        self.check_names()?;
        let all = self.spec.plan.units.len();
        let are_kept = self.spec.keep_worktrees() == KeepWorktrees::All
            || matches!(self.delivery, Delivery::Nothing);
        let at_once = if are_kept {
            all
        } else {
            all.min(self.spec.jobs())
        };
        self.notes
            .extend(self.found.disk_space.check(at_once, all, are_kept)?);
        Ok(self)
    }

    /// Returns the job with what the run's state knows beyond the plan: retried units have assignments of their own,
    /// and the change of a unit that went first is an example.
    pub(crate) fn with_state(mut self, state: &RunState) -> Result<Self, PrepareError> {
        self.take_divisions(state);
        for unit in &state.units {
            let number = self.spec.number(&unit.header.id);
            if let Some(spec) = number.and_then(|number| self.units.get_mut(number)) {
                let prices = &self.spec.settings.prices;
                spec.assignment =
                    spec.assignment
                        .amended(&unit.amendment, prices, &self.spec.dir)?;
            }
        }
        self.example = Example::of(&self.workspace.repo, state).map(Arc::new);
        Ok(self)
    }

    /// Gives units the claims that divisions made, and adds the units that got the rest.
    pub(crate) fn take_divisions(&mut self, state: &RunState) {
        for unit in &state.units {
            let Some(claim) = &unit.claim else {
                continue;
            };
            let from = claim.from.as_ref().and_then(|from| self.spec.number(from));
            if let Some(from) = from
                && self.spec.number(&unit.header.id).is_none()
            {
                self.add_part(from, &unit.header, &claim.files);
            }
            if let Some(number) = self.spec.number(&unit.header.id) {
                let own = self.spec.unit_mut(number);
                own.claim.files.clone_from(&claim.files);
                own.size.lines = unit.header.lines;
            }
        }
    }

    /// Adds a unit for these files of the unit at `from`, with all else as that has it.
    fn add_part(&mut self, from: usize, header: &UnitHeader, files: &[String]) {
        let whole = self.spec.unit(from);
        let mut unit = Unit {
            id: header.id.clone(),
            title: header.title.clone(),
            needs: header.needs.clone(),
            ..whole.clone()
        };
        unit.claim.create.retain(|place| place.ends_with('/'));
        let number = self.units.len();
        let ownership = &mut self.found.ownership;
        ownership.divide(from, number, &unit.id, files);
        let spec = UnitSpec {
            assignment: self.units[from].assignment.clone(),
            checks: self.units[from].checks.clone(),
        };
        self.units.push(spec);
        self.spec.late.push(LateUnit {
            kind: LateKind::Part,
            unit,
        });
    }

    /// Names what the run would start or pass on by its settings and its plan.
    pub fn deciding(&self) -> Result<Deciding, toml::ser::Error> {
        self.deciding_with(&self.spec.settings)
    }

    /// Does the same for other settings.
    pub fn deciding_with(&self, settings: &Config) -> Result<Deciding, toml::ser::Error> {
        deciding(settings, &self.spec.plan)
    }

    /// Returns the plan of the run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.spec.plan
    }

    /// Returns the run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.workspace.run
    }

    /// Returns what people should know before they approve, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns what people should know about pull requests that need others, where a pull request cannot go to the
    /// branch of the one that it needs.
    #[must_use]
    pub fn stacking(&self) -> Option<String> {
        let is_stacked = |unit: &&Unit| !unit.needs.is_empty();
        let stacked = self.spec.plan.units.iter().filter(is_stacked).count();
        (stacked > 0 && self.delivery.is_across()).then(|| {
            format!(
                "no pull request can go to a branch of another repository, and that is where branches are pushed: \
                 those of the units that need others ({stacked}) show what they need too, until it is merged"
            )
        })
    }

    /// Returns how many agents work at once.
    #[must_use]
    pub fn jobs(&self) -> usize {
        self.spec.jobs()
    }

    /// Returns the agent of each unit.
    #[must_use]
    pub fn unit_agents(&self) -> UnitAgents {
        let of_plan = self.units.iter().take(self.spec.plan.units.len());
        UnitAgents::of(of_plan.map(|unit| &unit.assignment))
    }

    /// Returns where the work goes.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Returns how many candidates each unit has.
    #[must_use]
    pub fn candidates(&self) -> usize {
        self.spec.candidates()
    }

    /// Returns the distinct checks, with the number of units that have each.
    #[must_use]
    pub fn checks(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let of_plan = self.units.iter().take(self.spec.plan.units.len());
        for check in of_plan.flat_map(|unit| &unit.checks) {
            *counts.entry(check.name.clone()).or_default() += 1;
        }
        counts
    }

    /// Returns the changes between two commits that the unit may not make in a run of this state, a line each.
    pub fn outside(
        &self,
        state: &RunState,
        unit: &UnitId,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<String>, GitError> {
        if state.units.iter().any(|unit| unit.claim.is_some()) {
            let mut divided = self.clone();
            divided.take_divisions(state);
            return divided.outside_claims(state, unit, from, to);
        }
        self.outside_claims(state, unit, from, to)
    }

    fn outside_claims(
        &self,
        state: &RunState,
        unit: &UnitId,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<String>, GitError> {
        let changes = self.workspace.repo.changes(from, to)?;
        let holders = PathHolders::of(state, &self.spec);
        let Some(number) = self.spec.number(unit) else {
            return Ok(Vec::new());
        };
        let (ownership, rule) = (&self.found.ownership, self.spec.scope_rule());
        let made = state.unit(unit).map(UnitState::regenerated_files);
        let made = made.unwrap_or_default();
        let judgement = scope::judge(ownership, &holders, rule, number, &changes, &made);
        let shared = judgement.shared.iter().map(|it| it.line(&holders));
        Ok(judgement.all_faults().into_iter().chain(shared).collect())
    }

    /// Writes the prompt for the agent of the unit at `number`. Its beginning is the same for all units of a run.
    /// `introduced` are the names that finished units introduced.
    pub(crate) fn prompt(
        &self,
        number: usize,
        example: Option<&Example>,
        introduced: &[IntroducedByUnit],
    ) -> Result<String, PromptError> {
        self.prompt_for(self.spec.unit(number), number, example, introduced)
    }

    /// Writes the prompt for the agent of the unit at `number`, for the files of another unit.
    pub(crate) fn prompt_for(
        &self,
        unit: &Unit,
        number: usize,
        example: Option<&Example>,
        introduced: &[IntroducedByUnit],
    ) -> Result<String, PromptError> {
        let plan = &self.spec.plan;
        let common = self.found.prompts.common(&CommonFacts {
            instruction: &self.units[number].assignment.instruction,
            units: plan.units.iter().map(Into::into).collect(),
            scope: self.spec.scope_rule(),
            conventions: self.found.conventions.clone(),
            research: &plan.research,
            example: example
                .filter(|example| example.of != unit.id)
                .map(|example| example.patch.as_str()),
        })?;
        let checks: Vec<String> = self.units[number]
            .checks
            .iter()
            .map(|check| check.name.clone())
            .collect();
        let introduced = introduced_names::lines(introduced, &unit.id);
        let own = self
            .found
            .prompts
            .unit(unit, &checks, &introduced, self.spec.scope_rule())?;
        Ok(format!("{common}\n{own}"))
    }

    /// Checks whether a pattern that a person wrote does all of the work.
    pub(crate) fn has_only_patterns(&self) -> bool {
        let mut agents = self.agents.iter();
        agents.all(|agent| agent.further_attempts() == FurtherAttempts::Pointless)
    }

    /// Returns the base commit.
    pub(crate) fn base(&self) -> CommitId {
        self.spec.plan.base.clone()
    }

    /// Returns the tree of a commit.
    pub(crate) fn tree(&self, commit: &CommitId) -> Result<TreeId, GitError> {
        self.workspace.repo.tree(commit)
    }

    /// Joins the commits of several needed units into one. Returns the files that commands have to make again.
    pub(crate) fn join(
        &self,
        commits: &[CommitId],
        message: &str,
    ) -> Result<(CommitId, Vec<String>), GitError> {
        let is_made = |path: &str| self.found.rules.make(path);
        self.workspace.repo.join(commits, message, &is_made)
    }

    /// Returns the checkout of a unit.
    pub(crate) fn checkout(&self, unit: &UnitId) -> Checkout {
        Checkout::of_unit(&self.workspace, unit)
    }

    /// Returns the checkout in which units are put together.
    pub(crate) fn union_checkout(&self) -> Checkout {
        Checkout::of_union(&self.workspace)
    }

    /// Returns the checkout of the untouched base.
    pub(crate) fn base_checkout(&self) -> Checkout {
        Checkout::of_base(&self.workspace)
    }

    /// Returns what the processes in a checkout see; `number` is the unit's place in the plan.
    /// Returns what masks the secrets that this process knows.
    pub(crate) fn redactor(&self) -> &Redactor {
        self.found.environment.redactor()
    }

    pub(crate) fn environment(&self, checkout: &Checkout, number: usize) -> Environment {
        let shared = self.found.environment.clone();
        let (settings, repo) = (&self.spec.settings, &self.workspace.repo);
        unit_environment(shared, settings, repo, checkout, number)
    }

    /// Returns the folder with the prompt, the logs and the index of a unit.
    pub(crate) fn folder(&self, unit: &UnitId) -> PathBuf {
        self.workspace.places.unit(&self.workspace.run, unit)
    }

    /// Returns the assignment of the next candidate of the unit at `number`, after `candidates` candidates: the agents
    /// of the plan take turns, and the unit's own agent is first. An agent that was named for a retry does all the
    /// work.
    pub(crate) fn assignment_of(&self, number: usize, candidates: usize) -> Assignment {
        let own = self.units[number].assignment.clone();
        let place = self
            .agents
            .iter()
            .position(|agent| Arc::ptr_eq(agent, &own.agent));
        let agent = match place {
            Some(place) => Arc::clone(&self.agents[(place + candidates) % self.agents.len()]),
            None => Arc::clone(&own.agent),
        };
        Assignment { agent, ..own }
    }

    /// Returns the agent of each candidate of the unit at `number`; empty where no agents take turns.
    fn candidate_agents(&self, number: usize) -> Vec<AgentId> {
        let candidates = if self.agents.len() > 1 {
            self.candidates()
        } else {
            1
        };
        let agent = |candidate| self.assignment_of(number, candidate).agent.id().clone();
        (0..candidates)
            .map(agent)
            .filter(|_| candidates > 1)
            .collect()
    }

    /// Returns the facts with which the run starts.
    pub(crate) fn header(&self) -> RunHeader {
        let (forge, remote) = self.delivery.place();
        let RunSpec {
            plan,
            settings,
            goal,
            dir,
            late: _,
        } = &self.spec;
        let headers = plan.units.iter().zip(&self.units).enumerate();
        let units: Vec<UnitHeader> = headers
            .map(|(number, (unit, spec))| UnitHeader {
                id: unit.id.clone(),
                title: unit.title.clone(),
                needs: unit.needs.clone(),
                files: unit.claim.files.len(),
                lines: unit.size.lines,
                owners: unit.owners.clone(),
                agent: (!plan.agents.is_empty()).then(|| spec.assignment.agent.id().clone()),
                candidates: self.candidate_agents(number),
                work: Vec::new(),
            })
            .collect();
        RunHeader {
            instruction: plan.instruction.clone(),
            base: self.base(),
            base_name: plan.base_name.clone(),
            agent: self.unit_agents().to_string().into(),
            forge,
            remote,
            goal: *goal,
            publish: publish_when(settings, &self.union_checks, units.len()),
            min_success: settings.run.min_success,
            canary: self.spec.canary(&units),
            pilots: self.spec.pilots(&units, &self.units),
            dir: dir.to_str().map(ToOwned::to_owned),
            prefix: self.workspace.repo.prefix().to_owned(),
            jobs: self.spec.jobs(),
            sandbox: self.sandbox.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            units,
        }
    }
}

/// Returns a sentence for each agent that reports something that is limited only when its turn ends.
fn late_limits(assignments: &[Assignment], config: &Config) -> BTreeSet<String> {
    let run = &config.run;
    let note = |Assignment { agent, caps, .. }: &Assignment| {
        let is_limited = |quantity: &&Quantity| match quantity {
            Quantity::Turns => caps.turns.is_some(),
            Quantity::Tokens => caps.tokens.or(run.max_tokens).is_some(),
            Quantity::Cost => caps.budget.or(run.budget).is_some(),
        };
        let late: Vec<String> = agent
            .late()
            .iter()
            .filter(is_limited)
            .map(ToString::to_string)
            .collect();
        (!late.is_empty()).then(|| {
            format!(
                "{} tells of its {} only when a turn ends, or never: a limit cannot stop it before; \
                 --agent-timeout can",
                agent.id(),
                late.join(" and ")
            )
        })
    };
    assignments.iter().filter_map(note).collect()
}

/// Gives every unit the folders in which it may create files, where the plan names no such folder.
fn reserve_folders(plan: &mut Plan) {
    if plan.units.iter().any(|unit| !unit.claim.create.is_empty()) {
        return;
    }
    let files: Vec<&[String]> = plan
        .units
        .iter()
        .map(|unit| &unit.claim.files[..])
        .collect();
    let create = default_create_folders(&files);
    for (unit, create) in plan.units.iter_mut().zip(create) {
        unit.claim.create = create;
    }
}

/// Refuses settings that no run of the plan can meet.
fn refuse_impossible(plan: &Plan, config: &Config) -> Result<(), PrepareError> {
    let units = plan.units.len();
    if units == 0 {
        return Err(PrepareError::Empty);
    }
    if let Some(least) = config.run.min_success
        && least.required(units) > units
    {
        let wanted = least.required(units);
        return Err(PrepareError::TooMany { wanted, units });
    }
    let last = plan.integration.as_ref();
    if let Some(last) = last.filter(|_| config.run.integrate.is_some()) {
        let unit = last.id.clone();
        return Err(PrepareError::IntegratesTwice { unit });
    }
    let has_agent = plan.existing_work().is_none() || last.is_some_and(|it| it.agent.is_some());
    if !has_agent && (last.is_some() || config.run.integrate.is_some()) {
        return Err(PrepareError::NoIntegrator);
    }
    match config.run.jobs {
        Some(0) => Err(PrepareError::NoJobs),
        _ => Ok(()),
    }
}
