use std::collections::{BTreeSet, HashMap, HashSet};

use proptest::prelude::*;

use super::atom::{FILE, MOST_BYTES};
use super::*;
use crate::plan::claim::fold;

fn item(path: &str, bytes: u64, owner: Option<u32>) -> Item<'_> {
    Item { path, bytes, owner }
}

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
fn folders_stay_whole_where_the_balance_lets_them() {
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
fn a_package_is_not_cut_where_its_border_is_near() {
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
fn more_units_than_asked_for_at_least_are_made_where_each_is_then_one_folder() {
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
fn a_folder_is_cut_rather_than_mixed_with_a_piece_of_another() {
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
fn crumbs_are_gathered_though_a_large_folder_stands_between_them() {
    let large: Vec<String> = (0..10).map(|file| format!("b/{file}")).collect();
    let mut paths: Vec<&str> = large.iter().map(String::as_str).collect();
    paths.extend(["README", "a/1", "a/2", "c/1", "c/2", "d/1"]);
    assert_eq!(
        cut(&paths, &[], "2"),
        ["a/1 a/2 c/1 c/2 d/1 README", &large.join(" ")]
    );
}

#[test]
fn files_that_share_a_name_stay_together_where_their_folder_is_cut() {
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
fn a_module_stands_with_the_folder_of_its_name() {
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
fn an_exact_number_is_kept_to_whatever_the_folders_are() {
    let paths = [
        "a/1", "a/2", "a/b/1", "a/b/c/1", "a/b/c/2", "d/1", "e", "f", "g",
    ];
    for units in 1..=paths.len() {
        assert_eq!(cut(&paths, &["a"], &units.to_string()).len(), units);
    }
}

#[test]
fn very_many_files_are_cut_into_enough_units_and_no_folder_needlessly() {
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
fn a_giant_does_not_starve_the_others() {
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
fn owners_are_kept_apart_where_this_is_asked_for() {
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
fn names_that_differ_only_in_case_stay_together_whoever_owns_them() {
    let files = [("README", Some(1)), ("readme", Some(2))];
    assert_eq!(owned(&files, OwnerRule::Separate, "2"), ["README readme"]);
}

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
fn what_is_tied_is_in_one_unit_though_its_folders_are_not() {
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
fn a_folder_is_not_torn_apart_for_a_tie() {
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
fn the_number_of_units_follows_what_holds_together() {
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
fn folders_decide_where_few_files_are_tied() {
    let paths = grid(4, 6);
    let few: Vec<(usize, usize)> = (0..5).map(|file| (file, file + 12)).collect();
    assert_eq!(tied(&paths, &few, "4"), tied(&paths, &[], "4"));
}

#[test]
fn files_that_share_a_name_stay_together_whatever_they_are_tied_to() {
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

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..200_000_u64, Just(u64::MAX), any::<u64>()]
}

/// Files, ties between them, and how to divide them.
#[derive(Debug)]
struct Case {
    files: Vec<(String, u64, Option<u32>)>,
    ties: Vec<Tie>,
    range: UnitRange,
    owners: OwnerRule,
}

impl Case {
    /// The units when the files and ties come in another order.
    fn units(&self, order: &[usize], rng: &mut fastrand::Rng) -> Vec<Vec<usize>> {
        let files: Vec<&(String, u64, Option<u32>)> =
            order.iter().map(|&file| &self.files[file]).collect();
        let items: Vec<Item<'_>> = files
            .iter()
            .map(|(path, bytes, owner)| item(path, *bytes, *owner))
            .collect();
        let mut places = vec![0; order.len()];
        for (place, &file) in order.iter().enumerate() {
            places[file] = place;
        }
        let mut ties: Vec<Tie> = self
            .ties
            .iter()
            .map(|tie| Tie {
                a: places[tie.b],
                b: places[tie.a],
                weight: tie.weight,
            })
            .collect();
        rng.shuffle(&mut ties);
        let packages = BTreeSet::from(["a".to_owned()]);
        let input = PartitionInput {
            items: &items,
            ties: &ties,
            packages: &packages,
            owners: self.owners,
        };
        partition(&input, self.range)
            .into_iter()
            .map(|unit| unit.into_iter().map(|place| order[place]).collect())
            .collect()
    }

    fn check(&self, seed: u64) -> Result<(), TestCaseError> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut order: Vec<usize> = (0..self.files.len()).collect();
        let units = self.units(&order, &mut rng);
        let mut all: Vec<usize> = units.concat();
        all.sort_unstable();
        prop_assert_eq!(&all, &order);
        prop_assert!(units.iter().all(|unit| !unit.is_empty()));
        rng.shuffle(&mut order);
        prop_assert_eq!(&self.units(&order, &mut rng), &units);

        let items: Vec<Item<'_>> = self
            .files
            .iter()
            .map(|(path, bytes, owner)| item(path, *bytes, *owner))
            .collect();
        let atoms = atom::atoms(&items);
        let groups: HashSet<Option<u32>> = atoms.iter().map(|atom| atom.owner).collect();
        let groups = match self.owners {
            OwnerRule::Separate => groups.len(),
            OwnerRule::Preferred => 1,
        };
        prop_assert!(units.len() <= self.range.max().max(groups));
        prop_assert!(units.len() >= self.range.min().min(atoms.len()));

        let folded = |unit: &Vec<usize>| -> HashSet<String> {
            unit.iter().map(|&file| fold(&self.files[file].0)).collect()
        };
        for (index, unit) in units.iter().enumerate() {
            for other in &units[index + 1..] {
                prop_assert!(folded(unit).is_disjoint(&folded(other)));
            }
        }
        match self.owners {
            OwnerRule::Separate => {
                let owner_of: HashMap<usize, Option<u32>> = atoms
                    .iter()
                    .flat_map(|atom| atom.files.iter().map(|&file| (file, atom.owner)))
                    .collect();
                for unit in &units {
                    prop_assert!(unit.iter().all(|file| owner_of[file] == owner_of[&unit[0]]));
                }
                Ok(())
            }
            OwnerRule::Preferred => self.check_balance(&units, &items, atoms),
        }
    }

    fn check_balance(
        &self,
        units: &[Vec<usize>],
        items: &[Item<'_>],
        mut atoms: Vec<atom::Atom>,
    ) -> Result<(), TestCaseError> {
        let count = units.len() as u64;
        if count == 0 {
            return Ok(());
        }
        let weigh = |unit: &Vec<usize>| -> u64 {
            unit.iter()
                .map(|&file| items[file].bytes.min(MOST_BYTES) + FILE)
                .sum()
        };
        let input = PartitionInput {
            items,
            ties: &self.ties,
            packages: &BTreeSet::new(),
            owners: self.owners,
        };
        let total: u64 = atoms.iter().map(|atom| atom.weight).sum();
        let heaviest = atoms.iter().map(|atom| atom.weight).max().unwrap_or(0);
        if Ties::among(&atoms, &input).is_some() {
            // Every atom is so light that the bounds can always hold.
            if heaviest * count * 10 <= total {
                for unit in units {
                    prop_assert!(weigh(unit) * count * 10 <= total * 11 + count * 10);
                    prop_assert!(weigh(unit) * count * 10 >= total * 7);
                }
            }
            // Apart from giants, no unit weighs more than the mean plus the heaviest of the others.
            let weights = atoms.iter_mut().map(|atom| &mut atom.weight);
            atom::cap_giants(weights, units.len(), 110);
            let capped: HashMap<usize, u64> = atoms
                .iter()
                .filter_map(|atom| Some((*atom.files.first()?, atom.weight)))
                .collect();
            let total: u64 = capped.values().sum();
            let heaviest = capped.values().max().copied().unwrap_or(0);
            for unit in units {
                let weight: u64 = unit.iter().filter_map(|file| capped.get(file)).sum();
                prop_assert!(weight <= (total / count + heaviest + 1).max(total / count * 11 / 10));
            }
        } else if heaviest * 4 <= total / count * 3 {
            for unit in units {
                prop_assert!(weigh(unit) <= total / count * 7 / 4 + 3);
            }
        }
        Ok(())
    }
}

fn range() -> impl Strategy<Value = UnitRange> {
    (1..40_usize, 0..40_usize).prop_map(|(min, more)| UnitRange::new(min, min + more).unwrap())
}

fn owners() -> impl Strategy<Value = (Vec<Option<u32>>, OwnerRule)> {
    let each = proptest::option::of(0..4_u32);
    let rule = prop_oneof![Just(OwnerRule::Preferred), Just(OwnerRule::Separate)];
    (proptest::collection::vec(each, 200), rule)
}

/// The files with their owners.
fn with_owners(
    files: impl IntoIterator<Item = (String, u64)>,
    owners: Vec<Option<u32>>,
) -> Vec<(String, u64, Option<u32>)> {
    let owned = files.into_iter().zip(owners);
    owned
        .map(|((path, bytes), owner)| (path, bytes, owner))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_files_are_partitioned_within_the_range_and_the_balance(
        files in proptest::collection::btree_map("([abAé]/){0,3}[a-eA]{1,3}", size(), 0..120),
        small in proptest::collection::btree_map("[ab]/[a-z]{4}", 0..3000_u64, 0..200),
        only_small in any::<bool>(),
        (each, owners) in owners(),
        range in range(),
        seed in any::<u64>(),
    ) {
        let files = with_owners(if only_small { small } else { files }, each);
        Case { files, ties: Vec::new(), range, owners }.check(seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_ties_are_heeded_within_the_range_and_the_balance(
        files in proptest::collection::btree_map("([abA]/){0,3}[a-eA]{1,2}", size(), 2..60),
        small in proptest::collection::btree_map("[ab]/[a-f]{2}", 0..3000_u64, 2..60),
        only_small in any::<bool>(),
        ties in proptest::collection::vec(
            (any::<usize>(), any::<usize>(), prop_oneof![0..2000_u32, any::<u32>()]),
            0..200,
        ),
        (each, owners) in owners(),
        range in range(),
        seed in any::<u64>(),
    ) {
        let files = with_owners(if only_small { small } else { files }, each);
        let ties = ties
            .into_iter()
            .map(|(a, b, weight)| Tie { a: a % files.len(), b: b % files.len(), weight })
            .collect();
        Case { files, ties, range, owners }.check(seed)?;
    }
}
