//! Changes a plan by hand, one edit at a time. An edit gives another valid plan or is refused.
//!
//! Pure over the plan and what is known of its base. Every new plan is proven like one that was just made. Every file
//! stays in one unit, or is left out with a reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::agent_shares::distribute;
use super::base_files::BaseFiles;
use super::claim::{Ownership, OwnershipError};
use super::model::{Claim, LeftOut, Plan, Unit};
use super::order::{OrderError, waves};
use super::partition::{Item, OwnerRule, PartitionInput, partition};
use super::scan::File;
use super::title::{name_units, unique_title};
use super::unit_id::UnitId;
use super::units::cut_into_units;
use crate::config::UnitRange;
use crate::words;

/// The reason why files of a dropped unit are left out.
pub(super) const DROPPED: &str = "dropped in review";

/// One edit of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Splits a unit in two.
    Split(UnitId),
    /// Merges units into one.
    Merge(Vec<UnitId>),
    /// Gives a unit this title.
    Rename(UnitId, String),
    /// Drops a unit; its files are left out.
    Drop(UnitId),
    /// Moves files to this unit, from other units or from the files dropped before. A unit that has no files left is
    /// removed.
    Move(Vec<String>, UnitId),
    /// Cuts all files again, into this many units.
    Cut(UnitRange),
    /// Replaces the instruction.
    Instruct(String),
}

/// Why an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("no unit has the id '{0}'")]
    NoUnit(UnitId),
    #[error("unit '{0}' has one file only, so there is nothing to split")]
    OneFile(UnitId),
    #[error(
        "the files of unit '{0}' have names that are equal on some file systems, so they stay together"
    )]
    OneName(UnitId),
    #[error("name two or more different units to merge")]
    OneUnit,
    #[error("a title is one line of text, and not empty")]
    Title,
    #[error("unit '{unit}' has the title {title:?} already: choose another")]
    TitleTaken { unit: UnitId, title: String },
    #[error(
        "unit '{by}' needs unit '{unit}', so it cannot go: drop that one first, or edit its 'needs'"
    )]
    Needed { unit: UnitId, by: UnitId },
    #[error("it is the only unit left: quit if there is nothing to do")]
    LastUnit,
    #[error("no file of the plan is called {0:?}")]
    NoFile(String),
    #[error("{path:?} is in unit '{unit}' already")]
    Already { path: String, unit: UnitId },
    #[error("a plan has at most {} units", UnitRange::MAX)]
    TooMany,
    #[error("the instruction is empty: say what to change")]
    NoInstruction,
    #[error("the imports of the files cannot be read: {0}")]
    Unread(String),
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
}

impl Plan {
    /// Returns the plan after an edit.
    pub(crate) fn edited(&self, edit: &Edit, base: &BaseFiles) -> Result<Self, EditError> {
        let mut plan = self.clone();
        match edit {
            Edit::Split(id) => plan.split(id, base)?,
            Edit::Merge(ids) => plan.merge(ids, base)?,
            Edit::Rename(id, title) => plan.rename(id, title)?,
            Edit::Drop(id) => plan.drop_unit(id)?,
            Edit::Move(files, to) => plan.move_files(files, to, base)?,
            Edit::Cut(range) => plan.cut(*range, base)?,
            Edit::Instruct(text) if text.trim().is_empty() => return Err(EditError::NoInstruction),
            Edit::Instruct(text) => plan.instruction.clone_from(text),
        }
        if plan.units.len() > UnitRange::MAX {
            return Err(EditError::TooMany);
        }
        Ownership::prove(&plan.units, base.tracked())?;
        waves(&plan.units)?;
        let last = plan.integration.as_ref().map(|unit| &unit.id);
        if let Some(id) = last.filter(|id| plan.units.iter().any(|unit| unit.id == **id)) {
            return Err(OrderError::Duplicate(id.clone()).into());
        }
        Ok(plan)
    }

    /// Returns the place of a unit.
    fn place(&self, id: &UnitId) -> Result<usize, EditError> {
        self.units
            .iter()
            .position(|unit| unit.id == *id)
            .ok_or_else(|| EditError::NoUnit(id.clone()))
    }

