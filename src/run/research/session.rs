//! A planning session: an agent reads the base in a checkout of its own and proposes a plan, which is checked and
//! repaired.
//!
//! An agent whose answer cannot be used is asked again, a few times. The prompt and the transcript are kept; the
//! checkout is thrown away.

use std::fmt;
use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::{
    AgentError, AgentEvent, Feedback, PlanFacts, Prompts, Task, TaskKind, Usage, UsageSum, Work,
};
use crate::config::{AgentCaps, Config, UnitRange};
use crate::git::{GitError, Repo};
use crate::plan::{BaseFiles, Claim, Outline, Plan, Proposal, Repair, UnitId, from_proposal};
use crate::process::{Environment, Renderer};
use crate::run::job::assignment::Assignment;
use crate::run::job::error::PrepareError;
use crate::run::job::findings::conventions;
use crate::run::log::run_id::RunId;
use crate::run::research::checkout::{PlanningCheckout, PlanningCheckoutError};
use crate::run::unit::monitor::{AgentBudget, monitor};
use crate::run::unit::turn::EVENTS_AHEAD;
use crate::run::workspace::environment::{unit_environment, worker_environment};
use crate::run::workspace::isolation::Isolation;
use crate::run::workspace::naming::Naming;
use crate::words;

/// How often the agent is asked.
const TIMES: usize = 3;

/// A planning session.
pub struct PlanningSession<'a> {
    repo: &'a Repo,
    config: &'a Config,
    /// The plan that follows from the imports alone.
    plan: &'a Plan,
    base: &'a BaseFiles,
    assignment: Assignment,
    prompts: Prompts,
    naming: Naming,
    checkout: PlanningCheckout,
}

/// The result of a planning session.
#[derive(Debug)]
pub struct PlanningResult {
    /// The usage of the agent.
    pub used: UsageSum,
    /// The folder with the prompt, the transcript and a record of the result.
    pub folder: PathBuf,
    pub made: Result<(Plan, Vec<Repair>), PlanningError>,
}

/// Why the session made no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    #[error(transparent)]
    Agent(AgentError),
    #[error("its answer could not be used, {} times: {last}", TIMES)]
    Useless { last: String },
    #[error("there is no place for it to read in: {0}")]
    PlanningCheckout(#[from] PlanningCheckoutError),
    #[error("its task cannot be written: {0}")]
    Task(String),
    #[error("interrupted")]
    Interrupted,
}

impl<'a> PlanningSession<'a> {
    /// Puts the session together; the path of an agent program is relative to `dir`.
    pub fn prepare(
        id: RunId,
        repo: &'a Repo,
        config: &'a Config,
        (plan, base): (&'a Plan, &'a BaseFiles),
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        let naming = Naming::of(config, repo)?;
        let isolation = Isolation::of(config);
        isolation.level()?;
        let mut assignment =
            Assignment::of(&config.first_agent()?, config, &plan.instruction, dir)?;
        // The limits of a whole run are ample for its plan.
        assignment.caps = assignment.caps.lower_of(AgentCaps {
            turns: None,
            tokens: config.run.max_tokens,
            budget: config.run.budget,
        });
        Ok(Self {
            assignment,
            prompts: Prompts::compile(&config.prompts, &Renderer::apart())?,
            checkout: PlanningCheckout::of(id, repo, &naming, isolation),
            naming,
            repo,
            config,
            plan,
            base,
        })
    }

    /// Returns the agent in one line.
    #[must_use]
    pub fn agent(&self) -> String {
        self.assignment.agent.describe()
    }

    /// Asks the agent. `tell` gets its events.
    pub async fn ask(
        &self,
        cancel: &CancellationToken,
        mut tell: impl FnMut(&AgentEvent),
    ) -> PlanningResult {
        for left in PlanningCheckout::abandoned(self.repo, &self.naming) {
            Self::take_away(&left);
        }
        let mut turns = Vec::new();
        let made = match self.checkout.make(&self.plan.base) {
            Ok(_lock) => {
                let made = self.answers(cancel, &mut tell, &mut turns).await;
                Self::take_away(&self.checkout);
                made
            }
            Err(error) => Err(error.into()),
        };
        let used: UsageSum = turns.iter().collect();
        let made = made.map(|(mut plan, repairs)| {
            plan.research.by = Some(if used.known().is_unknown() {
                self.agent()
            } else {
                format!("{}: {used}", self.agent())
            });
            (plan, repairs)
        });
        let researched = PlanningResult {
            used,
            folder: self.checkout.folder().to_path_buf(),
            made,
        };
        self.keep(&researched);
        researched
    }

    fn take_away(checkout: &PlanningCheckout) {
        if let Err(error) = checkout.take_away() {
            tracing::warn!("{} was left behind: {error}", checkout.path().display());
        }
    }

