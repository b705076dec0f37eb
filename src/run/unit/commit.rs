//! The step of a unit that commits the proven tree.

use crate::run::job::pull_request::{UnitResult, pull_request_facts};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Halt, Prepared, ProvenChange, UnitContext, failure};

/// Commits the proven tree on the unit's branch.
pub(crate) async fn commit(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
    result: &UnitResult<'_>,
) -> Result<(), Halt> {
    let step = Step::Commit;
    unit.begin(step, None).await?;
    let templates = &unit.job.found.templates;
    let facts = pull_request_facts(&unit.job, unit.number, result);
    let message = match unit.state().follow_up {
        None => templates.commit(&facts),
        Some(open) => Ok(templates.follow_up(&facts, &open.follow_up.reason)),
    };
    let message = message.map_err(|error| failure(step, error.to_string()))?;
    let branch = unit.job.workspace.branch(&unit.unit().id);
    let (start, tree) = (prepared.start.clone(), proven.tree.clone());
    let checkout = unit.checkout.clone();
    let commit = unit
        .git(step, move |job| {
            let repo = &job.workspace.repo;
            // A process that was killed may have made the commit without recording it.
            let commit = match repo.existing_commit(&branch, &start, &tree)? {
                Some(made) => made,
                None => repo.commit(&branch, &start, &tree, &message)?,
            };
            checkout.settle(&branch, &commit)?;
            Ok(commit)
        })
        .await?;
    unit.say(UnitFact::Committed { commit }).await
}
