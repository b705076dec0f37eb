//! Cuts work that exists already by the plan: each unit begins with its own files of the work.

use crate::git::{GitError, TreeId};
use crate::run::job::job::Job;
use crate::run::log::unit_fact::CarriedWork;
use crate::run::workspace::naming::part_of_work;

/// Returns the work that each unit of the plan begins with, in the plan's order, and keeps it for the run. The units of
/// a plan without existing work begin with nothing.
pub(crate) fn parts(job: &Job) -> Result<Vec<Vec<CarriedWork>>, GitError> {
    let (plan, repo) = (&job.spec.plan, &job.workspace.repo);
    let Some(work) = plan.existing_work() else {
        return Ok(vec![Vec::new(); plan.units.len()]);
    };
    // The plan may have waited for weeks.
    repo.pin_work(&work)?;
    let before = repo.tree(&plan.base)?;
    let part = |after: TreeId| CarriedWork {
        before: before.clone(),
        after,
        took_ms: 0,
        summary: None,
        session: None,
        made: Vec::new(),
    };
    let mut parts = Vec::with_capacity(plan.units.len());
    for unit in &plan.units {
        let tree = repo.with_paths_of(&plan.base, &work, &unit.claim.files)?;
        repo.keep_tree(&part_of_work(job.id(), &unit.id), &tree)?;
        parts.push(vec![part(tree)]);
    }
    Ok(parts)
}
