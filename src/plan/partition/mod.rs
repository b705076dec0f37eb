//! Divides a list of files into units of about the same size, so that related files stay together.
//!
//! Pure over names, sizes, ties and owners: it knows nothing of git, globs, languages or the change itself. The same
//! files give the same units, in whatever order they come.
//!
//! **Two ways.** Where most files are tied to others (one imports the other), the ties decide (see `by_ties`): few ties
//! are cut, and few folders, packages and owners are split. Elsewhere only the folders decide (see `by_folder`).
//!
//! **Number.** A share is the work of about twelve files or 60 kB. The number of shares is only where the search
//! begins: another number within the range wins if it keeps more together. There are fewer units than the range allows
//! only if there are fewer files.
//!
//! **Balance.** Where ties decide, each unit weighs 0.7 to 1.1 times the mean, if the files allow it. Where folders
//! decide, a unit weighs at most 1.75 times the mean. If files that must stay together weigh more than three quarters
//! of the mean, the limit is the mean plus the heaviest of them. There is no lower limit then: a folder far from all
//! others is better alone than mixed with a piece of another. Files far above a share count as one share, so that a
//! giant file fills one unit and does not affect the others.

mod apportion;
mod atom;
mod by_folder;
mod by_ties;
mod input;

use std::collections::BTreeMap;

pub(super) use apportion::shares;
pub(super) use atom::cost;
pub use input::{Item, OwnerRule, PartitionInput, Tie};

use crate::config::UnitRange;
use apportion::apportion;
use atom::Atom;
use by_folder::by_folder;
use by_ties::Ties;

/// Puts every item into exactly one unit. Returns the items' indices, each unit's in path order.
///
/// There are fewer units than the range allows only if there are fewer files.
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
    // The numbers of the owners are arbitrary.
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
