//! Tells at the end of a run which files changed in the user's own checkout while it went: no worker is to write there.

use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};

use crate::agent::FurtherAttempts;
use crate::plan;
use crate::run::job::job::Job;
use crate::run::log::run_fact::RunFact;
use crate::run::workspace::user_checkout::UserCheckout;

/// The fact names at most so many files.
const NAMED: usize = 20;

/// Looks at the tracked files of the user's checkout; `None` where only the codemod works, which writes nowhere else.
pub(crate) fn look(job: &Arc<Job>) -> Option<JoinHandle<Option<UserCheckout>>> {
    let is_codemod = |agent: FurtherAttempts| agent == FurtherAttempts::Pointless;
    let mut units = job.units.iter();
    if units.all(|unit| is_codemod(unit.assignment.agent.further_attempts())) {
        return None;
    }
    let job = Arc::clone(job);
    Some(spawn_blocking(move || {
        let repo = &job.workspace.repo;
        // Without the list there is nothing to compare; the run itself reads the base, too, and tells its faults.
        let files = plan::tracked(repo, &job.spec.plan.base).ok()?;
        Some(UserCheckout::look_at(repo, files))
    }))
}

/// Returns the fact about the files that changed since the look, where any did.
pub(crate) async fn changed_since(look: JoinHandle<Option<UserCheckout>>) -> Option<RunFact> {
    let before = look.await.ok()??;
    let mut files = spawn_blocking(move || before.changed()).await.ok()?;
    if files.is_empty() {
        return None;
    }
    let more = files.len().saturating_sub(NAMED);
    files.truncate(NAMED);
    Some(RunFact::UserFilesChanged { files, more })
}
