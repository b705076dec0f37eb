//! Decides which pull requests the names on a command line mean.

use crate::plan::UnitId;
use crate::run::{KnownRun, KnownRunError, UnitState};

/// Why a name means no pull request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error(transparent)]
    Unit(#[from] KnownRunError),
    #[error("unit {unit} has no pull request")]
    NoPullRequest { unit: UnitId },
}

/// Returns the units that these names mean, each of which has a pull request. A name may also mean the revert of a
/// unit.
pub(crate) fn targets(known: &KnownRun, names: &[String]) -> Result<Vec<UnitId>, TargetError> {
    let reverts = known.state.reverts();
    let mut targets = Vec::new();
    for name in names {
        let fits = |it: &&UnitState| it.header.id.as_str().contains(name.as_str());
        let near: Vec<&UnitState> = reverts.iter().filter(fits).collect();
        targets.push(match (published_unit(known, name), &near[..]) {
            (Err(_), [revert]) => revert.header.id.clone(),
            (unit, _) => unit?,
        });
    }
    Ok(targets)
}

/// Returns the unit that this name means, which has a pull request.
pub(crate) fn published_unit(known: &KnownRun, name: &str) -> Result<UnitId, TargetError> {
    let unit = known.unit(name)?;
    let id = unit.header.id.clone();
    if unit.publication.pull_request.is_none() {
        return Err(TargetError::NoPullRequest { unit: id });
    }
    Ok(id)
}
