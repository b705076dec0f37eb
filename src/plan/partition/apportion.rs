//! Chooses how many units there are, and how many of them each group of files gets where groups are kept apart.

use std::cmp::Reverse;

use super::atom::Atom;
use crate::config::UnitRange;

/// Returns how many units' worth of work there is: about twelve files or 60 kB each, whichever makes more units.
pub(in crate::plan) fn shares(files: usize, bytes: u64) -> usize {
    let by_bytes = usize::try_from(bytes.div_ceil(60_000)).unwrap_or(usize::MAX);
    files.div_ceil(12).max(by_bytes)
}

/// How many units there should be, and the range in which a better number may be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnitCounts {
    pub(crate) fewest: usize,
    pub(crate) target: usize,
    pub(crate) most: usize,
}

impl UnitCounts {
    /// For an amount of work in shares, and a number of atoms.
    fn new(range: UnitRange, shares: usize, atoms: usize) -> Self {
        let target = shares.clamp(range.min(), range.max()).min(atoms);
        Self {
            fewest: (target * 3).div_ceil(4).max(range.min().min(atoms)),
            target,
            most: (target * 2).min(range.max()).min(atoms),
        }
    }
}

/// Returns the counts of each group: at least one unit each, and the others by weight.
pub(super) fn apportion(range: UnitRange, shares: usize, groups: &[Vec<Atom>]) -> Vec<UnitCounts> {
    let atoms = groups.iter().map(Vec::len).sum();
    let numbers = UnitCounts::new(range, shares, atoms);
    let [fewest, target, most] =
        [numbers.fewest, numbers.target, numbers.most].map(|units| seats(units, groups));
    fewest
        .into_iter()
        .zip(target)
        .zip(most)
        .map(|((fewest, target), most)| UnitCounts {
            fewest,
            target,
            most,
        })
        .collect()
}

/// Gives each unit to the group whose units would otherwise be the heaviest. So no group gets fewer units when there
/// are more in total.
fn seats(units: usize, groups: &[Vec<Atom>]) -> Vec<usize> {
    let weights: Vec<u64> = groups
        .iter()
        .map(|atoms| atoms.iter().map(|atom| atom.weight).sum())
        .collect();
    let mut seats = vec![1; groups.len()];
    for _ in groups.len()..units {
        let neediest = (0..groups.len())
            .filter(|&group| seats[group] < groups[group].len())
            .max_by_key(|&group| (weights[group] / seats[group] as u64, Reverse(group)));
        if let Some(group) = neediest {
            seats[group] += 1;
        }
    }
    seats
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::partition::atom;
    use crate::plan::partition::input::Item;

    fn numbers(range: &str, shares: usize, files: &[usize]) -> Vec<(usize, usize, usize)> {
        let groups: Vec<Vec<Atom>> = files
            .iter()
            .map(|files| {
                let paths: Vec<String> = (0..*files).map(|file| format!("{file}")).collect();
                let items: Vec<Item<'_>> = paths
                    .iter()
                    .map(|path| Item {
                        path,
                        bytes: 0,
                        owner: None,
                    })
                    .collect();
                atom::atoms(&items)
            })
            .collect();
        apportion(range.parse().unwrap(), shares, &groups)
            .into_iter()
            .map(|numbers| (numbers.fewest, numbers.target, numbers.most))
            .collect()
    }

    #[test]
    fn the_work_chooses_a_number_within_the_range_to_search() {
        assert_eq!(numbers("5-30", 12, &[100]), [(9, 12, 24)]);
        assert_eq!(numbers("5-30", 1, &[100]), [(5, 5, 10)]);
        assert_eq!(numbers("5-30", 99, &[400]), [(23, 30, 30)]);
        assert_eq!(numbers("7", 99, &[400]), [(7, 7, 7)]);
        assert_eq!(numbers("7", 99, &[3]), [(3, 3, 3)]);
    }

    #[test]
    fn groups_share_the_units_by_weight_and_each_has_at_least_one() {
        assert_eq!(
            numbers("5", 5, &[30, 20, 1]),
            [(2, 2, 2), (2, 2, 2), (1, 1, 1)]
        );
        assert_eq!(numbers("2", 2, &[30, 20, 1]), [(1, 1, 1); 3]);
        assert_eq!(numbers("9", 9, &[5, 3]), [(5, 5, 5), (3, 3, 3)]);
    }
}
