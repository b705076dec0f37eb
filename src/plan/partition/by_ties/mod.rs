//! Divides the files so that few ties are cut and few folders are in pieces.
//!
//! The files are a hypergraph (see `graph`) in which folders, packages and owners are nets (see `affinity`). It is
//! divided by multilevel partitioning (see `multilevel`) from several starts, and the cheapest result within the bounds
//! wins. Random numbers have fixed seeds: the result depends on the files alone.

mod affinity;
mod bounds;
mod coarsen;
mod graph;
mod initial;
mod levels;
mod multilevel;
mod refine;
mod split;

use std::collections::BTreeSet;
use std::ops::Range;

use fastrand::Rng;
use rayon::prelude::*;

use super::apportion::UnitCounts;
use super::atom::{Atom, cap_giants};
use super::by_folder::by_folder;
use super::input::PartitionInput;
use bounds::{Bounds, evenly};
use graph::{Clusters, Graph, Net};
use multilevel::{improve, solve};
use split::Split;

/// An atom above this percentage of the mean counts as one share.
const GIANT: u64 = 110;
/// A family above this percentage of the mean may be separated.
const FAMILY: u64 = 10;
/// The weight of a tie between adjacent files, as a percentage of the mean weight of a file's ties. Where nothing else
/// decides, a piece of a folder then runs from one name to another.
const BESIDE: i64 = 5;
/// How many atoms and ties are processed over all starts, and in the search for the best number of units.
const WORK: usize = 600_000;
const WORK_ON_NUMBERS: usize = 20_000;
/// The maximum number of starts, of tried numbers of units, and of improvements of each start.
const STARTS: usize = 16;
const NUMBERS: usize = 8;
const ROUNDS: usize = 2;

/// Files with enough ties to be divided by them.
pub(super) struct Ties<'a> {
    atoms: &'a [Atom],
    packages: &'a BTreeSet<String>,
    /// Pairs of atoms, and the weight of their tie.
    pairs: Vec<(usize, usize, i64)>,
    nets: Vec<Net>,
}

impl<'a> Ties<'a> {
    /// Returns `None` if less than half of the atoms are tied to others.
    pub(crate) fn among(atoms: &'a [Atom], input: &PartitionInput<'a>) -> Option<Self> {
        let mut pairs = pairs(atoms, input);
        let mut is_tied = vec![false; atoms.len()];
        for &(a, b, _) in &pairs {
            is_tied[a] = true;
            is_tied[b] = true;
        }
        let tied = is_tied.iter().filter(|&&tied| tied).count();
        if tied == 0 || tied * 2 < atoms.len() {
            return None;
        }
        let total: i64 = pairs.iter().map(|(.., weight)| weight).sum();
        let mean = total / i64::try_from(atoms.len()).unwrap_or(i64::MAX);
        let beside = mean * BESIDE / 100;
        pairs.extend((1..atoms.len()).map(|at| (at - 1, at, beside)));
        Some(Self {
            atoms,
            packages: input.packages,
            nets: affinity::nets(atoms, input.packages, mean),
            pairs,
        })
    }

    /// Returns the units as lists of files, each by path.
    pub(crate) fn divide(&self, numbers: UnitCounts) -> Vec<Vec<usize>> {
        let work = self.atoms.len() + self.pairs.len();
        let division = Division::new(self, self.number(numbers, work));
        let starts = (WORK / work).clamp(1, STARTS);
        let rounds = (WORK / work / STARTS).min(ROUNDS);
        let parts = division.best(0..starts, rounds);
        let mut units = vec![Vec::new(); division.units];
        for (atom, family) in self.atoms.iter().zip(&division.families.of) {
            units[parts[*family]].extend(&*atom.files);
        }
        units
    }

    /// Returns the number of units with the lowest cost for the number: each unit more or less than the target has to
    /// lower the cost by two shares of it.
    fn number(&self, numbers: UnitCounts, work: usize) -> usize {
        let tries = (WORK_ON_NUMBERS / work).clamp(1, NUMBERS);
        let range = numbers.fewest..=numbers.most;
        let step = (range.end() - range.start()).div_ceil(tries).max(1);
        let mut candidates: Vec<usize> = range.step_by(step).chain([numbers.target]).collect();
        candidates.sort_by_key(|units| (units.abs_diff(numbers.target), *units));
        candidates.dedup();
        if tries == 1 || candidates.len() == 1 {
            return numbers.target;
        }
        let scores: Vec<i128> = candidates
            .par_iter()
            .map(|&units| {
                let division = Division::new(self, units);
                let off = numbers.target + 2 * units.abs_diff(numbers.target);
                i128::from(division.cost(&division.start(0, 0))) * off as i128
            })
            .collect();
        let best = scores
            .iter()
            .zip(candidates)
            .min_by_key(|(score, _)| **score);
        best.map_or(numbers.target, |(_, units)| units)
    }
}

