//! Judges one changed path: whether it is in the unit's claim, becomes the unit's own, or is another's.

use std::collections::BTreeSet;

use super::guarded::{Guarded, guarded};
use super::held::HeldPaths;
use super::names::{ancestors, fold};
use super::ownership::{Entry, Ownership};
use crate::config::ScopeRule;
use crate::git::ChangeKind;
use crate::plan::unit_id::UnitId;

/// The unit whose changes are judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimant<'a> {
    /// The unit's place in the plan.
    pub(crate) unit: usize,
    /// The places of all units whose work the unit begins with: it may go on with what is theirs.
    pub(crate) stands_on: &'a BTreeSet<usize>,
    /// What the unit may come to own beyond its claim.
    pub(crate) rule: ScopeRule,
}

impl Claimant<'_> {
    fn goes_on_with(&self, other: usize) -> bool {
        other == self.unit || self.stands_on.contains(&other)
    }
}

/// All paths that a unit deletes: a name is free again when its file is gone.
#[derive(Debug, Default)]
pub(crate) struct Deleted(BTreeSet<String>);

impl Deleted {
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let names = paths
            .into_iter()
            .filter_map(|path| str::from_utf8(path).ok());
        Self(names.map(str::to_owned).collect())
    }

    fn has(&self, path: &str) -> bool {
        self.0.contains(path)
    }
}

/// What a changed path is to its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The claim holds it.
    Claimed,
    /// The base does not have it, and the unit creates it.
    Created,
    /// The base has it, no claim holds it, and the unit edits it.
    Companion,
}

/// Why a unit may not change a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScopeViolation {
    #[error("it belongs to unit '{0}'")]
    Other(UnitId),
    /// The units at these places in the plan changed it before.
    #[error("another unit changes it too")]
    Held(BTreeSet<usize>),
    #[error("it is not among the files that this unit claims")]
    Unclaimed,
    #[error("this unit may not create files there")]
    NotCreatable,
    #[error("some file systems take its name for that of {0:?}")]
    SameName(String),
    #[error("{0:?} is a file, and would have to become a folder")]
    BelowFile(String),
    #[error("its name is a folder that holds {0:?}")]
    IsFolder(String),
    #[error("its name is a folder in which unit '{0}' may create files")]
    IsReserved(UnitId),
    #[error("{0}, and only a unit that claims it by its path may change it")]
    Guarded(Guarded),
    #[error("its name is not UTF-8, so no claim can hold it")]
    NotUtf8,
}

impl Ownership {
    /// Judges one path that a unit changed. `held` is what units hold beyond their claims at this moment.
    pub(crate) fn judge(
        &self,
        who: Claimant<'_>,
        held: &HeldPaths,
        deleted: &Deleted,
        path: &[u8],
        change: ChangeKind,
    ) -> Result<Standing, ScopeViolation> {
        let path = str::from_utf8(path).map_err(|_| ScopeViolation::NotUtf8)?;
        let folded = fold(path);
        let claimed = self.paths.get(&folded).map_or(&[][..], Vec::as_slice);
        if claimed
            .iter()
            .any(|entry| entry.unit == who.unit && entry.path == path)
        {
            return Ok(Standing::Claimed);
        }
        let others = |entry: &&Entry| !who.goes_on_with(entry.unit);
        if let Some(other) = claimed.iter().find(others) {
            return Err(ScopeViolation::Other(self.units[other.unit].clone()));
        }
        let counts = |unit: usize| !who.goes_on_with(unit);
        let others = held.in_the_way(&folded, counts);
        if !others.is_empty() {
            return Err(ScopeViolation::Held(others));
        }
        if let Some(what) = self.guarded(path)
            && !self.reserves_guarded(who, path)
        {
            return Err(ScopeViolation::Guarded(what));
        }
        if change == ChangeKind::Added && !self.base_has(path) {
            return self.may_create(who, deleted, &folded);
        }
        match who.rule {
            ScopeRule::Adopt => Ok(Standing::Companion),
            ScopeRule::Created | ScopeRule::Listed => {
                let goes_on = !claimed.is_empty();
                goes_on
                    .then_some(Standing::Companion)
                    .ok_or(ScopeViolation::Unclaimed)
            }
        }
    }

