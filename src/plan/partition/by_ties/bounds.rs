//! Bounds for the weight of each part, and the steps that bring a split within them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::split::Split;

/// In percent of the mean.
const LEAST: u64 = 70;
const MOST: u64 = 110;

/// The least and the most that each part may weigh.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    least: Vec<u64>,
    most: Vec<u64>,
}

impl Bounds {
    /// From 0.7 to 1.1 times the mean. The bounds are wider where `loads`, which are known to be possible, are outside.
    pub(crate) fn around_mean(loads: &[u64]) -> Self {
        let parts = loads.len() as u64;
        let total: u128 = loads.iter().map(|&load| u128::from(load)).sum();
        let percent = |of: u64| {
            u64::try_from(total * u128::from(of) / 100 / u128::from(parts)).unwrap_or(u64::MAX)
        };
        let least = loads.iter().copied().min().unwrap_or(0);
        let most = loads.iter().copied().max().unwrap_or(0);
        Self {
            least: vec![least.min(percent(LEAST) + 1); loads.len()],
            most: vec![most.max(percent(MOST)); loads.len()],
        }
    }

    /// At most this many thousandths away from these loads.
    pub(crate) fn near(loads: [u64; 2], thousandths: u64) -> Self {
        let slack = loads.map(|load| load / 1_000 * thousandths);
        Self {
            least: vec![loads[0] - slack[0], loads[1] - slack[1]],
            most: vec![loads[0] + slack[0], loads[1] + slack[1]],
        }
    }

    pub(crate) fn hold(&self, loads: &[u64]) -> bool {
        (0..loads.len()).all(|part| !self.is_over(part, loads) && !self.is_under(part, loads))
    }

    /// Checks whether this weight may move from one part to the other.
    pub(crate) fn allow(&self, weight: u64, from: usize, to: usize, loads: &[u64]) -> bool {
        loads[to] + weight <= self.most[to] && loads[from] >= self.least[from] + weight
    }

    fn is_over(&self, part: usize, loads: &[u64]) -> bool {
        loads[part] > self.most[part]
    }

    fn is_under(&self, part: usize, loads: &[u64]) -> bool {
        loads[part] < self.least[part]
    }
}

/// Assigns a part to each weight, so that the parts weigh about the same: the heaviest first, each into the lightest
/// part.
pub(super) fn evenly(weights: &[u64], parts: usize) -> (Vec<usize>, Vec<u64>) {
    let mut heaviest_first: Vec<usize> = (0..weights.len()).collect();
    heaviest_first.sort_by_key(|&at| Reverse(weights[at]));
    let mut lightest: BinaryHeap<Reverse<(u64, usize)>> =
        (0..parts).map(|part| Reverse((0, part))).collect();
    let mut of = vec![0; weights.len()];
    let mut loads = vec![0; parts];
    for at in heaviest_first {
        if let Some(Reverse((load, part))) = lightest.pop() {
            of[at] = part;
            loads[part] = load + weights[at];
            lightest.push(Reverse((loads[part], part)));
        }
    }
    (of, loads)
}

/// Moves vertices out of parts that are too heavy and into parts that are too light, starting with the lowest cost for
/// the weight. It ends when no move helps, so the bounds may not hold afterwards.
pub(super) fn balance(split: &mut Split<'_>, bounds: &Bounds) {
    let parts = split.loads.len();
    // A move looks at all vertices of one part or more. A split that needs more moves than this is a bad start.
    for _ in 0..8 * parts + 64 {
        let loads = &split.loads;
        let over = (0..parts)
            .filter(|&part| bounds.is_over(part, loads))
            .max_by_key(|&part| (loads[part] - bounds.most[part], Reverse(part)));
        let under = (0..parts)
            .filter(|&part| bounds.is_under(part, loads))
            .max_by_key(|&part| (bounds.least[part] - loads[part], Reverse(part)));
        let step = match (over, under) {
            (Some(part), _) => relief(split, bounds, part),
            (None, Some(part)) => supply(split, bounds, part),
            (None, None) => return,
        };
        let Some((vertex, to)) = step else { return };
        split.shift(vertex, to);
    }
}

/// Returns the best move out of a part.
fn relief(split: &mut Split<'_>, bounds: &Bounds, part: usize) -> Option<(usize, usize)> {
    let mut cheapest = Cheapest::default();
    for vertex in 0..split.graph.len() {
        if split.parts[vertex] != part {
            continue;
        }
        let weight = split.graph.weights[vertex];
        let fits = |loads: &[u64], to: usize| loads[to] + weight <= bounds.most[to];
        let best = split.best(vertex, fits).map(|best| (best.gain, best.to));
        let found = best.or_else(|| {
            let to = (0..split.loads.len()).min_by_key(|&to| split.loads[to])?;
            (to != part && fits(&split.loads, to)).then(|| (split.gain(vertex, to), to))
        });
        if let Some((gain, to)) = found {
            cheapest.consider(gain, weight, (vertex, to));
        }
    }
    cheapest.step()
}

/// Returns the best move into a part.
fn supply(split: &mut Split<'_>, bounds: &Bounds, part: usize) -> Option<(usize, usize)> {
    let mut cheapest = Cheapest::default();
    for vertex in 0..split.graph.len() {
        let (from, weight) = (split.parts[vertex], split.graph.weights[vertex]);
        if from != part && bounds.allow(weight, from, part, &split.loads) {
            cheapest.consider(split.gain(vertex, part), weight, (vertex, part));
        }
    }
    cheapest.step()
}

/// The move with the highest gain for its weight.
#[derive(Default)]
struct Cheapest(Option<(i64, u64, (usize, usize))>);

impl Cheapest {
    fn consider(&mut self, gain: i64, weight: u64, step: (usize, usize)) {
        let better = self.0.is_none_or(|(most, its_weight, _)| {
            i128::from(gain) * i128::from(its_weight) > i128::from(most) * i128::from(weight)
        });
        if better {
            self.0 = Some((gain, weight, step));
        }
    }

    fn step(self) -> Option<(usize, usize)> {
        self.0.map(|(_, _, step)| step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::partition::by_ties::graph::Graph;

    #[test]
    fn the_heaviest_goes_first_into_the_lightest_part() {
        let (parts, loads) = evenly(&[1, 9, 3, 3, 2], 2);
        assert_eq!(loads, [9, 9]);
        assert_eq!(parts, [1, 0, 1, 1, 1]);
    }

    #[test]
    fn impossible_bounds_are_widened() {
        let bounds = Bounds::around_mean(&[100, 100, 100]);
        assert!(bounds.hold(&[110, 110, 80]));
        assert!(!bounds.hold(&[111, 110, 79]));
        assert!(!bounds.hold(&[110, 121, 69]));
        assert!(Bounds::around_mean(&[4, 1, 1]).hold(&[4, 1, 1]));
    }

    #[test]
    fn parts_are_balanced_at_the_least_cost() {
        // The last four vertices, except the very last, are tied to the first part.
        let ties: Vec<(usize, usize, i64)> = (6..9).map(|vertex| (0, vertex, 5)).collect();
        let graph = Graph::new(vec![1; 10], &ties, &[]);
        let mut split = Split::new(&graph, vec![0, 0, 0, 1, 1, 1, 0, 0, 0, 0], 2);
        let bounds = Bounds::around_mean(&[5, 5]);
        balance(&mut split, &bounds);
        assert!(bounds.hold(&split.loads));
        assert_eq!(split.cost(), 0);
    }
}
