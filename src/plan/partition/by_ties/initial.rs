//! Makes the first split of a small graph by recursive bisection.

use std::collections::BinaryHeap;

use fastrand::Rng;

use super::bounds::{Bounds, balance};
use super::graph::Graph;
use super::levels::{Levels, descend};
use super::refine::refine;
use super::split::Split;

/// The best of this many bisections counts, each made from the best of several starts.
const HALVINGS: usize = 4;
const STARTS: usize = 6;
/// A graph of at most this many vertices is bisected without coarsening.
const FEW: usize = 20;
const PASSES: usize = 6;
/// How far a part may end up from its share, in thousandths.
const SLACK: u64 = 100;
/// How many vertices of the first net are considered when a half grows.
const LOOKED_AT: usize = 64;

/// Returns a part for each vertex. The parts weigh about the same, but may be outside all bounds.
pub(super) fn initial(graph: &Graph, parts: usize, rng: &mut Rng) -> Vec<usize> {
    let mut found = vec![0; graph.len()];
    let halvings = u64::from(parts.next_power_of_two().trailing_zeros().max(1));
    let all: Vec<usize> = (0..graph.len()).collect();
    let mut open = vec![(all, 0..parts)];
    while let Some((vertices, parts)) = open.pop() {
        if parts.len() < 2 {
            for vertex in vertices {
                found[vertex] = parts.start;
            }
            continue;
        }
        let middle = parts.start + parts.len() / 2;
        let shares = [middle - parts.start, parts.end - middle];
        // Deviations add up over the nested bisections.
        let halves = halve(&graph.part(&vertices), shares, SLACK / halvings, rng);
        let (left, right): (Vec<usize>, Vec<usize>) =
            (0..vertices.len()).partition(|&at| halves[at] == 0);
        let named = |half: Vec<usize>| half.into_iter().map(|at| vertices[at]).collect();
        open.push((named(left), parts.start..middle));
        open.push((named(right), middle..parts.end));
    }
    found
}

fn halve(graph: &Graph, shares: [usize; 2], slack: u64, rng: &mut Rng) -> Vec<usize> {
    let left = graph.weight() / (shares[0] + shares[1]) as u64 * shares[0] as u64;
    let bounds = Bounds::near([left, graph.weight() - left], slack);
    best_of(HALVINGS, graph, &bounds, || {
        let levels = Levels::new(graph, None, FEW, graph.weight() / FEW as u64 * 2, rng);
        let coarsest = levels.coarsest(graph);
        let start = best_of(STARTS, coarsest, &bounds, || {
            let mut split = grow(coarsest, left, rng);
            balance(&mut split, &bounds);
            refine(&mut split, &bounds, PASSES, rng);
            split.parts
        });
        descend(graph, &levels, start, 2, &bounds, PASSES, rng)
    })
}

/// Returns the cheapest of several tries, and one within the bounds if there is any.
fn best_of(
    tries: usize,
    graph: &Graph,
    bounds: &Bounds,
    mut halves: impl FnMut() -> Vec<usize>,
) -> Vec<usize> {
    (0..tries)
        .map(|_| {
            let split = Split::new(graph, halves(), 2);
            let rank = (!bounds.hold(&split.loads), split.cost());
            (rank, split.parts)
        })
        .min_by_key(|(rank, _)| *rank)
        .map_or_else(Vec::new, |(_, parts)| parts)
}

/// Grows part 0 from one vertex, always by the cheapest neighbour, until it weighs enough.
fn grow<'g>(graph: &'g Graph, enough: u64, rng: &mut Rng) -> Split<'g> {
    let mut split = Split::new(graph, vec![1; graph.len()], 2);
    let mut seeds: Vec<usize> = (0..graph.len()).collect();
    rng.shuffle(&mut seeds);
    let mut queue: BinaryHeap<(i64, usize)> = BinaryHeap::new();
    while split.loads[0] < enough {
        let next = queue.pop().map(|(_, vertex)| vertex);
        let Some(vertex) = next.or_else(|| seeds.pop()) else {
            break;
        };
        if split.parts[vertex] == 0 {
            continue;
        }
        split.shift(vertex, 0);
        let tied = graph.ties.row(vertex).iter().map(|tie| tie.vertex());
        let nets = graph.nets.row(vertex).first();
        let beside = nets.map_or(&[][..], |&net| graph.pins.row(net));
        for other in tied.chain(beside.iter().copied().take(LOOKED_AT)) {
            if split.parts[other] == 1 {
                queue.push((split.gain(other, 0), other));
            }
        }
    }
    split
}
