//! Models what holds files together besides their ties: folders, packages and owners.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::graph::Net;
use crate::plan::partition::atom::{Atom, ancestors, sortable};

/// The cost of one more piece of a folder, as a percentage of the mean weight of a file's ties.
const FOLDER: i64 = 80;
/// A piece of a package, or of the files of one owner, costs this many times as much.
const WHOLE: i64 = 2;

/// Returns a net for each folder with everything below it, for each package and for each owner, the smallest first.
/// `mean` is the total weight of all ties, divided by the number of files.
pub(super) fn nets(atoms: &[Atom], packages: &BTreeSet<String>, mean: i64) -> Vec<Net> {
    let packages: HashSet<String> = packages.iter().map(|folder| sortable(folder)).collect();
    let mut folders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut owners: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, atom) in atoms.iter().enumerate() {
        for folder in ancestors(&atom.folder).chain([""]) {
            folders.entry(folder).or_default().push(at);
        }
        if let Some(owner) = atom.owner {
            owners.entry(owner).or_default().push(at);
        }
    }
    let piece = mean * FOLDER / 100;
    let sizes: BTreeMap<&str, usize> = folders
        .iter()
        .map(|(folder, pins)| (*folder, pins.len()))
        .collect();
    let of_folders = folders.into_iter().filter_map(|(folder, pins)| {
        let above = folder.rsplit_once('\0').map_or("", |it| it.0);
        // A folder that is the only content of its parent adds nothing.
        let is_all = !folder.is_empty() && sizes.get(above) == Some(&pins.len());
        let cost = if folder.is_empty() {
            // The root only makes every file a neighbour of every other.
            0
        } else if packages.contains(folder) {
            piece * WHOLE
        } else {
            piece
        };
        (!is_all).then_some(Net { pins, cost })
    });
    let of_owners = owners.into_values().map(|pins| Net {
        pins,
        cost: piece * WHOLE,
    });
    let mut nets: Vec<Net> = of_folders.chain(of_owners).collect();
    // The numbers of the owners are arbitrary and must not decide the order.
    nets.sort_by(|a, b| (a.pins.len(), &a.pins).cmp(&(b.pins.len(), &b.pins)));
    nets
}
