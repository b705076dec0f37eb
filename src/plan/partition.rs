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

mod cut;
mod layout;

use std::collections::BTreeSet;

pub(super) use layout::stem;

use crate::config::UnitRange;

/// A file to put into a unit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub path: &'a str,
    pub bytes: u64,
}

/// The number of shares in so much work: about twelve files or 60 kB each, whichever makes more units.
fn choose(range: UnitRange, files: usize, bytes: u64) -> usize {
    let by_bytes = usize::try_from(bytes.div_ceil(60_000)).unwrap_or(usize::MAX);
    files
        .div_ceil(12)
        .max(by_bytes)
        .clamp(range.min(), range.max())
}

/// Puts every item into exactly one unit; gives the items' indices, each unit's in path order.
///
/// `packages` are the folders that hold a manifest (`Cargo.toml`, `package.json`, …), from the root, without a closing
/// slash. There are fewer units than the range says only where there are fewer files.
#[must_use]
pub fn partition(
    items: &[Item<'_>],
    packages: &BTreeSet<String>,
    range: UnitRange,
) -> Vec<Vec<usize>> {
    let mut atoms = layout::atoms(items);
    if atoms.is_empty() {
        return Vec::new();
    }
    let bytes = items
        .iter()
        .fold(0_u64, |sum, item| sum.saturating_add(item.bytes));
    let target = choose(range, items.len(), bytes).min(atoms.len());
    layout::cap_giants(&mut atoms, target);
    let share = atoms.iter().map(|atom| atom.weight).sum::<u64>() / target as u64;
    let atoms = layout::arrange(atoms, share);

    let fewest = (target * 3).div_ceil(4).max(range.min().min(atoms.len()));
    let most = (target * 2).min(range.max()).min(atoms.len());
    let cells = layout::cells(&atoms, packages, share, most);
    let mut units: Vec<Vec<usize>> = cut::best(&cells, share, fewest..=most, target)
        .into_iter()
        .map(|stretch| {
            let (first, last) = (&cells[stretch.start], &cells[stretch.end - 1]);
            let mut atoms: Vec<&layout::Atom> =
                atoms[first.atoms.start..last.atoms.end].iter().collect();
            atoms.sort_by(|a, b| a.path.cmp(&b.path));
            atoms.iter().flat_map(|atom| atom.files.clone()).collect()
        })
        .collect();
    units.sort_by_cached_key(|files| {
        files
            .first()
            .map(|&file| layout::sortable(items[file].path))
    });
    units
}

#[cfg(test)]
mod tests;
