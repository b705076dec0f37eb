//! Cuts a list of files into units: kept together by folder and package, balanced by weight.
//!
//! Pure over names and sizes: it knows nothing of git, of globs or of what will be done to the files. The same files
//! give the same units, in whatever order they come.
//!
//! The files are laid out by path, so that every folder is one stretch, and then cut into stretches. Every place
//! between two files has a price (see `prices`), and the cheapest set of cuts that keeps the balance wins.
//!
//! **Balance.** A unit weighs between 0.6 and 1.25 times the mean, wherever no group of files that must stay together
//! weighs more than a quarter of the mean. Where heavier ones make this impossible the bounds are loosened in steps.
//! A group that alone is above the upper bound counts as one mean unit of work, and the others share the rest.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::claim::fold;
use crate::config::UnitRange;

/// A file to put into a unit.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub path: &'a str,
    pub bytes: u64,
}

/// The number of units for so much work: about twelve files or 60 kB each, whichever makes more units.
fn choose(range: UnitRange, files: usize, bytes: u64) -> usize {
    let by_bytes = usize::try_from(bytes.div_ceil(60_000)).unwrap_or(usize::MAX);
    files
        .div_ceil(12)
        .max(by_bytes)
        .clamp(range.min(), range.max())
}

/// What a file costs to work on besides its bytes: opening, understanding and checking it.
const FILE: u64 = 2_000;
/// A terabyte. Sizes above it count as this much, so that sums cannot overflow.
const MOST_BYTES: u64 = 1 << 40;

/// Files that must stay together, because some file system takes their names for one.
#[derive(Debug)]
struct Atom {
    /// The folded path with a separator that sorts before every other character, so that folders are contiguous.
    key: String,
    files: Vec<usize>,
    weight: u64,
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
    let atoms = atoms(items);
    let bytes = items
        .iter()
        .fold(0_u64, |sum, item| sum.saturating_add(item.bytes));
    let units = choose(range, items.len(), bytes).min(atoms.len());
    let weights = effective_weights(&atoms, units);
    let prices = prices(&atoms, packages);
    let mut ends = cut(&weights, &prices, units);
    ends.push(atoms.len());
    let mut start = 0;
    ends.into_iter()
        .map(|end| {
            let files = atoms[start..end]
                .iter()
                .flat_map(|atom| atom.files.iter().copied())
                .collect();
            start = end;
            files
        })
        .filter(|files: &Vec<usize>| !files.is_empty())
        .collect()
}

