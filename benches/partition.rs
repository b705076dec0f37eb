//! Measures how long it takes to divide many files into units, and how much memory.
//!
//!     cargo bench --bench partition                 # both ways, 50,000 and 100,000 files
//!     cargo bench --bench partition -- by_ties/50   # one of them
//!
//! The files and their ties are made up, but shaped like large repositories: folders of a few files in packages, sizes
//! from a few bytes to some 100 kB, most ties within the folder or near it, and some hubs that many files import.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::collections::BTreeSet;
use std::hint::black_box;

use batch::config::UnitRange;
use batch::plan::partition::{Item, OwnerRule, PartitionInput, Tie, partition};
use fastrand::Rng;

const NUMBERS: [usize; 2] = [50_000, 100_000];

fn main() {
    divan::main();
    if let Some(peak) = peak_memory() {
        println!("peak memory of all of it: {peak}");
    }
}

#[divan::bench(args = NUMBERS, sample_count = 5, sample_size = 1)]
fn by_ties(bencher: divan::Bencher<'_, '_>, files: usize) {
    let repository = Repository::of(files);
    bencher.bench_local(|| black_box(repository.units(&repository.ties)));
}

#[divan::bench(args = NUMBERS, sample_count = 5, sample_size = 1)]
fn by_folder(bencher: divan::Bencher<'_, '_>, files: usize) {
    let repository = Repository::of(files);
    bencher.bench_local(|| black_box(repository.units(&[])));
}

struct Repository {
    files: Vec<(String, u64)>,
    packages: BTreeSet<String>,
    ties: Vec<Tie>,
}

impl Repository {
    fn of(count: usize) -> Self {
        let mut rng = Rng::with_seed(7);
        let mut files: Vec<(String, u64)> = Vec::new();
        let mut packages = BTreeSet::new();
        for number in 0.. {
            let package = format!("packages/p{:02}", number % 60);
            let mut folder = format!("{package}/src");
            packages.insert(package);
            for _ in 0..rng.usize(..4) {
                folder = format!("{folder}/m{}", rng.usize(..7));
            }
            for file in 0..rng.usize(2..25) {
                let bytes = 1 << rng.u64(6..17);
                files.push((
                    format!("{folder}/d{number}/f{file}.ts"),
                    bytes + rng.u64(..bytes),
                ));
            }
            if files.len() >= count {
                break;
            }
        }
        files.truncate(count);
        files.sort();
        let hubs: Vec<usize> = (0..count / 100).map(|_| rng.usize(..count)).collect();
        let mut ties = Vec::new();
        for a in 0..count {
            for _ in 0..rng.usize(2..10) {
                let (b, weight) = match rng.u8(..20) {
                    0..10 => (near(a, 15, count, &mut rng), 500),
                    10..15 => (near(a, 300, count, &mut rng), 300),
                    15..17 => (rng.usize(..count), 300),
                    _ => (hubs[rng.usize(..hubs.len())], 5),
                };
                ties.push(Tie { a, b, weight });
            }
        }
        Self {
            files,
            packages,
            ties,
        }
    }

    fn units(&self, ties: &[Tie]) -> Vec<Vec<usize>> {
        let items: Vec<Item<'_>> = self
            .files
            .iter()
            .map(|(path, bytes)| Item {
                path,
                bytes: *bytes,
                owner: None,
            })
            .collect();
        let input = PartitionInput {
            items: &items,
            ties,
            packages: &self.packages,
            owners: OwnerRule::Preferred,
        };
        partition(&input, UnitRange::default())
    }
}

/// Returns another file, at most this far away in the row of all files.
fn near(file: usize, most: usize, count: usize, rng: &mut Rng) -> usize {
    let first = file.saturating_sub(most);
    rng.usize(first..(file + most).min(count))
}

/// Returns the peak memory if the system reports it, as Linux does.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let peak: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{} MB", peak / 1_000))
}
