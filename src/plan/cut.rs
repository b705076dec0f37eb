//! Decides which scanned files make which unit: shared files are set apart, the others are partitioned.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::ImportGraph;
use super::partition::{Item, OwnerRule, PartitionInput, partition};
use super::scan::File;
use super::shared_files::{self, SharedKind};
use super::together::Together;
use crate::config::{Grouping, UnitRange};

/// Everything that decides how the files are cut into units.
pub(super) struct Cutter<'a> {
    pub(super) files: &'a [File],
    /// The number of each file's group of owners, if the file has owners.
    pub(super) groups: &'a [Option<u32>],
    /// The import graph, if imports decide.
    pub(super) graph: Option<&'a ImportGraph>,
    /// The folders that hold a manifest.
    pub(super) packages: &'a BTreeSet<String>,
    pub(super) by: Option<Grouping>,
    /// The files that must not be in different units.
    pub(super) together: &'a Together,
}

/// The files of each unit, by their places in the list.
pub(super) struct Cut {
    pub(super) units: Vec<Vec<usize>>,
    /// Units of shared files.
    pub(super) shared: Vec<Vec<usize>>,
}

impl Cutter<'_> {
    /// Puts every file into exactly one unit. `commits` returns the paths that each commit changed.
    pub(super) fn cut(&self, range: UnitRange, commits: &dyn Fn() -> Vec<Vec<String>>) -> Cut {
        let kinds: Vec<(&str, Option<&SharedKind>)> = self
            .files
            .iter()
            .map(|file| (file.path.as_str(), file.shared_kind.as_ref()))
            .collect();
        let is_apart = self.by == Some(Grouping::Owner);
        let paths: Vec<&str> = kinds.iter().map(|(path, _)| *path).collect();
        let together = self.together.followers(&paths);
        let lead = |file: usize| together.get(&file).copied().unwrap_or(file);
        let followers: BTreeMap<usize, usize> = shared_files::followers(&kinds)
            .into_iter()
            // Where owners are kept apart, a file cannot follow a file of another owner.
            .filter(|&(file, followed)| !is_apart || self.groups[file] == self.groups[followed])
            // A file that belongs to others goes where they go.
            .filter(|&(file, _)| lead(file) == file && !together.values().any(|it| *it == file))
            .map(|(file, followed)| (file, lead(followed)))
            .chain(together.clone())
            .collect();
        let leads = |file: usize| !followers.contains_key(&file);
        let mut units = self.partition(range, &leads);
        let mut shared: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
        if units.len() > 1 {
            for file in shared_files::find_shared(&kinds, &units, &commits()) {
                let group = self.groups[file].filter(|_| is_apart);
                shared.entry(group).or_default().push(file);
            }
        }
        if !shared.is_empty() {
            let is_shared: BTreeSet<usize> = shared.values().flatten().copied().collect();
            units = self.partition(range.reduced_by(shared.len()), &|file| {
                leads(file) && !is_shared.contains(&file)
            });
        }
        let mut shared: Vec<Vec<usize>> = shared.into_values().collect();
        let mut unit_of: HashMap<usize, usize> = HashMap::new();
        for (unit, files) in units.iter().chain(&shared).enumerate() {
            unit_of.extend(files.iter().map(|&file| (file, unit)));
        }
        for (file, followed) in followers {
            let unit = unit_of[&followed];
            let members = match unit.checked_sub(units.len()) {
                None => &mut units[unit],
                Some(unit) => &mut shared[unit],
            };
            members.push(file);
            members.sort_by_key(|&file| &self.files[file].path);
        }
        Cut { units, shared }
    }

    /// Partitions the files for which `is_in` holds.
    fn partition(&self, range: UnitRange, is_in: &dyn Fn(usize) -> bool) -> Vec<Vec<usize>> {
        let places: Vec<usize> = (0..self.files.len()).filter(|&file| is_in(file)).collect();
        let items: Vec<Item<'_>> = places
            .iter()
            .map(|&file| Item {
                path: &self.files[file].path,
                bytes: self.files[file].size.bytes,
                owner: self.groups[file],
            })
            .collect();
        let paths: Vec<&str> = items.iter().map(|item| item.path).collect();
        let input = PartitionInput {
            items: &items,
            ties: &self.graph.map_or_else(Vec::new, |graph| graph.ties(&paths)),
            packages: self.packages,
            owners: match self.by {
                Some(Grouping::Owner) => OwnerRule::Separate,
                Some(Grouping::Folder) | None => OwnerRule::Preferred,
            },
        };
        partition(&input, range)
            .into_iter()
            .map(|unit| unit.into_iter().map(|item| places[item]).collect())
            .collect()
    }
}
