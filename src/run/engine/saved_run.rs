//! Decides which settings hold when an earlier run goes on: those that the run started with, and where pull requests
//! go.

use std::path::{Path, PathBuf};

use crate::config::{
    AgentOptions, Config, ConfigError, Deciding, ForgeChoice, PushChoice, RunConfig,
};
use crate::forge::LocalForge;
use crate::git::Repo;
use crate::plan::{self, UnitId};
use crate::run::engine::known_run::KnownRun;
use crate::run::engine::liveness::Liveness;
use crate::run::job::deciding::deciding;
use crate::run::log::run_id::RunId;
use crate::run::workspace::naming::{Naming, NamingError};
use crate::words;

/// Why an earlier run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SavedRunError {
    #[error(
        "run {run} is going already, in process {pid} since {}: look at it with batch status, or end it with batch \
         cancel",
        words::timestamp(*since)
    )]
    Going { run: RunId, pid: u32, since: i64 },
    #[error("the plan of run {run} cannot be read: {source}")]
    Plan { run: RunId, source: std::io::Error },
    #[error("the settings of run {run} cannot be used: {source}")]
    Settings { run: RunId, source: ConfigError },
    #[error("the plan and the settings of run {run} cannot be used: {problem}")]
    Unreadable { run: RunId, problem: String },
    #[error(transparent)]
    Naming(#[from] NamingError),
}

impl KnownRun {
    /// Refuses a run that a process drives.
    pub fn check_idle(&self) -> Result<(), SavedRunError> {
        if self.liveness == Liveness::Going {
            return Err(SavedRunError::Going {
                run: self.state.id.clone(),
                pid: self.state.header.pid,
                since: self.state.started_at,
            });
        }
        Ok(())
    }

    /// The text of the plan that the run started with.
    pub fn plan_text(&self) -> Result<String, SavedRunError> {
        let run = &self.state.id;
        std::fs::read_to_string(self.places.plan(run)).map_err(|source| SavedRunError::Plan {
            run: run.clone(),
            source,
        })
    }

    /// The settings that the run started with.
    pub fn settings(&self) -> Result<Config, SavedRunError> {
        let run = &self.state.id;
        Config::read(&self.places.settings(run)).map_err(|source| SavedRunError::Settings {
            run: run.clone(),
            source,
        })
    }

    /// Names what the run would start or pass on: by its settings and its plan, and by each agent that replaces one.
    pub fn deciding(&self) -> Result<Vec<Deciding>, SavedRunError> {
        let unreadable = |error: &dyn std::fmt::Display| SavedRunError::Unreadable {
            run: self.state.id.clone(),
            problem: error.to_string(),
        };
        let plan = plan::file::parse(&self.plan_text()?).map_err(|error| unreadable(&error))?;
        let whole = deciding(&self.settings()?, &plan).map_err(|error| unreadable(&error))?;
        let units = self.state.units.iter();
        let agents = units.filter_map(|unit| unit.amendment.agent.as_ref());
        let agents = agents.map(AgentOptions::deciding);
        let agents: Result<Vec<_>, _> = agents.collect();
        let agents = agents.map_err(|error| unreadable(&error))?;
        Ok(std::iter::once(whole).chain(agents).collect())
    }

    /// The settings with which the run goes on, unless the user asks for others.
    pub fn resume_settings(&self) -> Result<Config, SavedRunError> {
        let mut settings = self.settings()?;
        settings.run.jobs = Some(self.state.header.jobs);
        if self.state.header.forge == LocalForge::PLACE {
            // Pages for want of a token stay pages when there is a token by now: batch publish moves them.
            let publish = &mut settings.publish;
            publish.forge = Some(ForgeChoice::Local);
            (publish.repo, publish.fork) = (None, None);
        }
        Ok(settings)
    }

    /// The settings with which the run's commits are published. Work that stayed here for the run may go out now.
    pub fn publish_settings(&self) -> Result<Config, SavedRunError> {
        let mut settings = self.settings()?;
        let publish = &mut settings.publish;
        publish.forge = publish.forge.filter(|it| *it != ForgeChoice::Local);
        publish.push = publish.push.filter(|it| *it != PushChoice::Never);
        Ok(settings)
    }

    /// The folder that relative agent programs start from: the folder that the run noted while it belongs to this
    /// repository, and otherwise its counterpart in this checkout, or else `here`. A checkout may have been moved or
    /// removed since.
    pub(crate) fn agent_dir(&self, here: &Path) -> PathBuf {
        let header = &self.state.header;
        let noted = header.dir.as_ref().map(PathBuf::from);
        let is_ours = |dir: &PathBuf| {
            Repo::discover(dir).is_ok_and(|found| found.common_dir() == self.repo.common_dir())
        };
        let counterpart = || Some(self.repo.root().join(&header.prefix));
        noted
            .filter(is_ours)
            .or_else(counterpart)
            .filter(|dir| dir.is_dir())
            .unwrap_or_else(|| here.to_path_buf())
    }

    /// The folder of a unit's checkout, whether it exists or not.
    ///
    /// # Errors
    /// When the settings of the run cannot be read.
    pub fn checkout(&self, unit: &UnitId) -> Result<PathBuf, SavedRunError> {
        let naming = Naming::of(&self.settings()?, &self.repo)?;
        Ok(naming.folder(&self.state.id, unit))
    }

    /// These settings without limits for agents: publishing starts no agent that could be too dear or too late.
    pub(crate) fn without_limits(&self, settings: &Config) -> Config {
        Config {
            run: RunConfig {
                jobs: Some(self.state.header.jobs),
                min_success: settings.run.min_success,
                // The work is proven again before it is pushed.
                scope: settings.run.scope,
                integrate: settings.run.integrate.clone(),
                ..RunConfig::default()
            },
            ..settings.clone()
        }
    }
}