    fn split(&mut self, id: &UnitId, base: &BaseFiles) -> Result<(), EditError> {
        let place = self.place(id)?;
        let unit = &self.units[place];
        if unit.claim.files.len() < 2 {
            return Err(EditError::OneFile(id.clone()));
        }
        let groups = base
            .owners
            .groups(unit.claim.files.iter().map(String::as_str));
        let paths: Vec<&str> = unit.claim.files.iter().map(String::as_str).collect();
        let followers = base.together.followers(&paths);
        let places: Vec<usize> = (0..paths.len())
            .filter(|place| !followers.contains_key(place))
            .collect();
        let items: Vec<Item<'_>> = places
            .iter()
            .map(|&place| Item {
                path: paths[place],
                bytes: base.size(paths[place]).unwrap_or_default().bytes,
                owner: groups[place],
            })
            .collect();
        let input = PartitionInput {
            items: &items,
            ties: &[],
            packages: &base.packages,
            owners: OwnerRule::Preferred,
        };
        let parts = partition(&input, UnitRange::exactly(2));
        let [first, second] = &parts[..] else {
            return Err(EditError::OneName(id.clone()));
        };
        let files = |part: &[usize]| -> Vec<String> {
            let part: Vec<usize> = part.iter().map(|&item| places[item]).collect();
            let follow = followers.iter().filter(|(_, lead)| part.contains(lead));
            let mut files: Vec<String> = part
                .iter()
                .chain(follow.map(|(file, _)| file))
                .map(|&place| paths[place].to_owned())
                .collect();
            files.sort();
            files
        };
        let mut claims = [files(first), files(second)].map(|files| Claim {
            files,
            create: Vec::new(),
        });
        for entry in &unit.claim.create {
            let inside = claims.each_ref().map(|claim| {
                let files = claim.files.iter();
                files.filter(|file| is_beside(file, entry)).count()
            });
            claims[usize::from(inside[1] > inside[0])]
                .create
                .push(entry.clone());
        }
        let [first, second] = claims;
        let new = self.unused_id(id);
        let unit = Unit {
            id: new.clone(),
            claim: second,
            ..unit.clone()
        };
        self.units[place].claim = first;
        self.units.insert(place + 1, unit);
        for unit in &mut self.units {
            if let Some(need) = unit.needs.iter().position(|need| need == id) {
                unit.needs.insert(need + 1, new.clone());
            }
        }
        self.describe(&[place, place + 1], base);
        Ok(())
    }

    fn merge(&mut self, ids: &[UnitId], base: &BaseFiles) -> Result<(), EditError> {
        let places: BTreeSet<usize> = ids
            .iter()
            .map(|id| self.place(id))
            .collect::<Result<_, _>>()?;
        let mut rest = places.iter().rev().copied().collect::<Vec<_>>();
        let (Some(first), false) = (rest.pop(), rest.is_empty()) else {
            return Err(EditError::OneUnit);
        };
        let merged = self.units[first].id.clone();
        let mut gone = HashSet::new();
        let mut members = Vec::new();
        // From the last to the first, so that the other places stay valid.
        for place in rest {
            let unit = self.units.remove(place);
            gone.insert(unit.id.clone());
            members.insert(0, unit);
        }
        let unit = &mut self.units[first];
        for member in members {
            unit.claim.files.extend(member.claim.files);
            unit.claim.create.extend(member.claim.create);
            unit.needs.extend(member.needs);
            unit.description = joined_descriptions(unit.description.take(), member.description);
        }
        unit.claim.files.sort();
        for unit in &mut self.units {
            let mut seen = HashSet::new();
            for need in &mut unit.needs {
                if gone.contains(need) {
                    need.clone_from(&merged);
                }
            }
            let id = &unit.id;
            unit.needs
                .retain(|need| need != id && seen.insert(need.clone()));
        }
        self.describe(&[first], base);
        Ok(())
    }

    fn rename(&mut self, id: &UnitId, title: &str) -> Result<(), EditError> {
        let place = self.place(id)?;
        let title = title.trim();
        if title.is_empty() || title.chars().any(char::is_control) {
            return Err(EditError::Title);
        }
        let namesake = self
            .units
            .iter()
            .find(|unit| unit.title == title && unit.id != *id);
        if let Some(unit) = namesake {
            return Err(EditError::TitleTaken {
                unit: unit.id.clone(),
                title: title.to_owned(),
            });
        }
        title.clone_into(&mut self.units[place].title);
        Ok(())
    }

    fn drop_unit(&mut self, id: &UnitId) -> Result<(), EditError> {
        let place = self.place(id)?;
        let unit = self.take_away(place)?;
        let dropped = match self.left_out.iter_mut().find(|it| it.reason == DROPPED) {
            Some(dropped) => dropped,
            None => self.left_out.push_mut(LeftOut {
                reason: DROPPED.to_owned(),
                files: Vec::new(),
            }),
        };
        dropped.files.extend(unit.claim.files);
        dropped.files.sort();
        Ok(())
    }

