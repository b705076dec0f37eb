//! The reasons why a run cannot start, as sentences for people.

use std::path::PathBuf;

use crate::check::RuleError;
use crate::codemod::CodemodError;
use crate::config::AgentOptionsError;
use crate::forge::TextError;
use crate::git::GitError;
use crate::plan::claim::OwnershipError;
use crate::plan::{PlanError, UnitId};
use crate::process::ProcessError;
use crate::process::sandbox::NoSandbox;
use crate::regenerate::RegenerateError;
use crate::run::delivery::error::DeliveryError;
use crate::run::workspace::disk_space::NoDiskSpace;
use crate::run::workspace::naming::NamingError;

/// Why a run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    #[error(transparent)]
    Prompt(#[from] crate::agent::PromptError),
    #[error(transparent)]
    Agent(#[from] AgentOptionsError),
    #[error("the agent cannot be used: {0}")]
    Program(#[from] ProcessError),
    #[error(
        "the agent's script {script} is not in the base ({base}), so no worktree has it: {}",
        match here {
            Some(path) => format!("commit it to the base, or name it by its full path, {}", path.display()),
            None => "check the path, which is one from the root of the repository".to_owned(),
        }
    )]
    NoScript {
        script: String,
        base: String,
        /// The script in the user's own checkout, where it is there.
        here: Option<PathBuf>,
    },
    #[error(transparent)]
    Codemod(#[from] CodemodError),
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    Naming(#[from] NamingError),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
    #[error(transparent)]
    Regenerate(#[from] RegenerateError),
    #[error(transparent)]
    Sandbox(#[from] NoSandbox),
    #[error(transparent)]
    DiskSpace(#[from] NoDiskSpace),
    #[error("the plan has no units, so there is nothing to run")]
    Empty,
    #[error("--min-success asks for {wanted} units, and the plan has {units}")]
    TooMany { wanted: usize, units: usize },
    #[error("the number of jobs must be at least 1")]
    NoJobs,
    #[error(
        "--best-of is for agents: a codemod, and work that exists already, are the same every time"
    )]
    AllAlike,
    #[error(
        "--once is for a command (--agent-cmd) that works on the whole repository; {agent} works on the files of one \
         unit"
    )]
    OnceWithoutCommand { agent: String },
    #[error(
        "--once takes one work of one command, so neither --best-of nor several agents go with it"
    )]
    OnceOfSeveral,
    #[error(
        "--integrate is for agents, and work that exists already has none: split without it, and let an agent do that \
         afterwards"
    )]
    NoIntegrator,
    #[error(
        "unit '{unit}' of the plan integrates, and --integrate (or integrate in batch.toml) asks for another last \
         unit: leave one of them out"
    )]
    IntegratesTwice { unit: UnitId },
}
