//! The files as a hypergraph: vertices with weights, ties between two vertices, and nets that hold many vertices
//! together.
//!
//! A tie that is cut costs its weight. A net (for example the files of a folder) costs once for every part after the
//! first that contains some of it: the cost counts pieces, however many files a piece has. This file knows nothing of
//! paths and units.

/// Lists of values by row, stored one after another.
#[derive(Debug)]
pub(super) struct Rows<T> {
    starts: Vec<usize>,
    values: Vec<T>,
}

impl<T> Rows<T> {
    fn new() -> Self {
        Self {
            starts: vec![0],
            values: Vec::new(),
        }
    }

    /// Adds a row.
    fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.values.extend(row);
        self.starts.push(self.values.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.values[self.starts[row]..self.starts[row + 1]]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.starts
            .windows(2)
            .map(|ends| &self.values[ends[0]..ends[1]])
    }
}

impl<T: Copy + Default> Rows<T> {
    /// Sorts values into their rows; values of one row keep their order.
    fn sorted(rows: usize, values: impl Iterator<Item = (usize, T)> + Clone) -> Self {
        let mut starts = vec![0; rows + 1];
        for (row, _) in values.clone() {
            starts[row + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut sorted = vec![T::default(); starts[rows]];
        for (row, value) in values {
            sorted[next[row]] = value;
            next[row] += 1;
        }
        Self {
            starts,
            values: sorted,
        }
    }
}

/// The other end of a tie. It is small, because there are many of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Neighbour {
    vertex: u32,
    cost: u32,
}

impl Neighbour {
    /// A cost above `u32::MAX` counts as that.
    fn new(vertex: usize, cost: i64) -> Self {
        Self {
            vertex: u32::try_from(vertex).unwrap_or(u32::MAX),
            cost: u32::try_from(cost).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn vertex(self) -> usize {
        self.vertex as usize
    }

    pub(crate) fn cost(self) -> i64 {
        self.cost.into()
    }
}

/// Vertices that are better kept in few parts.
#[derive(Debug)]
pub(super) struct Net {
    pub(crate) pins: Vec<usize>,
    pub(crate) cost: i64,
}

/// The cluster of each vertex, numbered from 0.
#[derive(Debug)]
pub(super) struct Clusters {
    pub(crate) of: Vec<usize>,
    pub(crate) count: usize,
}

#[derive(Debug)]
pub(super) struct Graph {
    pub(crate) weights: Vec<u64>,
    /// Every tie is listed at both ends.
    pub(crate) ties: Rows<Neighbour>,
    /// The vertices of each net in order; at least two.
    pub(crate) pins: Rows<usize>,
    /// The cost of each net.
    pub(crate) costs: Vec<i64>,
    /// The nets of each vertex, in the order in which the nets were given.
    pub(crate) nets: Rows<usize>,
}

impl Graph {
    /// A pair may be tied several times. A tie of a vertex with itself is ignored.
    pub(crate) fn new(weights: Vec<u64>, ties: &[(usize, usize, i64)], nets: &[Net]) -> Self {
        let both = ties
            .iter()
            .filter(|(a, b, cost)| a != b && *cost > 0)
            .flat_map(|&(a, b, cost)| [(a, Neighbour::new(b, cost)), (b, Neighbour::new(a, cost))]);
        let ties = Rows::sorted(weights.len(), both);
        let nets = nets.iter().map(|net| (net.pins.as_slice(), net.cost));
        Self::with(weights, ties, nets, Some)
    }

    pub(crate) fn len(&self) -> usize {
        self.weights.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.weights.iter().sum()
    }

    /// Returns the graph in which each cluster is one vertex.
    pub(crate) fn contract(&self, clusters: &Clusters) -> Self {
        const NOWHERE: usize = usize::MAX;
        let members = Rows::sorted(clusters.count, clusters.of.iter().copied().zip(0..));
        let mut ties = Rows::new();
        let mut row: Vec<(usize, i64)> = Vec::new();
        let mut places = vec![NOWHERE; clusters.count];
        let mut weights = vec![0; clusters.count];
        for (cluster, members) in members.iter().enumerate() {
            for &member in members {
                weights[cluster] += self.weights[member];
                for tie in self.ties.row(member) {
                    let vertex = clusters.of[tie.vertex()];
                    if vertex == cluster {
                        continue;
                    }
                    if places[vertex] == NOWHERE {
                        places[vertex] = row.len();
                        row.push((vertex, 0));
                    }
                    row[places[vertex]].1 += tie.cost();
                }
            }
            for (vertex, _) in &row {
                places[*vertex] = NOWHERE;
            }
            ties.push(
                row.drain(..)
                    .map(|(vertex, cost)| Neighbour::new(vertex, cost)),
            );
        }
        Self::with(weights, ties, self.nets_and_costs(), |pin| {
            Some(clusters.of[pin])
        })
    }

    /// Returns the graph of some of the vertices, in the given order.
    pub(crate) fn part(&self, vertices: &[usize]) -> Self {
        let mut places = vec![None; self.len()];
        for (place, &vertex) in vertices.iter().enumerate() {
            places[vertex] = Some(place);
        }
        let mut ties = Rows::new();
        for &vertex in vertices {
            ties.push(
                self.ties
                    .row(vertex)
                    .iter()
                    .filter_map(|tie| Some(Neighbour::new(places[tie.vertex()]?, tie.cost()))),
            );
        }
        let weights = vertices
            .iter()
            .map(|&vertex| self.weights[vertex])
            .collect();
        Self::with(weights, ties, self.nets_and_costs(), |pin| places[pin])
    }

    fn nets_and_costs(&self) -> impl Iterator<Item = (&[usize], i64)> {
        self.pins.iter().zip(self.costs.iter().copied())
    }

    /// Makes a graph with nets whose pins map to new vertices or to none. Nets with fewer than two pins are left out.
    fn with<'n>(
        weights: Vec<u64>,
        ties: Rows<Neighbour>,
        nets: impl Iterator<Item = (&'n [usize], i64)>,
        new: impl Fn(usize) -> Option<usize>,
    ) -> Self {
        let mut pins = Rows::new();
        let mut costs = Vec::new();
        let mut row: Vec<usize> = Vec::new();
        for (old, cost) in nets {
            row.clear();
            row.extend(old.iter().filter_map(|&pin| new(pin)));
            row.sort_unstable();
            row.dedup();
            if row.len() > 1 {
                pins.push(row.iter().copied());
                costs.push(cost);
            }
        }
        let by_vertex = pins
            .iter()
            .enumerate()
            .flat_map(|(net, pins)| pins.iter().map(move |&pin| (pin, net)))
            .collect::<Vec<_>>();
        Self {
            nets: Rows::sorted(weights.len(), by_vertex.into_iter()),
            weights,
            ties,
            pins,
            costs,
        }
    }
}
