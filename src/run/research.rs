//! A plan that an agent is asked for: it reads the base in a worktree of its own that is thrown away, and what it
//! proposes is made a plan that holds together.
//!
//! It is asked again where its answer cannot be used, but not for ever. What it was asked and what it said is kept; what
//! it changed is not.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::PrepareError;
use super::event::RunId;
use super::hearing::{Allowance, listen};
use super::job::conventions;
use super::orders::Orders;
use super::places::{Naming, Places, worktree_name};
use super::room::Room;
use super::surroundings::{end_strays_of, reader_environment, scratch};
use crate::agent::{
    AgentError, AgentEvent, Errand, FollowUp, PlanFacts, Prompts, Spent, Task, Usage, Work,
};
use crate::config::{Config, Order, UnitRange};
use crate::git::{NewWorktree, Repo, Standing, delete_tree, remove_empty_folders_above};
use crate::journal::{Holder, RunLock};
use crate::plan::{BaseFiles, Claim, Outline, Plan, Proposal, Repair, UnitId, from_proposal};
use crate::words;

/// How often it is asked.
const TIMES: usize = 3;

/// So much may an agent tell before it must wait for the listener.
const EVENTS_AHEAD: usize = 64;

/// What is to be found out.
pub struct Inquiry<'a> {
    id: RunId,
    repo: &'a Repo,
    config: &'a Config,
    /// The plan that the files' own ties make.
    plan: &'a Plan,
    base: &'a BaseFiles,
    orders: Orders,
    prompts: Prompts,
    naming: Naming,
    folder: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub struct Researched {
    /// What the agent used up.
    pub used: Spent,
    /// Where the prompt, the transcript and a record of what came out are kept.
    pub folder: PathBuf,
    pub made: Result<(Plan, Vec<Repair>), ResearchError>,
}

/// Why no plan came of it.
#[derive(Debug, thiserror::Error)]
pub enum ResearchError {
    #[error(transparent)]
    Agent(AgentError),
    #[error("its answer could not be used, {} times: {last}", TIMES)]
    Useless { last: String },
    #[error("{0}")]
    Ground(String),
    #[error("interrupted")]
    Interrupted,
}

impl<'a> Inquiry<'a> {
    /// Puts it together; `dir` is the folder from which a relative agent program is meant.
    pub fn prepare(
        id: RunId,
        repo: &'a Repo,
        config: &'a Config,
        (plan, base): (&'a Plan, &'a BaseFiles),
        dir: &Path,
    ) -> Result<Self, PrepareError> {
        Ok(Self {
            orders: Orders::of(&config.first_agent()?, config, &plan.instruction, dir)?,
            prompts: Prompts::compile(&config.prompts)?,
            naming: Naming::of(config, repo)?,
            folder: Places::new(repo.state_dir()).research(&id),
            id,
            repo,
            config,
            plan,
            base,
        })
    }

    /// The agent in one line.
    #[must_use]
    pub fn agent(&self) -> String {
        self.orders.agent.describe()
    }

    /// Asks the agent. What it tells meanwhile goes to `tell`.
    pub async fn ask(
        &self,
        cancel: &CancellationToken,
        mut tell: impl FnMut(&AgentEvent),
    ) -> Researched {
        clear(self.repo, &self.naming);
        let mut turns = Vec::new();
        let made = match self.ground() {
            Ok(_lock) => {
                let made = self.answers(cancel, &mut tell, &mut turns).await;
                take_away(self.repo, &self.naming, &self.id);
                made
            }
            Err(fault) => Err(fault),
        };
        let used: Spent = turns.iter().collect();
        let made = made.map(|(mut plan, repairs)| {
            plan.research.by = Some(if used.usage.is_unknown() {
                self.agent()
            } else {
                format!("{}: {used}", self.agent())
            });
            (plan, repairs)
        });
        let researched = Researched {
            used,
            folder: self.folder.clone(),
            made,
        };
        self.keep(&researched);
        researched
    }

