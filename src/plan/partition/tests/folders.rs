//! Files that are divided by their folders and owners.

use std::collections::BTreeSet;

use super::item;
use crate::plan::partition::input::{Item, OwnerRule, PartitionInput};
use crate::plan::partition::partition;

fn units_of(files: &[(&str, u64)], packages: &[&str], range: &str) -> Vec<Vec<String>> {
    let items: Vec<Item<'_>> = files
        .iter()
        .map(|&(path, bytes)| item(path, bytes, None))
        .collect();
    let packages = packages.iter().map(ToString::to_string).collect();
    let input = PartitionInput {
        items: &items,
        ties: &[],
        packages: &packages,
        owners: OwnerRule::Preferred,
    };
    partition(&input, range.parse().unwrap())
        .into_iter()
        .map(|unit| unit.into_iter().map(|i| items[i].path.to_owned()).collect())
        .collect()
}

#[test]
fn folders_stay_whole_if_the_balance_allows_it() {
    let files = [
        ("b/1", 1),
        ("a/2", 1),
        ("a/1", 1),
        ("a/3", 1),
        ("b/2", 1),
        ("c/1", 1),
        ("c/2", 1),
        ("c/3", 1),
    ];
    assert_eq!(
        units_of(&files, &[], "3"),
        [
            vec!["a/1", "a/2", "a/3"],
            vec!["b/1", "b/2"],
            vec!["c/1", "c/2", "c/3"]
        ]
    );
}

#[test]
fn a_package_is_not_cut_near_its_border() {
    let files = [
        ("p/a/1", 1),
        ("p/b/1", 1),
        ("p/b/2", 1),
        ("p/c/1", 1),
        ("p/c/2", 1),
        ("q/a/1", 1),
        ("q/b/1", 1),
        ("q/b/2", 1),
        ("q/c/1", 1),
    ];
    let units = units_of(&files, &["p", "q"], "2");
    assert!(units[0].iter().all(|path| path.starts_with("p/")));
    assert_eq!(units[0].len(), 5);
}

/// Cuts files of one byte each, and returns the paths of each unit.
fn cut(paths: &[&str], packages: &[&str], range: &str) -> Vec<String> {
    let files: Vec<(&str, u64)> = paths.iter().map(|path| (*path, 1)).collect();
    units_of(&files, packages, range)
        .into_iter()
        .map(|unit| unit.join(" "))
        .collect()
}

#[test]
fn there_are_more_units_than_the_minimum_if_each_is_one_folder() {
    let folders = [
        "clients", "core", "deploy", "device", "docs", "tools", "web",
    ];
    let paths: Vec<String> = folders
        .iter()
        .flat_map(|folder| (1..=5).map(move |file| format!("{folder}/{file}")))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let units = cut(&paths, &[], "5-30");
    assert_eq!(units.len(), folders.len(), "{units:#?}");
    for (unit, folder) in units.iter().zip(folders) {
        assert!(unit.split(' ').all(|path| path.starts_with(folder)));
    }
}

#[test]
fn a_folder_is_cut_rather_than_mixed_with_another() {
    let paths = [
        "a/1", "a/2", "a/3", "b/1", "b/2", "b/3", "c/1", "c/2", "c/3",
    ];
    for unit in cut(&paths, &[], "5-30") {
        let folder = &unit[..2];
        assert!(
            unit.split(' ').all(|path| path.starts_with(folder)),
            "{unit}"
        );
    }
}

#[test]
fn small_folders_are_gathered_across_a_large_one() {
    let large: Vec<String> = (0..10).map(|file| format!("b/{file}")).collect();
    let mut paths: Vec<&str> = large.iter().map(String::as_str).collect();
    paths.extend(["README", "a/1", "a/2", "c/1", "c/2", "d/1"]);
    assert_eq!(
        cut(&paths, &[], "2"),
        ["a/1 a/2 c/1 c/2 d/1 README", &large.join(" ")]
    );
}

#[test]
fn files_that_share_a_name_stay_together_in_a_cut_folder() {
    let paths = [
        "a.ts",
        "b.css",
        "b.test.ts",
        "b.ts",
        "c.ts",
        "d.ts",
        "e.ts",
        "f.ts",
    ];
    assert_eq!(
        cut(&paths, &[], "4"),
        ["a.ts", "b.css b.test.ts b.ts", "c.ts d.ts", "e.ts f.ts"]
    );
}

#[test]
fn a_module_is_with_the_folder_of_its_name() {
    let paths = [
        "src/a.rs",
        "src/b.rs",
        "src/lex.rs",
        "src/lex/1.rs",
        "src/lex/2.rs",
        "src/z.rs",
    ];
    assert_eq!(
        cut(&paths, &[], "2"),
        [
            "src/a.rs src/b.rs src/z.rs",
            "src/lex/1.rs src/lex/2.rs src/lex.rs"
        ]
    );
}

