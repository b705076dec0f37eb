//! The step of a unit that commits the proven tree.

use crate::agent::FurtherAttempts;
use crate::run::job::introduced_names::introduced;
use crate::run::job::job::Job;
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
    // The next agent may start as soon as this step begins.
    tell_names(unit, prepared, proven).await?;
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

/// Records the names that the work introduces, for the agents of later units. A pattern introduces none.
async fn tell_names(
    unit: &UnitContext,
    prepared: &Prepared,
    proven: &ProvenChange,
) -> Result<(), Halt> {
    if unit.assignment().agent.further_attempts() == FurtherAttempts::Pointless {
        return Ok(());
    }
    let (start, tree) = (prepared.start.clone(), proven.tree.clone());
    let made = unit.state().regenerated_files();
    let read = move |job: &Job| {
        let mut changed = job.workspace.repo.changed_contents(&start, &tree)?;
        // No agent wrote what commands made.
        changed.retain(|it| !str::from_utf8(&it.path).is_ok_and(|path| made.contains(path)));
        Ok(introduced(&changed))
    };
    let files = unit.git(Step::Commit, read).await?;
    if files.is_empty() {
        return Ok(());
    }
    unit.say(UnitFact::NamesIntroduced { files }).await
}