    /// Makes the worktree, and the folder for what is kept. The lock is held for as long as they are in use.
    fn ground(&self) -> Result<RunLock, ResearchError> {
        let path = self.path();
        let folder =
            |path: &Path| fs::create_dir_all(path).map_err(|error| fault("made", path, &error));
        folder(&self.folder)?;
        let lock = self.folder.join("lock");
        let lock = match RunLock::acquire(&lock) {
            Ok(Ok(lock)) => lock,
            Ok(Err(_)) => return Err(ResearchError::Ground("somebody else does it".to_owned())),
            Err(error) => return Err(fault("written", &lock, &error)),
        };
        let refused = |error: &dyn fmt::Display| ResearchError::Ground(error.to_string());
        Room::measure(self.repo, &self.plan.base, &[], &path)
            .map_err(|error| refused(&error))?
            .check_one()
            .map_err(|error| refused(&error))?;
        let new = NewWorktree {
            name: &worktree_name(&self.id, &UnitId::research()),
            path: &path,
            branch: None,
            start: &self.plan.base,
            index: &index(&self.folder),
        };
        self.repo
            .register_worktree(&new)
            .and_then(|()| self.repo.fill_worktree(&new))
            .map_err(|error| {
                self.repo.take_back(&new);
                refused(&error)
            })?;
        folder(&scratch(&path))?;
        Ok(lock)
    }

    fn path(&self) -> PathBuf {
        self.naming.folder(&self.id, &UnitId::research())
    }

    /// Asks until an answer can be used, or there is no use in asking.
    async fn answers(
        &self,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&AgentEvent),
        turns: &mut Vec<Usage>,
    ) -> Result<(Plan, Vec<Repair>), ResearchError> {
        let range = self.config.plan.units.unwrap_or_default();
        let order = self.config.plan.order.unwrap_or_default();
        let mut task = self.task(range)?;
        let mut last = String::new();
        for _ in 0..TIMES {
            if cancel.is_cancelled() {
                return Err(ResearchError::Interrupted);
            }
            let work = self.turn(&task, cancel, tell, turns).await?;
            let answer = work.summary.unwrap_or_default();
            match self.understand(&answer, &task.worktree, range, order) {
                Ok(made) => return Ok(made),
                Err(fault) => last = words::line(&fault),
            }
            tracing::info!("the answer cannot be used: {last}");
            task.follow_up = Some(FollowUp {
                session: work.session,
                text: format!(
                    "Your answer cannot be used: {last}. Answer again, with the whole JSON object in a fenced block, by the schema that you were given, and change nothing.\n"
                ),
            });
        }
        Err(ResearchError::Useless { last })
    }

    fn task(&self, units: UnitRange) -> Result<Task, ResearchError> {
        let worktree = self.path();
        let ground = |error: &dyn fmt::Display| ResearchError::Ground(error.to_string());
        let unit = UnitId::research();
        let files = self.plan.units.iter().flat_map(|unit| &unit.claim.files);
        Ok(Task {
            run: self.id.to_string(),
            unit: unit.to_string(),
            title: "a plan for the change".to_owned(),
            instruction: self.plan.instruction.clone(),
            prompt: self
                .prompts
                .plan(&PlanFacts {
                    instruction: &self.plan.instruction,
                    outline: &Outline::of(self.plan, self.base).map_err(|error| ground(&error))?,
                    units,
                    conventions: conventions(|file| self.base.tracks(file)),
                })
                .map_err(|error| ground(&error))?,
            claim: Claim {
                files: files.cloned().collect(),
                create: Vec::new(),
            },
            environment: reader_environment(self.config, self.repo, &self.id, &unit, &worktree)
                .map_err(|error| ground(&error))?,
            worktree,
            folder: self.folder.clone(),
            limits: self.orders.limits,
            errand: Errand::Answer,
            follow_up: None,
        })
    }

    /// Lets the agent answer once, within its limits.
    async fn turn(
        &self,
        task: &Task,
        cancel: &CancellationToken,
        tell: &mut impl FnMut(&AgentEvent),
        turns: &mut Vec<Usage>,
    ) -> Result<Work, ResearchError> {
        let (events, heard) = mpsc::channel(EVENTS_AHEAD);
        let stop = cancel.child_token();
        let work = async {
            let events = events;
            self.orders.agent.work(task, &events, &stop).await
        };
        let allowance = Allowance::left(self.orders.caps, turns);
        let (worked, heard) = tokio::join!(work, listen(heard, allowance, &stop, tell));
        end_strays_of(&self.id, &UnitId::research());
        turns.push(heard.usage);
        match (worked, heard.over) {
            _ if cancel.is_cancelled() => Err(ResearchError::Interrupted),
            (Err(_), Some(limit)) => Err(ResearchError::Agent(AgentError::Limit {
                limit,
                tail: String::new(),
            })),
            (worked, _) => worked.map_err(ResearchError::Agent),
        }
    }

    fn understand(
        &self,
        answer: &str,
        worktree: &Path,
        range: UnitRange,
        order: Order,
    ) -> Result<(Plan, Vec<Repair>), String> {
        let proposal = Proposal::find(answer, &worktree.to_string_lossy())
            .map_err(|error| error.to_string())?;
        from_proposal(self.plan, self.base, &proposal, range, order)
            .map_err(|error| error.to_string())
    }

    /// Writes down what came out, for whoever wants to know later.
    fn keep(&self, researched: &Researched) {
        let (repairs, fault) = match &researched.made {
            Ok((_, repairs)) => (repairs.iter().map(ToString::to_string).collect(), None),
            Err(error) => (Vec::new(), Some(words::chain(error))),
        };
        let record = json!({
            "agent": self.agent(),
            "base": self.plan.base,
            "instruction": self.plan.instruction,
            "usage": researched.used.usage,
            "repairs": repairs,
            "fault": fault,
        });
        let path = self.folder.join("research.json");
        if let Err(error) = fs::write(&path, format!("{record:#}\n")) {
            tracing::warn!("{} cannot be written: {error}", path.display());
        }
    }
}