#[test]
fn an_exact_number_of_units_is_kept() {
    let paths = [
        "a/1", "a/2", "a/b/1", "a/b/c/1", "a/b/c/2", "d/1", "e", "f", "g",
    ];
    for units in 1..=paths.len() {
        assert_eq!(cut(&paths, &["a"], &units.to_string()).len(), units);
    }
}

#[test]
fn many_files_are_cut_into_enough_units_along_folders() {
    let paths: Vec<String> = (0..20_000)
        .map(|file| format!("d{:02}/{}/{file}", file % 25, file % 7))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(cut(&paths, &[], "25").len(), 25);
    for unit in cut(&paths, &[], "5-30") {
        let folder = &unit[..4];
        assert!(unit.split(' ').all(|path| path.starts_with(folder)));
    }
    assert_eq!(cut(&paths, &[], "500").len(), 500);
}

#[test]
fn names_that_differ_only_in_case_stay_together() {
    let files = [("a", 1), ("README", 1), ("readme", 1), ("z", 1)];
    assert_eq!(
        units_of(&files, &[], "30"),
        [vec!["a"], vec!["README", "readme"], vec!["z"]]
    );
}

#[test]
fn a_giant_file_does_not_affect_the_other_units() {
    let names: Vec<String> = (0..40).map(|i| format!("f{i:02}")).collect();
    let files: Vec<(&str, u64)> = names
        .iter()
        .map(|name| (name.as_str(), if name == "f20" { 9_000_000 } else { 100 }))
        .collect();
    let sizes: Vec<usize> = units_of(&files, &[], "5").iter().map(Vec::len).collect();
    assert_eq!(sizes.len(), 5);
    assert!(sizes.iter().all(|&files| files <= 14), "{sizes:?}");
}

#[test]
fn the_amount_of_work_chooses_the_number_of_units() {
    let names: Vec<String> = (0..120).map(|i| format!("f{i}")).collect();
    let count = |bytes| {
        let files: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), bytes)).collect();
        units_of(&files, &[], "5-30").len()
    };
    assert_eq!(count(100), 10);
    assert_eq!(count(10_000), 20);
    assert_eq!(count(1_000_000), 30);
    assert_eq!(units_of(&[("a", 1), ("b", 1)], &[], "5-30").len(), 2);
    assert!(units_of(&[], &[], "5-30").is_empty());
}

/// The units of files with these owners.
fn owned(files: &[(&str, Option<u32>)], owners: OwnerRule, range: &str) -> Vec<String> {
    let items: Vec<Item<'_>> = files
        .iter()
        .map(|&(path, owner)| item(path, 1, owner))
        .collect();
    let input = PartitionInput {
        items: &items,
        ties: &[],
        packages: &BTreeSet::new(),
        owners,
    };
    partition(&input, range.parse().unwrap())
        .into_iter()
        .map(|unit| {
            let paths: Vec<&str> = unit.into_iter().map(|i| items[i].path).collect();
            paths.join(" ")
        })
        .collect()
}

#[test]
fn owners_are_kept_apart_on_request() {
    let files = [
        ("a/1", Some(7)),
        ("a/2", Some(7)),
        ("a/3", Some(2)),
        ("a/4", None),
        ("b/1", Some(7)),
    ];
    assert_eq!(
        owned(&files, OwnerRule::Separate, "1-3"),
        ["a/1 a/2 b/1", "a/3", "a/4"]
    );
    assert_eq!(owned(&files, OwnerRule::Separate, "1").len(), 3);
    assert_eq!(owned(&files, OwnerRule::Separate, "4").len(), 4);
    assert_eq!(owned(&files, OwnerRule::Preferred, "1").len(), 1);
}

#[test]
fn folders_of_one_owner_are_gathered_before_those_of_several() {
    let of_one = ["a/1", "b/1", "c/1"];
    for first in [2, 3] {
        let files = ["a/1", "b/1", "c/1", "d/1", "e/1"];
        let files: Vec<(&str, Option<u32>)> = (0..5)
            .map(|at| (files[at], Some(u32::from(at < first))))
            .collect();
        let units = owned(&files, OwnerRule::Preferred, "2");
        assert_eq!(units[0], of_one[..first].join(" "));
    }
}

#[test]
fn names_that_differ_only_in_case_stay_together_across_owners() {
    let files = [("README", Some(1)), ("readme", Some(2))];
    assert_eq!(owned(&files, OwnerRule::Separate, "2"), ["README readme"]);
}