/// Returns each tied pair of atoms, once and in order.
fn pairs(atoms: &[Atom], input: &PartitionInput<'_>) -> Vec<(usize, usize, i64)> {
    let mut atom_of = vec![None; input.items.len()];
    for (at, atom) in atoms.iter().enumerate() {
        for &file in &*atom.files {
            atom_of[file] = Some(at);
        }
    }
    let mut pairs: Vec<(usize, usize, i64)> = input
        .ties
        .iter()
        .filter_map(|tie| {
            let (a, b) = (atom_of[tie.a]?, atom_of[tie.b]?);
            (a != b && tie.weight > 0).then(|| (a.min(b), a.max(b), i64::from(tie.weight)))
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup_by(|next, kept| {
        let is_same = (next.0, next.1) == (kept.0, kept.1);
        if is_same {
            kept.2 += next.2;
        }
        is_same
    });
    pairs
}

/// The task of making this many units.
struct Division<'a> {
    ties: &'a Ties<'a>,
    units: usize,
    families: Clusters,
    /// Its vertices are the families.
    graph: Graph,
    bounds: Bounds,
    /// A division within the bounds that considers weight alone.
    even: Vec<usize>,
}

impl<'a> Division<'a> {
    fn new(ties: &'a Ties<'a>, units: usize) -> Self {
        let mut weights: Vec<u64> = ties.atoms.iter().map(|atom| atom.weight).collect();
        cap_giants(&mut weights, units, GIANT);
        let families = families(ties.atoms, &weights, units);
        let graph = Graph::new(weights, &ties.pairs, &ties.nets).contract(&families);
        let (even, loads) = evenly(&graph.weights, units);
        Self {
            ties,
            units,
            families,
            graph,
            bounds: Bounds::around_mean(&loads),
            even,
        }
    }

    fn cost(&self, parts: &[usize]) -> i64 {
        Split::new(&self.graph, parts.to_vec(), self.units).cost()
    }

    /// Returns the cheapest of the starts and of the division by folder.
    fn best(&self, seeds: Range<usize>, rounds: usize) -> Vec<usize> {
        let (mut found, by_folder): (Vec<Vec<usize>>, Vec<usize>) = rayon::join(
            || {
                let seeds = seeds.into_par_iter();
                seeds.map(|seed| self.start(seed as u64, rounds)).collect()
            },
            || self.improved(self.by_folder(), 0, rounds + 1),
        );
        found.push(by_folder);
        let best = found
            .into_iter()
            .map(|parts| Split::new(&self.graph, parts, self.units))
            .filter(|split| self.bounds.hold(&split.loads))
            .min_by_key(Split::cost);
        best.map_or_else(
            || self.improved(self.even.clone(), 0, rounds + 1),
            |split| split.parts,
        )
    }

    fn start(&self, seed: u64, rounds: usize) -> Vec<usize> {
        let mut rng = Rng::with_seed(seed);
        let parts = solve(&self.graph, self.units, &self.bounds, &mut rng);
        self.improved(parts, seed, rounds)
    }

    fn improved(&self, mut parts: Vec<usize>, seed: u64, rounds: usize) -> Vec<usize> {
        let mut rng = Rng::with_seed(seed);
        for _ in 0..rounds {
            parts = improve(&self.graph, parts, self.units, &self.bounds, &mut rng);
        }
        parts
    }

    /// Returns the part of each family if folders alone decide.
    fn by_folder(&self) -> Vec<usize> {
        let exactly = UnitCounts {
            fewest: self.units,
            target: self.units,
            most: self.units,
        };
        let units = by_folder(self.ties.atoms.to_vec(), self.ties.packages, exactly);
        let part_of: std::collections::HashMap<usize, usize> = units
            .iter()
            .enumerate()
            .flat_map(|(part, files)| files.iter().map(move |&file| (file, part)))
            .collect();
        let mut parts = vec![0; self.families.count];
        for (atom, &family) in self.ties.atoms.iter().zip(&self.families.of) {
            let part = atom.files.first().and_then(|file| part_of.get(file));
            parts[family] = part.copied().unwrap_or(0);
        }
        parts
    }
}

/// Groups the files of a folder that share a name (`form.ts`, `form.test.ts`, `form.css`), which are adjacent in path
/// order. A group never becomes so heavy that it prevents a balance.
fn families(atoms: &[Atom], weights: &[u64], units: usize) -> Clusters {
    let mean = weights.iter().sum::<u64>() / units as u64;
    let most = mean / 100 * FAMILY;
    let mut of = Vec::with_capacity(atoms.len());
    let mut count = 0;
    let mut weight = 0;
    for (at, atom) in atoms.iter().enumerate() {
        let is_relative = at.checked_sub(1).is_some_and(|before| {
            let before = &atoms[before];
            before.home() == atom.home() && before.stem() == atom.stem()
        });
        if !is_relative || weight + weights[at] > most {
            count += 1;
            weight = 0;
        }
        weight += weights[at];
        of.push(count - 1);
    }
    if count < units * 2 {
        // With so few families, every atom is needed to fill the units.
        let of: Vec<usize> = (0..atoms.len()).collect();
        return Clusters {
            count: of.len(),
            of,
        };
    }
    Clusters { of, count }
}
