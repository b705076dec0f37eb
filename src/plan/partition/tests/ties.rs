//! Files that are divided by their ties.

use std::collections::BTreeSet;

use super::item;
use crate::plan::partition::input::{Item, OwnerRule, PartitionInput, Tie};
use crate::plan::partition::partition;

/// The units of files of 1,000 bytes each, with these ties.
fn tied(paths: &[String], pairs: &[(usize, usize)], range: &str) -> Vec<Vec<usize>> {
    let items: Vec<Item<'_>> = paths.iter().map(|path| item(path, 1_000, None)).collect();
    let ties: Vec<Tie> = pairs
        .iter()
        .map(|&(a, b)| Tie {
            a,
            b,
            weight: 1_000,
        })
        .collect();
    let input = PartitionInput {
        items: &items,
        ties: &ties,
        packages: &BTreeSet::new(),
        owners: OwnerRule::Preferred,
    };
    partition(&input, range.parse().unwrap())
}

/// `folders` folders with `files` files each.
fn grid(folders: usize, files: usize) -> Vec<String> {
    (0..folders)
        .flat_map(|folder| (0..files).map(move |file| format!("d{folder}/{file:02}")))
        .collect()
}

#[test]
fn tied_files_are_in_one_unit_across_folders() {
    let paths = grid(3, 10);
    // In all folders together, the files 00 to 04 import each other, and so do 05 to 09.
    let pairs: Vec<(usize, usize)> = (0..30)
        .flat_map(|a| (0..30).map(move |b| (a, b)))
        .filter(|&(a, b)| a < b && (a % 10 < 5) == (b % 10 < 5))
        .collect();
    for unit in tied(&paths, &pairs, "2") {
        assert_eq!(unit.len(), 15);
        assert!(
            unit.iter()
                .all(|file| (file % 10 < 5) == (unit[0] % 10 < 5)),
            "{unit:?}"
        );
    }
}

#[test]
fn a_folder_is_not_split_for_one_tie() {
    let paths = grid(4, 6);
    // Each folder is a ring, and one file of each is tied to the next folder as well.
    let pairs: Vec<(usize, usize)> = (0..24)
        .map(|file| (file, file / 6 * 6 + (file + 1) % 6))
        .chain((0..3).map(|folder| (folder * 6, folder * 6 + 7)))
        .collect();
    let units = tied(&paths, &pairs, "4");
    for (folder, unit) in units.iter().enumerate() {
        assert_eq!(*unit, (folder * 6..folder * 6 + 6).collect::<Vec<_>>());
    }
}

#[test]
fn the_number_of_units_follows_the_ties() {
    // Nine shares of work in seven islands.
    let paths = grid(7, 15);
    let pairs: Vec<(usize, usize)> = (0..105)
        .map(|file| (file, file / 15 * 15 + (file + 1) % 15))
        .collect();
    let units = tied(&paths, &pairs, "5-30");
    assert_eq!(units.len(), 7, "{units:?}");
    assert!(units.iter().all(|unit| unit.len() == 15));
    assert_eq!(tied(&paths, &pairs, "9").len(), 9);
}

#[test]
fn folders_decide_if_few_files_are_tied() {
    let paths = grid(4, 6);
    let few: Vec<(usize, usize)> = (0..5).map(|file| (file, file + 12)).collect();
    assert_eq!(tied(&paths, &few, "4"), tied(&paths, &[], "4"));
}

#[test]
fn files_that_share_a_name_stay_together_despite_other_ties() {
    let mut paths: Vec<String> = (0..40).map(|at| format!("f{at:02}.ts")).collect();
    paths.extend((0..40).map(|at| format!("f{at:02}.test.ts")));
    // Each test is tied to another file than the one it is named after.
    let pairs: Vec<(usize, usize)> = (0..40)
        .flat_map(|at| [(at, (at + 1) % 40), (at + 40, (at + 20) % 40)])
        .collect();
    for unit in tied(&paths, &pairs, "4") {
        assert!(unit.iter().all(|&file| unit.contains(&((file + 40) % 80))));
    }
}
