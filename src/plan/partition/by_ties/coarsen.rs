//! Coarsens a graph: vertices that belong together become one, so that a good split of the coarse graph is a good start
//! for a split of the whole graph.

use fastrand::Rng;

use super::graph::{Clusters, Graph};

/// Joins each vertex with the neighbour that has the strongest tie for its weight. No cluster weighs more than `most`,
/// and vertices of different `parts` are never joined.
pub(super) fn clusters(
    graph: &Graph,
    parts: Option<&[usize]>,
    most: u64,
    rng: &mut Rng,
) -> Clusters {
    let mut order: Vec<usize> = (0..graph.len()).collect();
    rng.shuffle(&mut order);
    // The leader of each vertex's cluster. A leader never joins another cluster, so no vertex needs a second leader.
    let mut leaders: Vec<usize> = (0..graph.len()).collect();
    let mut weights = graph.weights.clone();
    let mut settled = vec![false; graph.len()];
    let mut pull = vec![0_i64; graph.len()];
    let mut near: Vec<usize> = Vec::new();
    for vertex in order {
        if settled[vertex] {
            continue;
        }
        for (other, strength) in neighbours(graph, vertex) {
            let leader = leaders[other];
            if pull[leader] == 0 {
                near.push(leader);
            }
            pull[leader] += strength;
        }
        let mut best: Option<(i64, usize)> = None;
        for leader in near.drain(..) {
            let strength = std::mem::take(&mut pull[leader]);
            let is_apart = parts.is_some_and(|parts| parts[leader] != parts[vertex]);
            if leader == vertex || is_apart || weights[leader] + graph.weights[vertex] > most {
                continue;
            }
            let better = best.is_none_or(|(most, other)| {
                i128::from(strength) * i128::from(weights[other])
                    > i128::from(most) * i128::from(weights[leader])
            });
            if better {
                best = Some((strength, leader));
            }
        }
        if let Some((_, leader)) = best {
            leaders[vertex] = leader;
            weights[leader] += graph.weights[vertex];
            settled[vertex] = true;
            settled[leader] = true;
        }
    }
    numbered(&leaders)
}

/// Returns the tied vertices, and the adjacent vertices in each net. A net may be too large to return all of its
/// vertices.
fn neighbours(graph: &Graph, vertex: usize) -> impl Iterator<Item = (usize, i64)> {
    let tied = graph.ties.row(vertex).iter();
    let beside = graph.nets.row(vertex).iter().flat_map(move |&net| {
        let pins = graph.pins.row(net);
        let place = pins.partition_point(|&pin| pin < vertex);
        let others = [place.checked_sub(1), Some(place + 1)];
        let strength = 1 + graph.costs[net] / i64::try_from(pins.len()).unwrap_or(i64::MAX);
        others
            .into_iter()
            .filter_map(move |at| Some((*pins.get(at?)?, strength)))
    });
    tied.map(|tie| (tie.vertex(), tie.cost())).chain(beside)
}

fn numbered(leaders: &[usize]) -> Clusters {
    let mut numbers = vec![None; leaders.len()];
    let mut count = 0;
    let of = leaders
        .iter()
        .map(|&leader| {
            *numbers[leader].get_or_insert_with(|| {
                count += 1;
                count - 1
            })
        })
        .collect();
    Clusters { of, count }
}
