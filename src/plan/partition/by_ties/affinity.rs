//! What holds files together besides their ties: folders, packages and owners.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::graph::Net;
use crate::plan::partition::atom::{Atom, ancestors, sortable};

/// What one more piece of a folder costs, in percent of all that a file is tied with on the average.
const FOLDER: i64 = 80;
/// So many times as much costs a piece of a package or of what one owner has.
const WHOLE: i64 = 2;

/// A net for each folder and all that is below it, each package and each owner; the smallest first. `mean` is the weight
/// of all ties, shared out evenly to the files.
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
        // A folder that is all of the folder above it says nothing more.
        let is_all = !folder.is_empty() && sizes.get(above) == Some(&pins.len());
        let cost = if folder.is_empty() {
            // That somebody is beside everybody, and no more.
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
    // The numbers of the owners mean nothing, and so they must not decide the order.
    nets.sort_by(|a, b| (a.pins.len(), &a.pins).cmp(&(b.pins.len(), &b.pins)));
    nets
}
