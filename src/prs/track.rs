//! Updates the one issue that lists all pull requests of a run.

use super::session::PrSession;
use crate::forge::ForgeError;
use crate::run::{Afterwards, AfterwardsError, IssueLink, RunFact, tracking};

/// Why the issue is not up to date.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrackError {
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(transparent)]
    Record(#[from] AfterwardsError),
}

impl PrSession {
    /// Updates the issue, where the run has one or its settings ask for one. Returns its address.
    pub(crate) async fn track(&mut self) -> Result<Option<String>, TrackError> {
        if !self.wants_tracking && self.state.tracking_issue.is_none() {
            return Ok(None);
        }
        let mut tracking = tracking(&self.state);
        for task in &mut tracking.pull_requests {
            task.state = self.forge.state(&task.reference()).await?;
        }
        let tracked = self.forge.track(&tracking).await?;
        let issue = IssueLink {
            number: tracked.number,
            url: tracked.url,
        };
        if self.state.tracking_issue.as_ref() != Some(&issue) {
            let fact = RunFact::Tracked(issue.clone());
            let recorded = Afterwards::of(&self.places, &self.state.id)?.say_of_run(fact)?;
            self.state.apply(&recorded);
        }
        Ok(Some(issue.url))
    }
}
