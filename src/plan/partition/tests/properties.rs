//! Properties that hold for any files, ties and owners.

use std::collections::{BTreeSet, HashMap, HashSet};

use proptest::prelude::*;

use super::item;
use crate::config::UnitRange;
use crate::plan::claim::fold;
use crate::plan::partition::atom::{self, FILE, MOST_BYTES};
use crate::plan::partition::by_ties::Ties;
use crate::plan::partition::input::{Item, OwnerRule, PartitionInput, Tie};
use crate::plan::partition::partition;

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
    fn any_ties_are_divided_within_the_range_and_the_balance(
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
