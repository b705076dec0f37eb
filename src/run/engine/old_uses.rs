//! Counts the uses of the old code that are left after the units' work. The count comes from the commits, not from what
//! agents say.

use rayon::prelude::*;

use crate::codemod::{CodemodError, OldUseCounter};
use crate::git::GitError;
use crate::plan::Unit;
use crate::run::job::job::Job;
use crate::run::job::uses::in_file;
use crate::run::log::run_fact::OldUses;
use crate::run::log::run_state::RunState;

/// Why the uses cannot be counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Codemod(#[from] CodemodError),
}

/// Counts the uses in the claimed files, at the base and in each unit's commit. A unit without a commit counts as the
/// base.
pub(crate) fn count(
    job: &Job,
    pattern: &OldUseCounter,
    state: &RunState,
) -> Result<OldUses, CountError> {
    let plan = &job.spec.plan;
    let repo = &job.workspace.repo;
    let late = job.spec.late.iter().map(|late| &late.unit);
    let units: Vec<&Unit> = plan.units.iter().chain(late).collect();
    let counts: Vec<Result<OldUses, CountError>> = units
        .par_iter()
        .map(|unit| {
            let base = repo.reader(&plan.base)?;
            let commit = state.unit(&unit.id);
            let commit = commit.and_then(|unit| unit.attempt.commit.as_ref());
            let after = commit.map(|id| repo.reader(id)).transpose()?;
            let mut uses = OldUses::default();
            for path in &unit.claim.files {
                let before = in_file(pattern, &base, path)?;
                uses.before += before;
                uses.left += match &after {
                    Some(after) => in_file(pattern, after, path)?,
                    None => before,
                };
            }
            Ok(uses)
        })
        .collect();
    let mut all = OldUses::default();
    for uses in counts {
        let uses = uses?;
        all.before += uses.before;
        all.left += uses.left;
    }
    Ok(all)
}
