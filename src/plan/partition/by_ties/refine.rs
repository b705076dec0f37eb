//! Improves a split by moving one vertex after another (C. M. Fiduccia, R. M. Mattheyses: A linear-time heuristic for
//! improving network partitions, 1982).
//!
//! A pass makes the move with the highest gain again and again, each vertex once, even if the move is a loss: a greater
//! gain may follow a small loss. At the end, the moves after the best state are undone. No move breaks a bound.

use std::collections::BinaryHeap;

use fastrand::Rng;

use super::bounds::Bounds;
use super::split::{Move, Split};

/// The vertices of a net larger than this are not updated when one of them moves.
const SMALL_NET: usize = 48;
/// A pass ends after this many moves without a new best state.
const PATIENCE: usize = 200;

/// A pass that gains less than this fraction of the cost is the last one.
const WORTH: i64 = 1_000;

/// Makes up to this many passes, and fewer if one gains next to nothing.
pub(super) fn refine(split: &mut Split<'_>, bounds: &Bounds, passes: usize, rng: &mut Rng) {
    let mut cost = split.cost();
    for _ in 0..passes {
        let gain = Pass::begin(split, bounds, rng).run();
        cost -= gain;
        if gain <= cost / WORTH {
            break;
        }
    }
}

struct Pass<'a, 'g> {
    split: &'a mut Split<'g>,
    bounds: &'a Bounds,
    /// By an upper bound of the gain of each vertex, then in random order.
    queue: BinaryHeap<(i64, usize, usize)>,
    ranks: Vec<usize>,
    /// The upper bound under which a vertex is in the queue; `None` if it is not there.
    upper_bounds: Vec<Option<i64>>,
    locked: Vec<bool>,
}

impl<'a, 'g> Pass<'a, 'g> {
    fn begin(split: &'a mut Split<'g>, bounds: &'a Bounds, rng: &mut Rng) -> Self {
        let count = split.graph.len();
        let mut ranks: Vec<usize> = (0..count).collect();
        rng.shuffle(&mut ranks);
        let mut pass = Self {
            split,
            bounds,
            queue: BinaryHeap::new(),
            ranks,
            upper_bounds: vec![None; count],
            locked: vec![false; count],
        };
        for vertex in 0..count {
            pass.raise_upper_bound(vertex, 0);
        }
        pass
    }

    /// Runs the pass and returns its gain.
    fn run(mut self) -> i64 {
        let mut moves: Vec<(usize, usize)> = Vec::new();
        let (mut gained, mut most, mut kept) = (0, 0, 0);
        while let Some((upper_bound, _, vertex)) = self.queue.pop() {
            if self.locked[vertex] || self.upper_bounds[vertex] != Some(upper_bound) {
                continue;
            }
            self.upper_bounds[vertex] = None;
            let Some(best) = self.best_move(vertex) else {
                continue;
            };
            if best.gain < upper_bound {
                self.enqueue(vertex, best.gain);
                continue;
            }
            let from = self.split.parts[vertex];
            self.split.shift(vertex, best.to);
            self.locked[vertex] = true;
            moves.push((vertex, from));
            gained += best.gain;
            if gained > most {
                (most, kept) = (gained, moves.len());
            } else if moves.len() - kept > PATIENCE {
                break;
            }
            self.update_neighbours(vertex, from, best.to);
        }
        for &(vertex, from) in moves[kept..].iter().rev() {
            self.split.shift(vertex, from);
        }
        most
    }

    fn best_move(&mut self, vertex: usize) -> Option<Move> {
        let (from, weight) = (self.split.parts[vertex], self.split.graph.weights[vertex]);
        self.split.best(vertex, |loads, to| {
            self.bounds.allow(weight, from, to, loads)
        })
    }

    fn enqueue(&mut self, vertex: usize, upper_bound: i64) {
        self.upper_bounds[vertex] = Some(upper_bound);
        self.queue.push((upper_bound, self.ranks[vertex], vertex));
    }

    /// Raises the upper bound of a vertex. The exact gain is computed once, when the turn of the vertex comes, and not
    /// after each move of a neighbour.
    fn raise_upper_bound(&mut self, vertex: usize, more: i64) {
        if self.locked[vertex] {
            return;
        }
        let upper_bound = match self.upper_bounds[vertex] {
            Some(upper_bound) => Some(upper_bound + more),
            None => self.best_move(vertex).map(|best| best.gain),
        };
        if let Some(upper_bound) = upper_bound {
            self.enqueue(vertex, upper_bound);
        }
    }

    /// Updates the vertices that may gain by a move.
    fn update_neighbours(&mut self, vertex: usize, from: usize, to: usize) {
        let graph = self.split.graph;
        for tie in graph.ties.row(vertex) {
            let part = self.split.parts[tie.vertex()];
            if part == from {
                self.raise_upper_bound(tie.vertex(), 2 * tie.cost());
            } else if part != to {
                self.raise_upper_bound(tie.vertex(), tie.cost());
            }
        }
        for &net in graph.nets.row(vertex) {
            let pins = graph.pins.row(net);
            let has_changed = self.split.pins(net, to) == 1 || self.split.pins(net, from) == 1;
            if has_changed && pins.len() <= SMALL_NET && graph.costs[net] > 0 {
                for &pin in pins {
                    self.raise_upper_bound(pin, graph.costs[net]);
                }
            }
        }
    }
}
