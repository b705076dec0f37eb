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
mod input;

use std::collections::BTreeMap;

pub(super) use apportion::shares;
pub(super) use atom::{cost, stem};
pub use input::{Item, OwnerRule, PartitionInput, Tie};

use crate::config::UnitRange;
use apportion::apportion;
use atom::Atom;
use by_folder::by_folder;
use by_ties::Ties;

/// Puts every item into exactly one unit; gives the items' indices, each unit's in path order.
///
/// There are fewer units than the range says only where there are fewer files.
#[must_use]
pub fn partition(input: &PartitionInput<'_>, range: UnitRange) -> Vec<Vec<usize>> {
    let items = input.items;
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
        let group = match input.owners {
            OwnerRule::Preferred => None,
            OwnerRule::Separate => atom.owner,
        };
        groups.entry(group).or_default().push(atom);
    }
    let mut groups: Vec<Vec<Atom>> = groups.into_values().collect();
    // The numbers of the owners mean nothing.
    groups.sort_by(|a, b| a[0].path.cmp(&b[0].path));
    let mut units: Vec<Vec<usize>> = apportion(range, shares, &groups)
        .into_iter()
        .zip(groups)
        .flat_map(|(numbers, atoms)| match Ties::among(&atoms, input) {
            Some(ties) => ties.divide(numbers),
            None => by_folder(atoms, input.packages, numbers),
        })
        .collect();
    units.sort_by_cached_key(|files| files.first().map(|&file| atom::sortable(items[file].path)));
    units
}

#[cfg(test)]
mod tests;
