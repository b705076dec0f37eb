//! Looks up, when a run is resumed, what its journal calls published: an event alone is no pull request.

use std::sync::Arc;

use crate::forge::{ForgeError, ForgeSession, PullRequestRef, PullRequestState, WaitReporter};
use crate::plan::UnitId;
use crate::run::delivery::{Delivery, Destination};
use crate::run::job::job::Job;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;
use crate::words;

/// Returns the units whose pull request or branch does not exist, with the reason. Where a forge cannot be asked, the
/// journal is believed.
pub(crate) async fn missing(job: &Arc<Job>, state: &RunState) -> Vec<(UnitId, String)> {
    let Delivery::PullRequest(place) = &job.delivery else {
        return Vec::new();
    };
    let session = place.forge.session(WaitReporter::silent());
    let mut missing = Vec::new();
    for unit in &state.units {
        if unit.outcome() == Some(&Outcome::Published)
            && unit.follow_up.is_none()
            && let Some(reason) = why_missing(job, place, &*session, unit).await
        {
            missing.push((unit.header.id.clone(), reason));
        }
    }
    missing
}

async fn why_missing(
    job: &Arc<Job>,
    place: &Destination,
    session: &dyn ForgeSession,
    unit: &UnitState,
) -> Option<String> {
    let id = &unit.header.id;
    let Some(link) = &unit.publication.pull_request else {
        return Some("the journal names no pull request".to_owned());
    };
    let number = link.number;
    let which = PullRequestRef {
        unit: id.to_string(),
        number,
    };
    let status = match session.status(&which).await {
        Ok(status) => status,
        Err(ForgeError::NotVisible { .. }) => {
            return Some(format!("there is no pull request #{number}"));
        }
        Err(ForgeError::NoRecord { .. }) => {
            // Earlier versions wrote pages without records.
            let has_page = matches!(session.state(&which).await, Ok(PullRequestState::Open));
            return (!has_page).then(|| format!("there is no page of pull request #{number}"));
        }
        Err(error) => {
            tracing::warn!("{id}: {}", words::chain(&error));
            return None;
        }
    };
    let remote = place.remote.clone()?;
    if !status.state.is_open() {
        return None;
    }
    let branch = job.workspace.branch(id);
    let looked = {
        let (job, branch, remote) = (Arc::clone(job), branch.clone(), remote.clone());
        let look = move || job.workspace.repo.remote_has_branch(&remote, &branch);
        tokio::task::spawn_blocking(look).await.ok()?
    };
    match looked {
        Ok(true) => None,
        Ok(false) => Some(format!("{remote} has no branch {branch}")),
        Err(error) => {
            tracing::warn!("{id}: {}", words::chain(&error));
            None
        }
    }
}
