//! Programs that edit a unit's files in its checkout: coding agents, any command, or the built-in codemod.
//!
//! [`Agent`] is the seam. An agent takes a [`Task`] as data and changes files; a later step checks the changes against
//! the unit's claim. This room knows nothing of git, journals and forges.

mod activity;
mod answer;
mod codemod;
mod coding;
mod command;
mod contract;
mod cost;
mod error;
mod event;
mod existing_work;
mod files;
mod id;
mod placeholders;
mod prices;
mod project_settings;
mod prompt;
mod task;
mod usage;

pub(crate) use activity::Activity;
pub(crate) use answer::{Closing, LAST_LINE, closing, given_up, nothing_to_do, without_closing};
pub(crate) use codemod::CodemodAgent;
#[cfg(any(test, fuzzing))]
pub(crate) use coding::read_as_every_agent;
pub(crate) use coding::{
    CodingAgent, InstalledAgent, choices, choose, find_installed, project_settings, tested_version,
};
pub(crate) use command::CommandAgent;
pub(crate) use contract::{Agent, Answers, FurtherAttempts, Quantity, Restart, Work};
#[cfg(test)]
pub(crate) use cost::Cost;
pub(crate) use cost::{CostSource, Usd};
pub(crate) use error::{AgentError, LimitReached};
pub(crate) use event::{AgentEvent, Interruption, SessionId};
pub(crate) use existing_work::ExistingWork;
pub(crate) use id::AgentId;
pub(crate) use placeholders::fill_shell_line;
pub(crate) use prompt::{
    CommonFacts, PlanFacts, PromptError, Prompts, environment as template_environment,
};
pub(crate) use task::{Feedback, Limits, Task, TaskKind};
pub(crate) use usage::{Usage, UsageSum};
