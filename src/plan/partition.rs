//! Divides a list of files into units: what belongs together stays together, and the units are of about the same size.
//!
//! Pure over names, sizes, ties and owners: it knows nothing of git, of globs, of languages or of what will be done to
//! the files. The same files give the same units, in whatever order they come.
//!
//! **Two ways.** Where most files are tied to others (one imports the other), the ties decide (see `by_ties`): the
//! units are so divided that few ties are cut and few folders, packages and owners are in pieces. Elsewhere there is
//! nothing but the folders to go by (see `by_folder`).
//!
//! **Number.** A share is the work of about twelve files or 60 kB. How many shares there are is only where the search
//! begins: other numbers are taken where they keep more together, but never one outside the range. Fewer than the
//! range says come only where there are fewer files.
//!
//! **Balance.** Where ties decide, no unit weighs more than 1.1 or less than 0.7 times the mean, if the files can be
//! divided so at all. Where folders decide, none weighs more than 1.75 times the mean, unless files that must stay
//! together weigh more than three quarters of it: then no unit weighs more than the mean and the heaviest of these.
//! There is no lower bound then, as a folder far from all others is better alone than mixed with a piece of one of
//! them. Files far above a share count as one share, so that a giant takes a unit and leaves the others as they would
//! be without it.

mod apportion;
mod atom;
mod by_folder;
mod by_ties;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use atom::{cost, stem};

use crate::config::UnitRange;
use apportion::apportion;
use atom::Atom;
use by_folder::by_folder;
use by_ties::Ties;

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
pub(super) fn shares(files: usize, bytes: u64) -> usize {
    let by_bytes = usize::try_from(bytes.div_ceil(60_000)).unwrap_or(usize::MAX);
    files.div_ceil(12).max(by_bytes)
}

/// Puts every item into exactly one unit; gives the items' indices, each unit's in path order.
///
/// There are fewer units than the range says only where there are fewer files.
#[must_use]
pub fn partition(material: &Material<'_>, range: UnitRange) -> Vec<Vec<usize>> {
    let items = material.items;
    let atoms = atom::atoms(items);
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
        .flat_map(|(numbers, atoms)| match Ties::among(&atoms, material) {
            Some(ties) => ties.divide(numbers),
            None => by_folder(atoms, material.packages, numbers),
        })
        .collect();
    units.sort_by_cached_key(|files| files.first().map(|&file| atom::sortable(items[file].path)));
    units
}

#[cfg(test)]
mod tests;
