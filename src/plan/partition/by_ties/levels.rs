//! Levels of ever coarser graphs, and the way of a split from the coarsest graph back to the whole.

use fastrand::Rng;

use super::bounds::{Bounds, balance};
use super::coarsen::clusters;
use super::graph::{Clusters, Graph};
use super::refine::refine;
use super::split::Split;

/// Ever coarser graphs, each made of clusters of the one before it.
pub(super) struct Levels {
    levels: Vec<(Clusters, Graph)>,
    /// The parts of the coarsest graph's vertices, if the graph was already split.
    pub(crate) parts: Option<Vec<usize>>,
}

impl Levels {
    /// Coarsens down to about `few` vertices, none of which weighs more than `most`.
    pub(crate) fn new(
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
            // A level that is hardly smaller is not worth having.
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

    /// Returns the coarsest graph, or `graph` itself if it is small.
    pub(crate) fn coarsest<'a>(&'a self, graph: &'a Graph) -> &'a Graph {
        self.levels.last().map_or(graph, |(_, graph)| graph)
    }
}

/// Turns a split of the coarsest graph into a split of the whole, and improves it at each level.
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
