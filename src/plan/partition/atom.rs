//! Atoms: files that are never separated, with their folder and weight.
//!
//! A file belongs to its folder, or to the folder beside it with the same name (`parse.rs` to `parse/`).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::input::Item;
use crate::plan::claim::{fold, stem};

/// The cost of a file besides its bytes: opening, understanding and checking it.
pub(super) const FILE: u64 = 2_000;
/// A terabyte. A larger size counts as this much, so that sums cannot overflow.
pub(super) const MOST_BYTES: u64 = 1 << 40;

/// Returns the weight of a file of this size.
pub(in crate::plan) fn cost(bytes: u64) -> u64 {
    bytes.min(MOST_BYTES) + FILE
}

/// Files that must stay together, because some file system treats their names as equal.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// The folded path, as [`sortable`] returns it.
    pub(crate) path: Arc<str>,
    /// The folded folder that the atom belongs to, as [`sortable`] returns it.
    pub(crate) folder: Arc<str>,
    pub(crate) files: Arc<[usize]>,
    pub(crate) weight: u64,
    pub(crate) owner: Option<u32>,
}

impl Atom {
    /// The folder that contains the files.
    pub(crate) fn home(&self) -> &str {
        self.path.rsplit_once('\0').map_or("", |it| it.0)
    }

    pub(crate) fn stem(&self) -> &str {
        stem(self.path.rsplit('\0').next().unwrap_or_default())
    }
}

/// Returns a path with a separator that sorts before every other character, so that folders are contiguous.
pub(super) fn sortable(path: &str) -> String {
    fold(path).replace('/', "\0")
}

/// Returns the atoms by path, which is also folder by folder.
pub(super) fn atoms(items: &[Item<'_>]) -> Vec<Atom> {
    let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        by_path.entry(sortable(item.path)).or_default().push(index);
    }
    let root: Arc<str> = Arc::from("");
    let mut atoms: Vec<Atom> = by_path
        .into_iter()
        .map(|(path, mut files)| {
            files.sort_by_key(|&file| items[file].path);
            Atom {
                folder: Arc::clone(&root),
                weight: files.iter().map(|&file| cost(items[file].bytes)).sum(),
                owner: files.first().and_then(|&file| items[file].owner),
                path: path.into(),
                files: files.into(),
            }
        })
        .collect();
    find_folders(&mut atoms);
    atoms
}

/// Lowers every weight above this percentage of the mean (heavier than any unit should be) to the mean unit of the
/// others.
pub(super) fn cap_giants<'a>(
    weights: impl IntoIterator<Item = &'a mut u64>,
    units: usize,
    percent: u64,
) {
    let mut heaviest_first: Vec<&mut u64> = weights.into_iter().collect();
    heaviest_first.sort_by_key(|weight| std::cmp::Reverse(**weight));
    let mut rest: u64 = heaviest_first.iter().map(|weight| **weight).sum();
    let (mut left, mut giants) = (units as u64, 0);
    // Two more, because the mean is rounded down.
    while left > 1 && *heaviest_first[giants] > rest / left * percent / 100 + 2 {
        rest -= *heaviest_first[giants];
        left -= 1;
        giants += 1;
    }
    for weight in &mut heaviest_first[..giants] {
        **weight = rest / left;
    }
}

/// Gives each file to the folder beside it with the same name, or else to its own folder.
fn find_folders(atoms: &mut [Atom]) {
    let folders: HashSet<String> = atoms
        .iter()
        .flat_map(|atom| ancestors(atom.home()).map(str::to_owned))
        .collect();
    // Atoms of one folder are adjacent.
    let mut last: Arc<str> = Arc::from("");
    for atom in atoms {
        let namesake = match atom.home() {
            "" => atom.stem().to_owned(),
            home => format!("{home}\0{}", atom.stem()),
        };
        let folder = folders.get(&namesake).map_or(atom.home(), String::as_str);
        if *last != *folder {
            last = folder.into();
        }
        atom.folder = Arc::clone(&last);
    }
}

/// Returns the folder and all folders above it except the root, deepest first.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| Some(folder.rsplit_once('\0')?.0))
        .filter(|folder| !folder.is_empty())
}