impl fmt::Debug for Inquiry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn fault(what: &str, path: &Path, error: &std::io::Error) -> ResearchError {
    ResearchError::Ground(format!("{} cannot be {what}: {error}", path.display()))
}

/// The copy of the fresh index, there for as long as the worktree is.
fn index(folder: &Path) -> PathBuf {
    folder.join("index")
}

/// Takes away the worktrees of those that were killed before they could.
fn clear(repo: &Repo, naming: &Naming) {
    let places = Places::new(repo.state_dir());
    let Ok(entries) = fs::read_dir(places.researches()) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let Ok(id) = entry.file_name().into_string() else {
            continue;
        };
        let id = RunId::from_journal(&id);
        let unit = UnitId::research();
        let path = naming.folder(&id, &unit);
        let is_left = repo.standing(&worktree_name(&id, &unit), &path) != Standing::Gone
            || scratch(&path).exists();
        let is_going = RunLock::holder(&entry.path().join("lock"));
        if is_left && matches!(is_going, Ok(Holder::Nobody)) {
            take_away(repo, naming, &id);
        }
    }
}

/// Leaves nothing of a worktree, of what the agent keeps for itself, and of processes.
fn take_away(repo: &Repo, naming: &Naming, id: &RunId) {
    let unit = UnitId::research();
    end_strays_of(id, &unit);
    let path = naming.folder(id, &unit);
    let folder = Places::new(repo.state_dir()).research(id);
    let removed = repo
        .remove_worktree(&worktree_name(id, &unit), &path)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            delete_tree(&scratch(&path))
                .and_then(|()| delete_tree(&folder.join("agent")))
                .and_then(|()| delete_tree(&index(&folder)))
                .map_err(|error| error.to_string())
        });
    if let Err(error) = removed {
        tracing::warn!("{} was left behind: {error}", path.display());
    }
    remove_empty_folders_above(&path);
}
