//! A graph divided into parts: where each vertex is, what the split costs, and what a move would gain.

use super::graph::Graph;

/// A move of a vertex to a part, and how much it lowers the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(crate) gain: i64,
    pub(crate) to: usize,
}

#[derive(Debug)]
pub(super) struct Split<'g> {
    pub(crate) graph: &'g Graph,
    /// The part of each vertex.
    pub(crate) parts: Vec<usize>,
    /// The weight of each part.
    pub(crate) loads: Vec<u64>,
    /// How many pins each net has in each part, part by part within a net.
    counts: Vec<u32>,
    /// How strongly the current vertex is tied to each part; all zero between uses.
    pull: Vec<i64>,
    /// The parts to which the current vertex may go; empty between uses.
    near: Vec<usize>,
}

impl<'g> Split<'g> {
    pub(crate) fn new(graph: &'g Graph, parts: Vec<usize>, count: usize) -> Self {
        let mut loads = vec![0; count];
        for (&part, weight) in parts.iter().zip(&graph.weights) {
            loads[part] += weight;
        }
        let mut counts = vec![0; graph.pins.len() * count];
        for (pins, counts) in graph.pins.iter().zip(counts.chunks_mut(count)) {
            for &pin in pins {
                counts[parts[pin]] += 1;
            }
        }
        Self {
            graph,
            parts,
            loads,
            counts,
            pull: vec![0; count],
            near: Vec::new(),
        }
    }

    /// Returns the weight of the ties between parts plus the cost of nets in several parts.
    pub(crate) fn cost(&self) -> i64 {
        self.cut() + self.scatter()
    }

    pub(crate) fn cut(&self) -> i64 {
        let twice: i64 = self
            .graph
            .ties
            .iter()
            .zip(&self.parts)
            .flat_map(|(ties, part)| {
                ties.iter()
                    .filter(|tie| self.parts[tie.vertex()] != *part)
                    .map(|tie| tie.cost())
            })
            .sum();
        twice / 2
    }

    fn scatter(&self) -> i64 {
        self.graph
            .costs
            .iter()
            .zip(self.counts.chunks(self.loads.len()))
            .map(|(cost, counts)| {
                let others = counts.iter().filter(|&&pins| pins > 0).skip(1);
                others.map(|_| cost).sum::<i64>()
            })
            .sum()
    }

    /// Counts the vertices of a net in a part.
    pub(crate) fn pins(&self, net: usize, part: usize) -> u32 {
        self.counts[net * self.loads.len() + part]
    }

    pub(crate) fn shift(&mut self, vertex: usize, to: usize) {
        let from = std::mem::replace(&mut self.parts[vertex], to);
        let weight = self.graph.weights[vertex];
        self.loads[from] -= weight;
        self.loads[to] += weight;
        for net in self.graph.nets.row(vertex) {
            let row = net * self.loads.len();
            self.counts[row + from] -= 1;
            self.counts[row + to] += 1;
        }
    }

    /// Returns the best allowed move of a vertex to a part that it is tied to, or that holds other vertices of its
    /// first net.
    pub(crate) fn best(
        &mut self,
        vertex: usize,
        allowed: impl Fn(&[u64], usize) -> bool,
    ) -> Option<Move> {
        let from = self.parts[vertex];
        let graph = self.graph;
        for tie in graph.ties.row(vertex) {
            let part = self.parts[tie.vertex()];
            if self.pull[part] == 0 {
                self.near.push(part);
            }
            self.pull[part] += tie.cost();
        }
        let nets = graph.nets.row(vertex);
        if let Some(&first) = nets.first() {
            let row = first * self.loads.len();
            for (part, &pins) in self.counts[row..row + self.loads.len()].iter().enumerate() {
                if pins > 0 && self.pull[part] == 0 {
                    self.near.push(part);
                }
            }
        }
        let base = self.leaving(vertex) - self.pull[from];
        let mut best: Option<Move> = None;
        for at in 0..self.near.len() {
            let to = self.near[at];
            if to == from || !allowed(&self.loads, to) {
                continue;
            }
            let gain = base + self.pull[to] - self.arriving(vertex, to);
            // Of equals, the lighter part.
            let rank = |it: Move| (it.gain, std::cmp::Reverse(self.loads[it.to]));
            if best.is_none_or(|best| rank(Move { gain, to }) > rank(best)) {
                best = Some(Move { gain, to });
            }
        }
        for part in self.near.drain(..) {
            self.pull[part] = 0;
        }
        best
    }

    /// Returns the gain of a move to another part.
    pub(crate) fn gain(&self, vertex: usize, to: usize) -> i64 {
        let from = self.parts[vertex];
        let pull: i64 = self
            .graph
            .ties
            .row(vertex)
            .iter()
            .map(|tie| match self.parts[tie.vertex()] {
                part if part == to => tie.cost(),
                part if part == from => -tie.cost(),
                _ => 0,
            })
            .sum();
        pull + self.leaving(vertex) - self.arriving(vertex, to)
    }

    /// Returns how much its nets cost less when it leaves its part.
    fn leaving(&self, vertex: usize) -> i64 {
        let nets = self.graph.nets.row(vertex).iter();
        nets.filter(|&&net| self.pins(net, self.parts[vertex]) == 1)
            .map(|&net| self.graph.costs[net])
            .sum()
    }

    /// Returns how much its nets cost more when it enters a part.
    fn arriving(&self, vertex: usize, part: usize) -> i64 {
        let nets = self.graph.nets.row(vertex).iter();
        nets.filter(|&&net| self.pins(net, part) == 0)
            .map(|&net| self.graph.costs[net])
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::partition::by_ties::graph::Net;

    #[test]
    fn the_gain_of_a_move_is_the_drop_in_cost() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..50 {
            let count = rng.usize(2..20);
            let ties: Vec<(usize, usize, i64)> = (0..30)
                .map(|_| (rng.usize(..count), rng.usize(..count), rng.i64(0..9)))
                .collect();
            let nets: Vec<Net> = (0..5)
                .map(|_| Net {
                    pins: (0..rng.usize(1..6)).map(|_| rng.usize(..count)).collect(),
                    cost: rng.i64(0..9),
                })
                .collect();
            let graph = Graph::new(vec![1; count], &ties, &nets);
            let parts = (0..count).map(|_| rng.usize(..4)).collect();
            let mut split = Split::new(&graph, parts, 4);
            for vertex in 0..count {
                let before = split.cost();
                let expected: Vec<i64> = (0..4)
                    .map(|to| match split.parts[vertex] {
                        from if from == to => 0,
                        _ => split.gain(vertex, to),
                    })
                    .collect();
                if let Some(best) = split.best(vertex, |_, _| true) {
                    assert_eq!(best.gain, expected[best.to]);
                    split.shift(vertex, best.to);
                    assert_eq!(before - split.cost(), best.gain);
                }
            }
        }
    }
}
