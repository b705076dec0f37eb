//! Lays the files out in a row to be cut: which files are neighbours, and what a cut between two neighbours costs.
//!
//! In the row, the loose files of a folder come first, then its small folders, then its large ones, each by name. So
//! every folder is one stretch, and small pieces of a folder are neighbours that can be gathered into one unit.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::plan::partition::atom::{Atom, FILE, ancestors, sortable};

/// The cost of a cut between two folders of one package and owner.
const FOLDERS: u64 = 300;
/// The cost of a cut between two files of one folder.
const FILES: u64 = 2_000;
/// The additional cost of a cut between files that share a name, such as `form.ts` and `form.test.ts`.
const FAMILY: u64 = 4_000;
/// Deeper cuts cost more, but only enough to decide between equals.
const DEPTH: u64 = 20;

/// Up to this many atoms, each is a cell of its own.
const FEW: usize = 600;
/// The approximate maximum number of cells. A few more are possible, because cells do not fill up completely.
const MANY: u64 = 4_000;

/// One or several neighbours of the row that no cut separates.
#[derive(Debug)]
pub(super) struct Cell {
    pub(crate) atoms: Range<usize>,
    pub(crate) weight: u64,
    /// The cost of a cut before the cell.
    pub(crate) price: u64,
    /// The level of the deepest folder that holds both the cell and the one before it; the root has level 1.
    pub(crate) shared: usize,
    /// The level of the deepest folder that holds the whole cell.
    pub(crate) common: usize,
    /// The level of the deepest folder in the cell.
    pub(crate) deepest: usize,
}

/// Sorts the atoms into the order of the row.
pub(super) fn arrange(atoms: Vec<Atom>, share: u64) -> Vec<Atom> {
    let mut weights: HashMap<&str, u64> = HashMap::new();
    for atom in &atoms {
        for folder in ancestors(&atom.folder) {
            *weights.entry(folder).or_default() += atom.weight;
        }
    }
    let is_small = |folder: &str| {
        weights
            .get(folder)
            .is_some_and(|weight| weight * 5 < share * 2)
    };
    let places: Vec<String> = atoms.iter().map(|atom| place(atom, is_small)).collect();
    let mut row: Vec<(String, Atom)> = places.into_iter().zip(atoms).collect();
    // The sort is stable, and atoms come by path, so they stay sorted within their folder.
    row.sort_by(|(a, _), (b, _)| a.cmp(b));
    row.into_iter().map(|(_, atom)| atom).collect()
}

/// Returns a sort key: the atom's folder with a rank before each name. The files named like the folder come first.
fn place(atom: &Atom, is_small: impl Fn(&str) -> bool) -> String {
    let mut place = String::new();
    let mut end = 0;
    for name in atom.folder.split('\0').filter(|name| !name.is_empty()) {
        end += name.len() + usize::from(end > 0);
        let rank = if is_small(&atom.folder[..end]) {
            '\u{2}'
        } else {
            '\u{3}'
        };
        place.push(rank);
        place.push_str(name);
        place.push('\0');
    }
    place.push(if *atom.home() == *atom.folder {
        '\u{1}'
    } else {
        '\0'
    });
    place
}

/// Returns the level of a folder; the root has level 1.
fn level(folder: &str) -> usize {
    match folder {
        "" => 1,
        folder => folder.matches('\0').count() + 2,
    }
}

/// Returns the cells of the row. Many files are joined into cells that are small compared with a share, so that the
/// time to cut grows with the number of units and not of files. There are always enough cells for `units`.
pub(super) fn cells(
    atoms: &[Atom],
    packages: &BTreeSet<String>,
    share: u64,
    units: usize,
) -> Vec<Cell> {
    let packages: HashSet<String> = packages.iter().map(|folder| sortable(folder)).collect();
    let singles: Vec<Cell> = (0..atoms.len())
        .map(|at| {
            let (shared, price) = match at {
                0 => (0, 0),
                at => border(&atoms[at - 1], &atoms[at], &packages),
            };
            let level = level(&atoms[at].folder);
            Cell {
                atoms: at..at + 1,
                weight: atoms[at].weight,
                price,
                shared,
                common: level,
                deepest: level,
            }
        })
        .collect();
    let total: u64 = atoms.iter().map(|atom| atom.weight).sum();
    let mut limit = match atoms.len() {
        0..=FEW => 0,
        _ => (share / 16).max(total / MANY),
    };
    while limit > FILE {
        let mut cells = Vec::new();
        gather(&singles, 1, limit, &mut cells);
        if cells.len() >= units * 4 {
            return cells;
        }
        limit /= 2;
    }
    singles
}

/// Returns the level that two neighbours share, and the cost of a cut between them.
fn border(left: &Atom, right: &Atom, packages: &HashSet<String>) -> (usize, u64) {
    let package = |folder| ancestors(folder).find(|&folder| packages.contains(folder));
    let shared = 1 + left
        .folder
        .split('\0')
        .zip(right.folder.split('\0'))
        .take_while(|(a, b)| a == b && !a.is_empty())
        .count();
    let price = if left.folder == right.folder {
        FILES
            + if left.stem() == right.stem() {
                FAMILY
            } else {
                0
            }
    } else if left.owner == right.owner && package(&left.folder) == package(&right.folder) {
        FOLDERS
    } else {
        0
    };
    (shared, price + DEPTH * shared.min(30) as u64)
}

/// Joins the children of a folder at `level` into cells up to the limit, and descends into heavier children.
fn gather(row: &[Cell], level: usize, limit: u64, cells: &mut Vec<Cell>) {
    let mut open: Option<(Cell, bool)> = None;
    let mut rest = row;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .skip(1)
            .position(|cell| cell.shared <= level)
            .map_or(rest.len(), |next| next + 1);
        let (child, others) = rest.split_at(end);
        rest = others;
        let is_file = child[0].common <= level;
        if child.len() > 1 && child.iter().map(|cell| cell.weight).sum::<u64>() > limit {
            cells.extend(open.take().map(|(cell, _)| cell));
            gather(child, level + 1, limit, cells);
            continue;
        }
        let child = joined(child);
        open = Some(match open {
            Some((cell, files)) if files == is_file && cell.weight + child.weight <= limit => {
                (joined(&[cell, child]), is_file)
            }
            other => {
                cells.extend(other.map(|(cell, _)| cell));
                (child, is_file)
            }
        });
    }
    cells.extend(open.map(|(cell, _)| cell));
}

fn joined(cells: &[Cell]) -> Cell {
    let (first, last) = (&cells[0], &cells[cells.len() - 1]);
    let between = cells[1..].iter().map(|cell| cell.shared);
    Cell {
        atoms: first.atoms.start..last.atoms.end,
        weight: cells.iter().map(|cell| cell.weight).sum(),
        price: first.price,
        shared: first.shared,
        common: between
            .chain(cells.iter().map(|cell| cell.common))
            .min()
            .unwrap_or(1),
        deepest: cells.iter().map(|cell| cell.deepest).max().unwrap_or(1),
    }
}