    fn may_create(
        &self,
        who: Claimant<'_>,
        deleted: &Deleted,
        folded: &str,
    ) -> Result<Standing, ScopeViolation> {
        let stays = |name: &&str| !deleted.has(name);
        if let Some(name) = self.base_spellings(folded).find(stays) {
            return Err(ScopeViolation::SameName(name.to_owned()));
        }
        for above in ancestors(folded).filter(|above| !above.is_empty()) {
            let claimed = self.paths.get(above).into_iter().flatten();
            let base = self.base_spellings(above).find(stays);
            let created = claimed.filter(|entry| !who.goes_on_with(entry.unit));
            let created = created.map(|entry| entry.path.as_str()).next();
            if let Some(file) = base.or(created) {
                return Err(ScopeViolation::BelowFile(file.to_owned()));
            }
        }
        if let Some(file) = self.below(folded).find(stays) {
            return Err(ScopeViolation::IsFolder(file.to_owned()));
        }
        let others = |entry: &&Entry| !who.goes_on_with(entry.unit);
        let same = self.folders.get(folded).into_iter().flatten();
        if let Some(folder) = same.clone().find(others) {
            let unit = self.units[folder.unit].clone();
            return Err(ScopeViolation::IsReserved(unit));
        }
        let reserved = ancestors(folded).find_map(|above| self.folders.get(above));
        match reserved {
            Some(owners) if owners.iter().any(|owner| who.goes_on_with(owner.unit)) => {
                Ok(Standing::Created)
            }
            Some(owners) => {
                let owner = owners.first().map(|owner| self.units[owner.unit].clone());
                Err(owner.map_or(ScopeViolation::NotCreatable, ScopeViolation::Other))
            }
            None if who.rule == ScopeRule::Listed => Err(ScopeViolation::NotCreatable),
            None => Ok(Standing::Created),
        }
    }

    /// Checks whether the unit reserves a guarded place by name: a folder to create in that is guarded itself.
    fn reserves_guarded(&self, who: Claimant<'_>, path: &str) -> bool {
        let folded = fold(path);
        ancestors(&folded).any(|above| {
            let inside = format!("{above}/x");
            let reserved = self.folders.get(above).into_iter().flatten();
            let mut own = reserved.filter(|entry| entry.unit == who.unit);
            own.next().is_some() && self.guarded(&inside).is_some()
        })
    }

    /// Checks whether only a unit that claims the file by its path may change it.
    pub(crate) fn is_guarded(&self, path: &str) -> bool {
        self.guarded(path).is_some()
    }

    /// Returns what the file at `path` decides, where it is guarded.
    fn guarded(&self, path: &str) -> Option<Guarded> {
        let is_hook = |hooks: &String| ancestors(&fold(path)).any(|above| above == hooks);
        let hook = self.hooks.as_ref().filter(|hooks| is_hook(hooks));
        hook.map(|_| Guarded::Hook).or_else(|| guarded(path))
    }

    fn base_has(&self, path: &str) -> bool {
        let folded = fold(path);
        self.base_spellings(&folded).any(|name| name == path)
    }

    /// Returns the tracked paths of the base that have this folded form.
    fn base_spellings(&self, folded: &str) -> impl Iterator<Item = &str> {
        let first = self
            .tracked
            .partition_point(|(name, _)| name.as_str() < folded);
        self.tracked[first..]
            .iter()
            .take_while(move |(name, _)| name == folded)
            .map(|(_, path)| path.as_str())
    }

    /// Returns the tracked paths of the base below the folder of this folded name.
    fn below(&self, folded: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{folded}/");
        let first = self.tracked.partition_point(|(name, _)| *name < prefix);
        self.tracked[first..]
            .iter()
            .take_while(move |(name, _)| name.starts_with(&prefix))
            .map(|(_, path)| path.as_str())
    }
}

#[cfg(test)]
mod tests;