fn atoms(items: &[Item<'_>]) -> Vec<Atom> {
    let mut files: Vec<(String, usize)> = items
        .iter()
        .enumerate()
        .map(|(index, item)| (fold(item.path).replace('/', "\0"), index))
        .collect();
    files.sort_by(|(left, a), (right, b)| {
        left.cmp(right)
            .then_with(|| items[*a].path.cmp(items[*b].path))
    });
    let mut atoms: Vec<Atom> = Vec::new();
    for (key, index) in files {
        let weight = items[index].bytes.min(MOST_BYTES) + FILE;
        match atoms.last_mut().filter(|atom| atom.key == key) {
            Some(atom) => {
                atom.files.push(index);
                atom.weight += weight;
            }
            None => atoms.push(Atom {
                key,
                files: vec![index],
                weight,
            }),
        }
    }
    atoms
}

/// The upper bound of a unit's weight for a mean; two more, because the mean is rounded down.
fn upper(mean: u64) -> u64 {
    mean * 5 / 4 + 2
}

/// The atoms' weights, where those too heavy for any unit count as the mean of the others.
fn effective_weights(atoms: &[Atom], units: usize) -> Vec<u64> {
    let mut weights: Vec<u64> = atoms.iter().map(|atom| atom.weight).collect();
    let (mut rest, mut left) = (weights.iter().sum::<u64>(), units as u64);
    let mut heaviest_first: Vec<usize> = (0..atoms.len()).collect();
    heaviest_first.sort_by_key(|&atom| std::cmp::Reverse(atoms[atom].weight));
    let mut heavy = 0;
    while left > 1 && atoms[heaviest_first[heavy]].weight > upper(rest / left) {
        rest -= atoms[heaviest_first[heavy]].weight;
        left -= 1;
        heavy += 1;
    }
    for &atom in &heaviest_first[..heavy] {
        weights[atom] = rest / left;
    }
    weights
}

/// What a cut before each atom costs: dearest inside a folder, cheap between folders of a package, cheapest between
/// packages; and the dearer the deeper the folder is that is cut apart. Nothing before the first atom.
fn prices(atoms: &[Atom], packages: &BTreeSet<String>) -> Vec<u64> {
    let packages: HashSet<String> = packages
        .iter()
        .map(|folder| fold(folder).replace('/', "\0"))
        .collect();
    let package_of = |folder: &str| {
        std::iter::successors(Some(folder.len()), |&end| folder[..end].rfind('\0'))
            .find(|&end| packages.contains(&folder[..end]))
            .unwrap_or(0)
    };
    let folder_of = |atom: &Atom| atom.key.rfind('\0').unwrap_or(0);
    let mut prices = vec![0; atoms.len()];
    for index in 1..atoms.len() {
        let (left, right) = (&atoms[index - 1], &atoms[index]);
        let (left, right) = (&left.key[..folder_of(left)], &right.key[..folder_of(right)]);
        let shared = left
            .split('\0')
            .zip(right.split('\0'))
            .take_while(|(a, b)| a == b && !a.is_empty())
            .count() as u64;
        let same_folder = u64::from(left == right);
        let same_package = u64::from(left[..package_of(left)] == right[..package_of(right)]);
        prices[index] = 64 * same_package + 32 * same_folder + shared.min(31);
    }
    prices
}

/// Where to cut into so many units: the loosest bounds always find an answer.
fn cut(weights: &[u64], prices: &[u64], units: usize) -> Vec<usize> {
    if units <= 1 {
        return Vec::new();
    }
    let mean = weights.iter().sum::<u64>() / units as u64;
    let bounds = [
        (mean * 3 / 5, upper(mean)),
        (mean / 2, mean * 3 / 2),
        (mean * 3 / 10, mean * 7 / 4),
        (0, mean * 9 / 4 + 2),
    ];
    bounds
        .into_iter()
        .find_map(|(least, most)| cheapest(weights, prices, units, least, most))
        .or_else(|| cheapest(weights, prices, units, 0, u64::MAX))
        .unwrap_or_else(|| (1..units).collect())
}

/// The cheapest cuts that keep every unit's weight within the bounds.
///
/// `best[end]` is the least price of making the first `end` atoms into so many units. From one number of units to the
/// next, the possible last cuts for a growing `end` are a window that only moves forward, and a queue of rising prices
/// holds its minimum: O(atoms) a unit.
fn cheapest(
    weights: &[u64],
    prices: &[u64],
    units: usize,
    least: u64,
    most: u64,
) -> Option<Vec<usize>> {
    const NEVER: u64 = u64::MAX;
    let atoms = weights.len();
    let mut before = vec![0_u64];
    for weight in weights {
        before.push(before[before.len() - 1] + weight);
    }
    let mean = (before[atoms] / units as u64).max(1);
    let mut best = vec![NEVER; atoms + 1];
    best[0] = 0;
    let mut cuts: Vec<Vec<u32>> = Vec::with_capacity(units);
    for made in 0..units {
        let mut next = vec![NEVER; atoms + 1];
        let mut from = vec![0_u32; atoms + 1];
        let mut window: VecDeque<(usize, u64)> = VecDeque::new();
        let mut entering = made;
        for end in made + 1..=atoms {
            while entering < end && before[end] - before[entering] >= least {
                if best[entering] != NEVER {
                    let ideal = before[atoms] / units as u64 * made as u64;
                    // Where many cuts cost the same, the one nearest to an even share is best.
                    let drift =
                        (before[entering].abs_diff(ideal).saturating_mul(16) / mean).min(63);
                    let price = match entering {
                        0 => 0,
                        _ => prices[entering] * 64 + drift,
                    };
                    let total = best[entering] + price;
                    while window.back().is_some_and(|&(_, worse)| worse > total) {
                        window.pop_back();
                    }
                    window.push_back((entering, total));
                }
                entering += 1;
            }
            while window
                .front()
                .is_some_and(|&(start, _)| before[end] - before[start] > most)
            {
                window.pop_front();
            }
            if let Some(&(start, total)) = window.front() {
                next[end] = total;
                from[end] = u32::try_from(start).ok()?;
            }
        }
        best = next;
        cuts.push(from);
    }
    if best[atoms] == NEVER {
        return None;
    }
    let mut end = atoms;
    let mut ends: Vec<usize> = cuts
        .iter()
        .skip(1)
        .rev()
        .map(|from| {
            end = from[end] as usize;
            end
        })
        .collect();
    ends.reverse();
    Some(ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units_of(files: &[(&str, u64)], packages: &[&str], range: &str) -> Vec<Vec<String>> {
        let items: Vec<Item<'_>> = files
            .iter()
            .map(|&(path, bytes)| Item { path, bytes })
            .collect();
        let packages = packages.iter().map(ToString::to_string).collect();
        partition(&items, &packages, range.parse().unwrap())
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

    fn size() -> impl Strategy<Value = u64> {
        prop_oneof![Just(0), 0..200_000_u64, Just(u64::MAX), any::<u64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn any_files_are_partitioned_within_the_range_and_the_balance(
            files in proptest::collection::btree_map("([abAé]/){0,3}[a-eA]{1,3}", size(), 0..120),
            small in proptest::collection::btree_map("[ab]/[a-z]{4}", 0..3000_u64, 0..200),
            only_small in any::<bool>(),
            (min, more) in (1..40_usize, 0..40_usize),
            seed in any::<u64>(),
        ) {
            let files: Vec<(String, u64)> = if only_small { small } else { files }.into_iter().collect();
            let range = UnitRange::new(min, min + more).unwrap();
            let packages = BTreeSet::from(["a".to_owned()]);
            let items: Vec<Item<'_>> =
                files.iter().map(|(path, bytes)| Item { path, bytes: *bytes }).collect();
            let units = partition(&items, &packages, range);

            let mut all: Vec<usize> = units.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..items.len()).collect::<Vec<_>>());
            prop_assert!(units.iter().all(|unit| !unit.is_empty()));
            let atoms = atoms(&items);
            prop_assert!(units.len() <= range.max());
            prop_assert!(units.len() >= range.min().min(atoms.len()));

            let folded = |unit: &Vec<usize>| -> HashSet<String> {
                unit.iter().map(|&i| fold(items[i].path)).collect()
            };
            for (index, unit) in units.iter().enumerate() {
                for other in &units[index + 1..] {
                    prop_assert!(folded(unit).is_disjoint(&folded(other)));
                }
            }

            let mut order: Vec<usize> = (0..items.len()).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut order);
            let shuffled: Vec<Item<'_>> = order.iter().map(|&i| items[i]).collect();
            let again: Vec<Vec<usize>> = partition(&shuffled, &packages, range)
                .into_iter()
                .map(|unit| unit.into_iter().map(|i| order[i]).collect())
                .collect();
            prop_assert_eq!(&again, &units);

            let count = units.len() as u64;
            let total: u64 = atoms.iter().map(|atom| atom.weight).sum();
            let heaviest = atoms.iter().map(|atom| atom.weight).max().unwrap_or(0);
            if count > 0 && heaviest * 4 <= total / count {
                for unit in &units {
                    let weight: u64 =
                        unit.iter().map(|&i| items[i].bytes.min(MOST_BYTES) + FILE).sum();
                    prop_assert!(weight <= upper(total / count));
                    prop_assert!(weight >= total / count * 3 / 5);
                }
            }
        }
    }
}