    /// Asks until an answer can be used, at most a few times.
    async fn answers(
        &self,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&AgentEvent),
        turns: &mut Vec<Usage>,
    ) -> Result<(Plan, Vec<Repair>), PlanningError> {
        let range = self.config.plan.units.unwrap_or_default();
        let mut task = self.task(range)?;
        let mut last = String::new();
        for _ in 0..TIMES {
            if cancel.is_cancelled() {
                return Err(PlanningError::Interrupted);
            }
            let work = self.turn(&task, cancel, tell, turns).await?;
            let answer = work.summary.unwrap_or_default();
            match self.understand(&answer, &task.worktree, range) {
                Ok(made) => return Ok(made),
                Err(fault) => last = words::line(&fault),
            }
            tracing::info!("the answer cannot be used: {last}");
            task.feedback = Some(Feedback {
                session: work.session,
                text: format!(
                    "Your answer cannot be used: {last}. Answer again, with the whole JSON object in a fenced block, \
                     by the schema that you were given, and change nothing.\n"
                ),
            });
        }
        Err(PlanningError::Useless { last })
    }

    fn task(&self, units: UnitRange) -> Result<Task, PlanningError> {
        let (id, worktree) = (self.checkout.id(), self.checkout.path().to_path_buf());
        let fault = |error: &dyn fmt::Display| PlanningError::Task(error.to_string());
        let unit = UnitId::research();
        let files = self.plan.units.iter().flat_map(|unit| &unit.claim.files);
        Ok(Task {
            run: id.to_string(),
            unit: unit.to_string(),
            instruction: self.plan.instruction.clone(),
            prompt: self
                .prompts
                .plan(&PlanFacts {
                    instruction: &self.plan.instruction,
                    outline: &Outline::of(self.plan, self.base).map_err(|error| fault(&error))?,
                    units,
                    conventions: conventions(|file| self.base.tracks(file)),
                })
                .map_err(|error| fault(&error))?,
            claim: Claim {
                files: files.cloned().collect(),
                create: Vec::new(),
            },
            environment: self.environment().map_err(|error| fault(&error))?,
            sandbox: self.checkout.checkout().sandbox(),
            worktree,
            folder: self.checkout.folder().to_path_buf(),
            home: self.checkout.checkout().worker_folders().home(),
            limits: self.assignment.limits,
            kind: TaskKind::Answer,
            feedback: None,
        })
    }

    /// Returns what the agent's processes see.
    fn environment(&self) -> Result<Environment, GitError> {
        let shared = worker_environment(std::env::vars_os(), self.config, self.repo)?;
        Ok(unit_environment(
            shared,
            self.config,
            self.repo,
            self.checkout.checkout(),
            0,
        ))
    }

    /// Lets the agent answer once, within its limits.
    async fn turn(
        &self,
        task: &Task,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&AgentEvent),
        turns: &mut Vec<Usage>,
    ) -> Result<Work, PlanningError> {
        let settings = self.assignment.agent.project_settings();
        // The checkout is thrown away, so nothing is brought back.
        self.checkout
            .checkout()
            .leave_aside(|path| settings.has(path), &self.config.agent_settings)
            .map_err(PlanningCheckoutError::from)?;
        let (events, reported) = mpsc::channel(EVENTS_AHEAD);
        let stop = cancel.child_token();
        let work = async {
            let events = events;
            self.assignment.agent.work(task, &events, &stop).await
        };
        let budget = AgentBudget::left(self.assignment.caps, turns);
        let (worked, monitored) =
            tokio::join!(work, monitor(reported, budget, &stop, pending(), tell));
        self.checkout.checkout().end_processes();
        let worked = monitored.judge(worked);
        turns.push(monitored.usage);
        if cancel.is_cancelled() {
            return Err(PlanningError::Interrupted);
        }
        worked.map_err(PlanningError::Agent)
    }

    fn understand(
        &self,
        answer: &str,
        worktree: &Path,
        range: UnitRange,
    ) -> Result<(Plan, Vec<Repair>), String> {
        let real = worktree
            .canonicalize()
            .unwrap_or_else(|_| worktree.to_path_buf());
        let roots = [worktree.to_string_lossy(), real.to_string_lossy()];
        let proposal =
            Proposal::find(answer, &[&roots[0], &roots[1]]).map_err(|error| error.to_string())?;
        from_proposal(self.plan, self.base, &proposal, range).map_err(|error| error.to_string())
    }

    /// Writes a record of the result.
    fn keep(&self, researched: &PlanningResult) {
        let (repairs, fault) = match &researched.made {
            Ok((_, repairs)) => (repairs.iter().map(ToString::to_string).collect(), None),
            Err(error) => (Vec::new(), Some(words::chain(error))),
        };
        let record = json!({
            "agent": self.agent(),
            "base": self.plan.base,
            "instruction": self.plan.instruction,
            "usage": researched.used.known(),
            "repairs": repairs,
            "fault": fault,
        });
        let path = self.checkout.folder().join("research.json");
        if let Err(error) = fs::write(&path, format!("{record:#}\n")) {
            tracing::warn!("{} cannot be written: {error}", path.display());
        }
    }
}

impl fmt::Debug for PlanningSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanningSession")
            .field("checkout", &self.checkout)
            .finish_non_exhaustive()
    }
}