    /// Removes a unit, unless another unit needs it or it is the last one.
    fn take_away(&mut self, place: usize) -> Result<Unit, EditError> {
        let id = &self.units[place].id;
        if let Some(by) = self.units.iter().find(|unit| unit.needs.contains(id)) {
            return Err(EditError::Needed {
                unit: id.clone(),
                by: by.id.clone(),
            });
        }
        if self.units.len() == 1 {
            return Err(EditError::LastUnit);
        }
        Ok(self.units.remove(place))
    }

    fn move_files(
        &mut self,
        files: &[String],
        to: &UnitId,
        base: &BaseFiles,
    ) -> Result<(), EditError> {
        self.place(to)?;
        for path in files {
            let from = self
                .units
                .iter()
                .position(|unit| unit.claim.files.contains(path));
            match from {
                Some(from) if self.units[from].id == *to => {
                    return Err(EditError::Already {
                        path: path.clone(),
                        unit: to.clone(),
                    });
                }
                Some(from) => {
                    self.units[from].claim.files.retain(|file| file != path);
                    if self.units[from].claim.files.is_empty() {
                        let unit = self.take_away(from)?;
                        let place = self.place(to)?;
                        self.units[place].claim.create.extend(unit.claim.create);
                    }
                }
                // Of the other files, too little is known.
                None if base.file(path).is_some() => {
                    for left_out in &mut self.left_out {
                        left_out.files.retain(|file| file != path);
                    }
                    self.left_out
                        .retain(|it| it.reason != DROPPED || !it.files.is_empty());
                }
                None => return Err(EditError::NoFile(path.clone())),
            }
            let place = self.place(to)?;
            self.units[place].claim.files.push(path.clone());
        }
        let place = self.place(to)?;
        self.units[place].claim.files.sort();
        for unit in &mut self.units {
            measure(unit, base);
        }
        Ok(())
    }

    fn cut(&mut self, range: UnitRange, base: &BaseFiles) -> Result<(), EditError> {
        let files: Vec<File> = self
            .units
            .iter()
            .flat_map(|unit| &unit.claim.files)
            .filter_map(|path| base.file(path))
            .map(|file| (&file.path, file))
            .collect::<BTreeMap<_, _>>()
            .into_values()
            .cloned()
            .collect();
        let may_create = self.units.iter().any(|unit| !unit.claim.create.is_empty());
        let shares = self.shares();
        self.units = cut_into_units(&files, base, range)
            .map_err(|error| EditError::Unread(words::chain(&error)))?;
        distribute(&mut self.units, &shares);
        if !may_create {
            for unit in &mut self.units {
                unit.claim.create.clear();
            }
        }
        Ok(())
    }

    /// Gives the units at these places titles, sizes and owners from their files.
    fn describe(&mut self, places: &[usize], base: &BaseFiles) {
        let files: Vec<Vec<&str>> = self
            .units
            .iter()
            .map(|unit| unit.claim.files.iter().map(String::as_str).collect())
            .collect();
        let names = name_units(&files, &[]);
        let others = self.units.iter().enumerate();
        let mut taken: HashSet<String> = others
            .filter(|(place, _)| !places.contains(place))
            .map(|(_, unit)| unit.title.clone())
            .collect();
        for &place in places {
            let unit = &mut self.units[place];
            unit.title = unique_title(&names[place].1, &mut taken);
            measure(unit, base);
        }
    }

    /// Returns an unused id that begins with the id of the unit it comes from.
    fn unused_id(&self, from: &UnitId) -> UnitId {
        // The number has room within 64 letters.
        let stem: String = from.as_str().chars().take(56).collect();
        let stem = stem.trim_end_matches('.');
        (2..=UnitRange::MAX + 2)
            .map(|number| UnitId::from_valid(format!("{stem}-{number}")))
            .find(|id| self.units.iter().all(|unit| unit.id != *id))
            // There are more numbers than units. A duplicate id would be refused.
            .unwrap_or_else(|| from.clone())
    }
}

/// Joins the descriptions of two units.
pub(super) fn joined_descriptions(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one}\n\n{other}")),
        (one, other) => one.or(other),
    }
}

/// Checks whether a file is directly in the folder of a `create` entry.
fn is_beside(file: &str, entry: &str) -> bool {
    match entry.rsplit_once('/') {
        None | Some((".", "")) => !file.contains('/'),
        Some((folder, _)) => file
            .rsplit_once('/')
            .is_some_and(|(home, _)| home == folder),
    }
}

/// Sets the size and owners of a unit from its files.
pub(super) fn measure(unit: &mut Unit, base: &BaseFiles) {
    unit.owners = base.owners.of_all(&unit.claim.files);
    let files = unit.claim.files.iter();
    unit.size = files.filter_map(|path| base.size(path)).sum();
}

#[cfg(test)]
mod tests;
