//! The import graph itself: which file imports which, and how much each import weighs.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::imports::{Resolver, SourceFile};
use crate::plan::model::Unit;

/// An import that resolves to more files than this says nothing about any of them.
const MANY: usize = 200;

/// All imports between the files of a base.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportGraph {
    /// The files in a language whose imports are understood, sorted.
    pub(super) files: Vec<String>,
    /// Where the imports of each file begin in `imports`, and where the imports of the last file end.
    pub(super) starts: Vec<usize>,
    pub(super) imports: Vec<Edge>,
}

/// One file imports another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Edge {
    pub(super) to: u32,
    /// 1 if the imported file has no other importer.
    pub(super) weight: f32,
}

impl ImportGraph {
    pub(super) fn of_sources(sources: &[SourceFile<'_>], resolver: &Resolver) -> Self {
        use rayon::prelude::*;
        let shares: Vec<Vec<(u32, f32)>> = sources
            .par_iter()
            .enumerate()
            .with_min_len(64)
            .map(|(place, source)| shares(place, source, resolver))
            .collect();
        let mut importers = vec![0_u32; sources.len()];
        for (to, _) in shares.iter().flatten() {
            importers[*to as usize] += 1;
        }
        let mut graph = Self {
            files: sources.iter().map(|it| it.path.to_owned()).collect(),
            starts: vec![0],
            imports: Vec::with_capacity(shares.iter().map(Vec::len).sum()),
        };
        for imports in shares {
            graph.imports.extend(imports.into_iter().map(|(to, share)| {
                #[expect(clippy::cast_precision_loss, reason = "a weight need not be exact")]
                let weight = share / importers[to as usize] as f32;
                Edge { to, weight }
            }));
            graph.starts.push(graph.imports.len());
        }
        graph
    }

    /// Checks whether all indices are in range and in order.
    pub(super) fn is_sound(&self) -> bool {
        self.starts.len() == self.files.len() + 1
            && self.starts.first() == Some(&0)
            && self.starts.last() == Some(&self.imports.len())
            && self.starts.is_sorted()
            && self.files.is_sorted()
            && self
                .imports
                .iter()
                .all(|edge| (edge.to as usize) < self.files.len())
    }

    /// Returns the imports of each file.
    pub(super) fn edges(&self) -> impl Iterator<Item = (usize, &[Edge])> {
        self.starts
            .windows(2)
            .map(|range| &self.imports[range[0]..range[1]])
            .enumerate()
    }

    /// Returns the unit of each file, if the file is in one.
    pub(super) fn units(&self, units: &[Unit]) -> Vec<Option<usize>> {
        let owners: HashMap<&str, usize> = units
            .iter()
            .enumerate()
            .flat_map(|(place, unit)| {
                unit.claim
                    .files
                    .iter()
                    .map(move |file| (file.as_str(), place))
            })
            .collect();
        self.files
            .iter()
            .map(|file| owners.get(file.as_str()).copied())
            .collect()
    }

    /// Returns the place of each of these files, if its imports are understood.
    pub(super) fn places<'a>(
        &'a self,
        paths: impl Iterator<Item = &'a str>,
    ) -> impl Iterator<Item = Option<usize>> {
        paths.map(|path| {
            self.files
                .binary_search_by(|file| file.as_str().cmp(path))
                .ok()
        })
    }
}

/// Returns the files that a file imports, each once, with its share of the import.
fn shares(place: usize, source: &SourceFile<'_>, resolver: &Resolver) -> Vec<(u32, f32)> {
    let Ok(place) = u32::try_from(place) else {
        return Vec::new();
    };
    let mut shares: Vec<(u32, f32)> = Vec::new();
    for import in &source.outline.imports {
        let files = resolver.resolve(place, source, import);
        if files.len() <= MANY {
            #[expect(clippy::cast_precision_loss, reason = "there are few files")]
            let share = 1.0 / files.len() as f32;
            shares.extend(files.into_iter().map(|file| (file, share)));
        }
    }
    // Of several imports of the same file, keep the strongest.
    shares.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    shares.dedup_by_key(|(file, _)| *file);
    shares
}
