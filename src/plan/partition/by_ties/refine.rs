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
    hopes: Vec<Option<i64>>,
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
            hopes: vec![None; count],
            locked: vec![false; count],
        };
        for vertex in 0..count {
            pass.hope(vertex, 0);
        }
        pass
    }

    /// Runs the pass and returns its gain.
    fn run(mut self) -> i64 {
        let mut moves: Vec<(usize, usize)> = Vec::new();
        let (mut gained, mut most, mut kept) = (0, 0, 0);
        while let Some((hope, _, vertex)) = self.queue.pop() {
            if self.locked[vertex] || self.hopes[vertex] != Some(hope) {
                continue;
            }
            self.hopes[vertex] = None;
            let Some(best) = self.look(vertex) else {
                continue;
            };
            if best.gain < hope {
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
            self.tell(vertex, from, best.to);
        }
        for &(vertex, from) in moves[kept..].iter().rev() {
            self.split.shift(vertex, from);
        }
        most
    }

    fn look(&mut self, vertex: usize) -> Option<Move> {
        let (from, weight) = (self.split.parts[vertex], self.split.graph.weights[vertex]);
        self.split.best(vertex, |loads, to| {
            self.bounds.allow(weight, from, to, loads)
        })
    }

    fn enqueue(&mut self, vertex: usize, hope: i64) {
        self.hopes[vertex] = Some(hope);
        self.queue.push((hope, self.ranks[vertex], vertex));
    }

    /// Raises the upper bound of a vertex. The exact gain is computed once, when the turn of the vertex comes, and not
    /// after each move of a neighbour.
    fn hope(&mut self, vertex: usize, more: i64) {
        if self.locked[vertex] {
            return;
        }
        let hope = match self.hopes[vertex] {
            Some(hope) => Some(hope + more),
            None => self.look(vertex).map(|best| best.gain),
        };
        if let Some(hope) = hope {
            self.enqueue(vertex, hope);
        }
    }

    /// Updates the vertices that may gain by a move.
    fn tell(&mut self, vertex: usize, from: usize, to: usize) {
        let graph = self.split.graph;
        for tie in graph.ties.row(vertex) {
            let part = self.split.parts[tie.vertex()];
            if part == from {
                self.hope(tie.vertex(), 2 * tie.cost());
            } else if part != to {
                self.hope(tie.vertex(), tie.cost());
            }
        }
        for &net in graph.nets.row(vertex) {
            let pins = graph.pins.row(net);
            let has_news = self.split.pins(net, to) == 1 || self.split.pins(net, from) == 1;
            if has_news && pins.len() <= SMALL_NET && graph.costs[net] > 0 {
                for &pin in pins {
                    self.hope(pin, graph.costs[net]);
                }
            }
        }
    }
}
