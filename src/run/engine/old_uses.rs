//! How much of what the plan wants gone is left after the units' work: counted again, not believed.

use rayon::prelude::*;

use crate::codemod::{CodemodError, Probe};
use crate::git::{GitError, Reader};
use crate::run::job::spec::Job;
use crate::run::log::event::OldUses;
use crate::run::log::state::RunState;

/// Why it cannot be counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Codemod(#[from] CodemodError),
}

/// Counts in the claimed files: at the base, and in each unit's commit. Where a unit made none, the base stands.
pub(crate) fn count(job: &Job, probe: &Probe, state: &RunState) -> Result<OldUses, CountError> {
    let counts: Vec<Result<OldUses, CountError>> = job
        .plan
        .units
        .par_iter()
        .map(|unit| {
            let base = job.repo.reader(&job.plan.base)?;
            let commit = state.unit(&unit.id).and_then(|unit| unit.commit.as_ref());
            let after = commit.map(|id| job.repo.reader(id)).transpose()?;
            let mut uses = OldUses::default();
            for path in &unit.claim.files {
                let before = in_file(probe, &base, path)?;
                uses.before += before;
                uses.left += match &after {
                    Some(after) => in_file(probe, after, path)?,
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

fn in_file(probe: &Probe, reader: &Reader, path: &str) -> Result<usize, CodemodError> {
    match reader.text(path) {
        Some(text) => probe.count(path, &text),
        // A file that is gone holds nothing any more.
        None => Ok(0),
    }
}
