//! Cuts a list of files into units: kept together by folder and package, balanced by weight.
//!
//! Pure over names and sizes: it knows nothing of git, of globs or of what will be done to the files. The same files
//! give the same units, in whatever order they come.
//!
//! The files are laid out in one row in which every folder is a stretch (see `layout`), and a unit is a stretch of
//! that row. Every stretch has a cost that says how gladly a person would review it as one (see `cut`): a whole folder
//! of about one share of the work costs nothing; gathering folders, cutting a folder into pieces and mixing pieces of
//! several folders cost more and more. The cheapest cutting of the row wins.
//!
//! **Number.** A share is the work of about twelve files or 60 kB. How many shares there are is only where the search
//! begins: up to twice as many units, or down to three quarters, are taken where this keeps more folders whole, but
//! never a number outside the range. Fewer than the range says come only where there are fewer files.
//!
//! **Balance.** No unit weighs more than 1.75 times the mean, unless files that must stay together weigh more than
//! three quarters of it: then no unit weighs more than the mean and the heaviest of these. Files far above a share
//! count as one share, so that a giant takes a unit and leaves the others as they would be without it. There is no
//! lower bound, as a folder far from all others is better alone than mixed with a piece of one of them.

mod apportion;
mod cut;
mod layout;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use layout::stem;

use crate::config::UnitRange;
use apportion::{Numbers, apportion};
use layout::Atom;

/// A file to put into a unit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub path: &'a str,
    pub bytes: u64,
    /// Who reviews it: files of one number have the same owners. The number itself means nothing.
    pub owner: Option<u32>,
}

/// That two files are better changed and reviewed as one, because one imports the other or both are imported together.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    /// Two items by index; their order means nothing.
    pub a: usize,
    pub b: usize,
    /// In thousandths of a plain import of a file that nobody else imports.
    pub weight: u32,
}

/// What the owners of files mean for the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// A unit is rather of one owner than of several.
    Preferred,
    /// No unit has files of two owners, and none mixes files that have an owner with such that have none. There are
    /// more units than the range says only where there are more owners.
    Apart,
}

/// All that a partition is made from.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    pub items: &'a [Item<'a>],
    pub ties: &'a [Tie],
    /// The folders that hold a manifest (`Cargo.toml`, `package.json`, …), from the root, without a closing slash.
    pub packages: &'a BTreeSet<String>,
    pub owners: Owners,
}

/// The number of shares in so much work: about twelve files or 60 kB each, whichever makes more units.
fn shares(files: usize, bytes: u64) -> usize {
    let by_bytes = usize::try_from(bytes.div_ceil(60_000)).unwrap_or(usize::MAX);
    files.div_ceil(12).max(by_bytes)
}

/// Puts every item into exactly one unit; gives the items' indices, each unit's in path order.
///
/// There are fewer units than the range says only where there are fewer files.
#[must_use]
pub fn partition(material: &Material<'_>, range: UnitRange) -> Vec<Vec<usize>> {
    let items = material.items;
    let atoms = layout::atoms(items);
    if atoms.is_empty() {
        return Vec::new();
    }
    let bytes = items
        .iter()
        .fold(0_u64, |sum, item| sum.saturating_add(item.bytes));
    let shares = shares(items.len(), bytes);
    let mut groups: BTreeMap<Option<u32>, Vec<Atom>> = BTreeMap::new();
    for atom in atoms {
        let group = match material.owners {
            Owners::Preferred => None,
            Owners::Apart => atom.owner,
        };
        groups.entry(group).or_default().push(atom);
    }
    let mut groups: Vec<Vec<Atom>> = groups.into_values().collect();
    // The numbers of the owners mean nothing.
    groups.sort_by(|a, b| a[0].path.cmp(&b[0].path));
    let mut units: Vec<Vec<usize>> = apportion(range, shares, &groups)
        .into_iter()
        .zip(groups)
        .flat_map(|(numbers, atoms)| by_folder(atoms, material.packages, numbers))
        .collect();
    units.sort_by_cached_key(|files| {
        files
            .first()
            .map(|&file| layout::sortable(items[file].path))
    });
    units
}

/// Cuts the row of the files along their folders.
fn by_folder(
    mut atoms: Vec<Atom>,
    packages: &BTreeSet<String>,
    numbers: Numbers,
) -> Vec<Vec<usize>> {
    layout::cap_giants(&mut atoms, numbers.target);
    let share = atoms.iter().map(|atom| atom.weight).sum::<u64>() / numbers.target as u64;
    let atoms = layout::arrange(atoms, share);
    let cells = layout::cells(&atoms, packages, share, numbers.most);
    let range = numbers.fewest..=numbers.most;
    cut::best(&cells, share, range, numbers.target)
        .into_iter()
        .map(|stretch| {
            let (first, last) = (&cells[stretch.start], &cells[stretch.end - 1]);
            let mut atoms: Vec<&Atom> = atoms[first.atoms.start..last.atoms.end].iter().collect();
            atoms.sort_by(|a, b| a.path.cmp(&b.path));
            atoms.iter().flat_map(|atom| atom.files.clone()).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests;
