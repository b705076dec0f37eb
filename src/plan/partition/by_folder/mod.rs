//! Cuts the files along their folders.
//!
//! The files are laid out in one row in which every folder is a stretch (see `layout`), and a unit is a stretch of that
//! row. The cost of a stretch says how well a person could review it as one unit (see `cut`): a whole folder of about
//! one share of the work costs nothing; gathering folders, cutting a folder into pieces and mixing pieces of several
//! folders cost more and more. The cheapest cutting of the row wins.

mod cut;
mod layout;

use std::collections::BTreeSet;

use super::apportion::UnitCounts;
use super::atom::{Atom, cap_giants};

/// An atom above this percentage of the mean counts as one share.
const GIANT: u64 = 125;

/// Returns the units as lists of files, each by path.
pub(super) fn by_folder(
    mut atoms: Vec<Atom>,
    packages: &BTreeSet<String>,
    numbers: UnitCounts,
) -> Vec<Vec<usize>> {
    let weights = atoms.iter_mut().map(|atom| &mut atom.weight);
    cap_giants(weights, numbers.target, GIANT);
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
            atoms
                .iter()
                .flat_map(|atom| atom.files.iter().copied())
                .collect()
        })
        .collect()
}
