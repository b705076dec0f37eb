//! The one issue for all pull requests of a run, brought up to date with how they stand.

use super::desk::Desk;
use crate::forge::ForgeError;
use crate::run::{Afterwards, AfterwardsError, IssueLink, RunFact, tracking};

/// Why the issue is not up to date.
#[derive(Debug, thiserror::Error)]
pub enum TrackError {
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(transparent)]
    Record(#[from] AfterwardsError),
}

impl Desk {
    /// Brings the issue up to date, where the run has one or wants one; gives its address.
    pub async fn track(&mut self) -> Result<Option<String>, TrackError> {
        if !self.wants_tracking && self.state.tracking_issue.is_none() {
            return Ok(None);
        }
        let mut tracking = tracking(&self.state);
        for task in &mut tracking.tasks {
            task.state = self.forge.state(&task.which()).await?;
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
