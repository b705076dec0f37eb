//! What is never taken apart, where it belongs and what it weighs.
//!
//! A file belongs to its folder, or to the folder beside it that bears its name (`parse.rs` to `parse/`).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::input::Item;
use crate::plan::claim::fold;

/// What a file costs to work on besides its bytes: opening, understanding and checking it.
pub(super) const FILE: u64 = 2_000;
/// A terabyte. Sizes above it count as this much, so that sums cannot overflow.
pub(super) const MOST_BYTES: u64 = 1 << 40;

/// What a file of so many bytes weighs.
pub(in crate::plan) fn cost(bytes: u64) -> u64 {
    bytes.min(MOST_BYTES) + FILE
}

/// Files that must stay together, because some file system takes their names for one.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    /// The folded path as [`sortable`] gives it.
    pub path: Arc<str>,
    /// The folded folder that it belongs to, as [`sortable`] gives it.
    pub folder: Arc<str>,
    pub files: Arc<[usize]>,
    pub weight: u64,
    pub owner: Option<u32>,
}

impl Atom {
    /// The folder in which it is.
    pub fn home(&self) -> &str {
        self.path.rsplit_once('\0').map_or("", |it| it.0)
    }

    pub fn stem(&self) -> &str {
        stem(self.path.rsplit('\0').next().unwrap_or_default())
    }
}

/// A path with a separator that sorts before every other character, so that folders are contiguous.
pub(super) fn sortable(path: &str) -> String {
    fold(path).replace('/', "\0")
}

/// What files that belong together have in common: the name up to its first dot, but for one that it begins with.
pub(in crate::plan) fn stem(name: &str) -> &str {
    let dot = name
        .char_indices()
        .find(|&(at, c)| at > 0 && c == '.')
        .map_or(name.len(), |(at, _)| at);
    &name[..dot]
}

/// The atoms by path, which is also folder by folder.
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

/// Lets what is heavier than any unit should be, which is so many percent of the mean, weigh as much as the mean unit of
/// the others.
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

/// Gives each file to the folder beside it that bears its name, or else to its own.
fn find_folders(atoms: &mut [Atom]) {
    let folders: HashSet<String> = atoms
        .iter()
        .flat_map(|atom| ancestors(atom.home()).map(str::to_owned))
        .collect();
    // Those of one folder stand one after another.
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

/// The folder and all above it but the root, deepest first.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| Some(folder.rsplit_once('\0')?.0))
        .filter(|folder| !folder.is_empty())
}
