//! Splits a graph by multilevel partitioning: the coarsest graph is split, and the split is improved at each level on
//! the way back (G. Karypis, V. Kumar: Multilevel k-way partitioning scheme for irregular graphs, 1998).

use fastrand::Rng;

use super::bounds::Bounds;
use super::graph::Graph;
use super::initial::initial;
use super::levels::{Levels, descend};

/// The coarsest graph has about this many vertices for each part.
const VERTICES: usize = 15;
/// A vertex of the coarsest graph weighs at most this many times the mean.
const HEAVIEST: u64 = 4;
const PASSES: usize = 8;

/// Makes a split from nothing.
pub(super) fn solve(graph: &Graph, count: usize, bounds: &Bounds, rng: &mut Rng) -> Vec<usize> {
    let levels = levels(graph, None, count, rng);
    let parts = initial(levels.coarsest(graph), count, rng);
    descend(graph, &levels, parts, count, bounds, PASSES, rng)
}

/// Improves a split. The result costs no more if the split is within the bounds.
pub(super) fn improve(
    graph: &Graph,
    parts: Vec<usize>,
    count: usize,
    bounds: &Bounds,
    rng: &mut Rng,
) -> Vec<usize> {
    let mut levels = levels(graph, Some(parts), count, rng);
    let parts = levels.parts.take().unwrap_or_default();
    descend(graph, &levels, parts, count, bounds, PASSES, rng)
}

fn levels(graph: &Graph, parts: Option<Vec<usize>>, count: usize, rng: &mut Rng) -> Levels {
    let few = count * VERTICES;
    let most = graph.weight() / few as u64 * HEAVIEST;
    Levels::new(graph, parts, few, most, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::partition::by_ties::bounds::evenly;
    use crate::plan::partition::by_ties::graph::Net;
    use crate::plan::partition::by_ties::split::Split;

    /// Vertices in a ring of clusters with more ties inside than between clusters, and nets of neighbours.
    fn ring(clusters: usize, size: usize, rng: &mut Rng) -> Graph {
        let count = clusters * size;
        let ties: Vec<(usize, usize, i64)> = (0..count * 4)
            .map(|_| {
                let a = rng.usize(..count);
                let b = match rng.u8(..10) {
                    0 => (a + size) % count,
                    _ => a / size * size + rng.usize(..size),
                };
                (a, b, rng.i64(1..100))
            })
            .collect();
        let nets: Vec<Net> = (0..count - 5)
            .step_by(5)
            .map(|first| Net {
                pins: (first..first + 5).collect(),
                cost: 20,
            })
            .collect();
        let weights = (0..count).map(|_| rng.u64(1..10)).collect();
        Graph::new(weights, &ties, &nets)
    }

    #[test]
    fn an_improved_split_is_within_the_bounds_and_costs_no_more() {
        let mut rng = Rng::with_seed(3);
        for parts in [2, 3, 7] {
            let graph = ring(12, 20, &mut rng);
            let (even, loads) = evenly(&graph.weights, parts);
            let bounds = Bounds::around_mean(&loads);
            let mut cost = Split::new(&graph, even.clone(), parts).cost();
            let mut split = even;
            for _ in 0..3 {
                split = improve(&graph, split, parts, &bounds, &mut rng);
                let better = Split::new(&graph, split.clone(), parts);
                assert!(bounds.hold(&better.loads));
                assert!(better.cost() <= cost);
                cost = better.cost();
            }
        }
    }

    #[test]
    fn clusters_that_fit_are_found() {
        let mut rng = Rng::with_seed(4);
        let graph = ring(12, 20, &mut rng);
        let (even, loads) = evenly(&graph.weights, 4);
        let bounds = Bounds::around_mean(&loads);
        let found = Split::new(&graph, solve(&graph, 4, &bounds, &mut rng), 4);
        assert!(bounds.hold(&found.loads));
        assert!(found.cost() * 4 < Split::new(&graph, even, 4).cost());
    }
}
