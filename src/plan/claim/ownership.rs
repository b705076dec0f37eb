//! The claims of all units, proven disjoint: only units that `needs` puts one after the other may claim the same path.

use std::collections::{BTreeMap, BTreeSet};

use super::names::fold;
use crate::plan::model::Unit;
use crate::plan::unit_id::UnitId;

/// One entry of a claim, as an error points at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEntry {
    /// The unit's place in the plan.
    pub(crate) index: usize,
    pub(crate) unit: UnitId,
    /// The path or `folder/` as the claim spells it.
    pub(crate) path: String,
}

/// Why the claims of a plan do not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnershipError {
    #[error(
        "{:?} is claimed by unit '{}' and {}by unit '{}': two units may claim one path only where one of them needs \
         the other; remove it from one of them, or add the need",
        .second.path, .second.unit, spelled(&.first.path, &.second.path), .first.unit
    )]
    Overlap {
        first: Box<ClaimEntry>,
        second: Box<ClaimEntry>,
    },
}

fn spelled(first: &str, second: &str) -> String {
    if first == second {
        String::new()
    } else {
        format!("(as {first:?}, the same name on some file systems) ")
    }
}

/// One entry of a claim: the unit's place in the plan, and the path as the claim spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) unit: usize,
    pub(super) path: String,
}

/// Entries of claims, by the folded name.
pub(super) type Entries = BTreeMap<String, Vec<Entry>>;

/// The claims of all units, proven disjoint.
#[derive(Debug, Clone)]
pub(crate) struct Ownership {
    pub(super) units: Vec<UnitId>,
    /// All units that each unit stands on: what it needs, what that needs, and so on.
    stands_on: Vec<BTreeSet<usize>>,
    /// Claimed files and exact paths to create.
    pub(super) paths: Entries,
    /// Folders in which units may create files, without the closing slash; the root is the empty name.
    pub(super) folders: Entries,
    /// The folder of the repository in which the user's git finds its hooks, folded.
    pub(super) hooks: Option<String>,
    /// The tracked names of the base by their folded form, in order.
    pub(super) tracked: Vec<(String, String)>,
}

impl Ownership {
    /// Proves that no path is in the claims of two units that `needs` does not order. `tracked` holds all tracked paths
    /// of the base, because an added file must not take the name of a tracked file in another spelling.
    pub(crate) fn prove<'a>(
        units: &[Unit],
        tracked: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, OwnershipError> {
        let mut tracked: Vec<(String, String)> = tracked
            .into_iter()
            .map(|path| (fold(path), path.to_owned()))
            .collect();
        tracked.sort_unstable();
        let mut proof = Self {
            units: units.iter().map(|unit| unit.id.clone()).collect(),
            stands_on: stands_on(units),
            paths: Entries::new(),
            folders: Entries::new(),
            hooks: None,
            tracked,
        };
        for (index, unit) in units.iter().enumerate() {
            for path in unit.claim.files.iter().chain(&unit.claim.create) {
                proof.claim(index, path)?;
            }
        }
        Ok(proof)
    }

    /// Moves these files from the claim of the unit at `from` to that of a new unit at `to`, which may create files
    /// where the first one may. Files that only move stay disjoint.
    pub(crate) fn divide(&mut self, from: usize, to: usize, id: &UnitId, files: &[String]) {
        // The places between hold no claims.
        self.units.resize(self.units.len().max(to + 1), id.clone());
        self.units[to] = id.clone();
        for file in files {
            let claimed = self.paths.get_mut(&fold(file)).into_iter().flatten();
            for entry in claimed.filter(|entry| entry.unit == from && entry.path == *file) {
                entry.unit = to;
            }
        }
        for folder in self.folders.values_mut() {
            let more: Vec<Entry> = folder
                .iter()
                .filter(|entry| entry.unit == from)
                .map(|entry| Entry {
                    unit: to,
                    path: entry.path.clone(),
                })
                .collect();
            folder.extend(more);
        }
    }

    /// Guards the folder of the repository in which the user's git finds its hooks.
    #[must_use]
    pub(crate) fn with_hooks(mut self, folder: Option<&str>) -> Self {
        self.hooks = folder.map(fold);
        self
    }

    /// Returns all tracked paths of the base.
    pub(crate) fn tracked(&self) -> impl Iterator<Item = &str> {
        self.tracked.iter().map(|(_, path)| path.as_str())
    }

    /// Checks whether the claim of the unit at this place in the plan names the path.
    pub(crate) fn names(&self, unit: usize, path: &str) -> bool {
        let claimed = self.paths.get(&fold(path)).into_iter().flatten();
        let mut own = claimed.filter(|entry| entry.unit == unit);
        own.any(|entry| entry.path == path)
    }

    fn claim(&mut self, unit: usize, path: &str) -> Result<(), OwnershipError> {
        let folder = folder_name(path);
        let (claims, name) = match folder {
            Some(folder) => (&mut self.folders, folder),
            None => (&mut self.paths, path),
        };
        let known = claims.entry(fold(name)).or_default();
        let entry = Entry {
            unit,
            path: path.to_owned(),
        };
        known.push(entry);
        let ordered = |other: usize| {
            other == unit
                || self.stands_on[other].contains(&unit)
                || self.stands_on[unit].contains(&other)
        };
        let Some(first) = known.iter().find(|entry| !ordered(entry.unit)) else {
            return Ok(());
        };
        Err(OwnershipError::Overlap {
            first: Box::new(ClaimEntry {
                index: first.unit,
                unit: self.units[first.unit].clone(),
                path: first.path.clone(),
            }),
            second: Box::new(ClaimEntry {
                index: unit,
                unit: self.units[unit].clone(),
                path: path.to_owned(),
            }),
        })
    }
}

/// Returns the folder that a `create` entry stands for, without the closing slash; `None` for an exact path.
pub(super) fn folder_name(entry: &str) -> Option<&str> {
    if entry == "./" {
        Some("")
    } else {
        entry.strip_suffix('/')
    }
}

/// Returns the places of all units that each unit stands on. Needs that the plan does not have count for nothing.
fn stands_on(units: &[Unit]) -> Vec<BTreeSet<usize>> {
    let places: BTreeMap<&UnitId, usize> = units
        .iter()
        .enumerate()
        .map(|(place, unit)| (&unit.id, place))
        .collect();
    let reach = |start: usize| {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            let needs = units[place].needs.iter().filter_map(|id| places.get(id));
            open.extend(needs.filter(|need| reached.insert(**need)));
        }
        reached
    };
    (0..units.len()).map(reach).collect()
}
