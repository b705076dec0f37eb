//! Splits a graph by way of ever smaller ones: the smallest is split, and the split is made better on each graph on the
//! way back (G. Karypis, V. Kumar: Multilevel k-way partitioning scheme for irregular graphs, 1998).

use fastrand::Rng;

use super::bounds::{Bounds, balance};
use super::coarsen::clusters;
use super::graph::{Clusters, Graph};
use super::initial::initial;
use super::refine::refine;
use super::split::Split;

/// The smallest graph has about so many vertices for each part.
const VERTICES: usize = 15;
/// A vertex of it weighs at most so many times the mean.
const HEAVIEST: u64 = 4;
const PASSES: usize = 8;

/// Ever smaller graphs, each made of clusters of the one before it.
pub(super) struct Levels {
    levels: Vec<(Clusters, Graph)>,
    /// The parts that the vertices of the smallest are in, if the graph was in parts.
    parts: Option<Vec<usize>>,
}

impl Levels {
    /// Down to about `few` vertices of which none weighs more than `most`.
    pub fn new(
        graph: &Graph,
        parts: Option<Vec<usize>>,
        few: usize,
        most: u64,
        rng: &mut Rng,
    ) -> Self {
        let mut made = Self {
            levels: Vec::new(),
            parts,
        };
        loop {
            let smallest = made.coarsest(graph);
            if smallest.len() <= few {
                return made;
            }
            let clusters = clusters(smallest, made.parts.as_deref(), most, rng);
            // What hardly gets smaller any more is not worth a level.
            if clusters.count * 20 > smallest.len() * 19 {
                return made;
            }
            let smaller = smallest.contract(&clusters);
            if let Some(parts) = &mut made.parts {
                let mut of_clusters = vec![0; clusters.count];
                for (&part, &cluster) in parts.iter().zip(&clusters.of) {
                    of_clusters[cluster] = part;
                }
                *parts = of_clusters;
            }
            made.levels.push((clusters, smaller));
        }
    }

    /// The smallest of the graphs; `graph` itself where it is small.
    pub fn coarsest<'a>(&'a self, graph: &'a Graph) -> &'a Graph {
        self.levels.last().map_or(graph, |(_, graph)| graph)
    }
}

/// Makes a split of the smallest graph one of the whole, better at each level.
pub(super) fn descend(
    graph: &Graph,
    levels: &Levels,
    mut parts: Vec<usize>,
    count: usize,
    bounds: &Bounds,
    passes: usize,
    rng: &mut Rng,
) -> Vec<usize> {
    let mut improve = |graph: &Graph, parts: Vec<usize>| {
        let mut split = Split::new(graph, parts, count);
        balance(&mut split, bounds);
        refine(&mut split, bounds, passes, rng);
        split.parts
    };
    for (level, (clusters, smaller)) in levels.levels.iter().enumerate().rev() {
        let better = improve(smaller, parts);
        parts = clusters.of.iter().map(|&cluster| better[cluster]).collect();
        debug_assert!(level > 0 || parts.len() == graph.len());
    }
    improve(graph, parts)
}

/// A split made from nothing.
pub(super) fn solve(graph: &Graph, count: usize, bounds: &Bounds, rng: &mut Rng) -> Vec<usize> {
    let levels = levels(graph, None, count, rng);
    let parts = initial(levels.coarsest(graph), count, rng);
    descend(graph, &levels, parts, count, bounds, PASSES, rng)
}

/// A split made from another, and no dearer if that is within the bounds.
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
    use super::super::bounds::evenly;
    use super::super::graph::Net;
    use super::*;

    /// Vertices in a ring of clusters that are tied within more than between, and nets of neighbours.
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
    fn a_better_split_is_within_the_bounds_and_no_dearer() {
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
