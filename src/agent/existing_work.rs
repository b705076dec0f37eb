//! Stands in the place of the agent where the work exists already: a unit begins with its part of the work, so that
//! nothing is left to do. Whatever asks for more gets an error that says so.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::contract::{Agent, FurtherAttempts, Restart, Working};
use super::error::AgentError;
use super::event::AgentEvent;
use super::id::AgentId;
use super::task::Task;
use crate::config::ExistingSpec;

/// Work that exists already.
pub(crate) struct ExistingWork {
    id: AgentId,
}

impl ExistingWork {
    #[must_use]
    pub(crate) fn new(spec: &ExistingSpec) -> Self {
        Self {
            id: spec.to_string().into(),
        }
    }
}

impl Agent for ExistingWork {
    fn id(&self) -> &AgentId {
        &self.id
    }

    fn further_attempts(&self) -> FurtherAttempts {
        FurtherAttempts::Pointless
    }

    fn restart(&self) -> Restart {
        Restart::FromBeginning
    }

    fn work<'a>(
        &'a self,
        _task: &'a Task,
        _events: &'a mpsc::Sender<AgentEvent>,
        _cancel: &'a CancellationToken,
    ) -> Working<'a> {
        let work = self.id.to_string();
        Box::pin(async move { Err(AgentError::NoAgent { work }) })
    }
}
