//! Computes how strongly the files in question are tied to each other.

use std::collections::HashMap;

use super::import_graph::ImportGraph;
use crate::plan::partition::Tie;

/// The weight of a tie for the only import of a file.
const PLAIN: f32 = 1_000.0;
/// The total weight of all ties through one file that is not in question.
const THROUGH: f32 = 500.0;
/// A file that ties more files than this says little about any two of them.
const CROWD: usize = 12;

impl ImportGraph {
    /// Returns the ties between these files. Two files are tied where one imports the other. A weaker tie joins two
    /// files where a file outside the list imports both or is imported by both.
    #[must_use]
    pub(crate) fn ties(&self, paths: &[&str]) -> Vec<Tie> {
        let mut items: Vec<Option<u32>> = vec![None; self.files.len()];
        for (item, place) in (0..).zip(self.places(paths.iter().copied())) {
            if let Some(place) = place {
                items[place] = Some(item);
            }
        }
        let mut ties: Vec<(u32, u32, f32)> = Vec::new();
        let mut through: HashMap<usize, Vec<u32>> = HashMap::new();
        let mut tie = |a: u32, b: u32, weight: f32| ties.push((a.min(b), a.max(b), weight));
        for (from, edges) in self.edges() {
            for edge in edges {
                let to = edge.to as usize;
                match (items[from], items[to]) {
                    (Some(a), Some(b)) => tie(a, b, edge.weight * PLAIN),
                    (Some(item), None) => through.entry(to).or_default().push(item),
                    (None, Some(item)) => through.entry(from).or_default().push(item),
                    (None, None) => {}
                }
            }
        }
        let mut through: Vec<(usize, Vec<u32>)> = through.into_iter().collect();
        through.sort_unstable();
        for (_, mut tied) in through {
            tied.sort_unstable();
            tied.dedup();
            if tied.len() > CROWD {
                continue;
            }
            let pairs = tied.len() * tied.len().saturating_sub(1) / 2;
            #[expect(clippy::cast_precision_loss, reason = "there are few files")]
            let weight = THROUGH / pairs as f32;
            for (at, a) in tied.iter().enumerate() {
                for b in &tied[at + 1..] {
                    tie(*a, *b, weight);
                }
            }
        }
        // The sort is stable: the sum of floating-point numbers depends on their order.
        ties.sort_by_key(|&(a, b, _)| (a, b));
        ties.dedup_by(|next, kept| {
            let is_same = (next.0, next.1) == (kept.0, kept.1);
            if is_same {
                kept.2 += next.2;
            }
            is_same
        });
        ties.into_iter()
            .map(|(a, b, weight)| Tie {
                a: a as usize,
                b: b as usize,
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "weights are small and never negative"
                )]
                weight: weight.round() as u32,
            })
            .filter(|tie| tie.weight > 0)
            .collect()
    }
}
