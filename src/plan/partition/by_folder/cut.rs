//! Chooses where to cut the row of cells: the cheapest of all cuttings, by the cost of each unit and each cut.
//!
//! Costs are in thousandths. Two folders of about two fifths of a share cost the same together and apart: larger ones
//! stay apart, smaller ones are gathered. Size costs are relative to the share, so that cuttings into different numbers
//! of units can be compared; the bound is relative to the mean of each cutting.

use std::ops::{Range, RangeInclusive};

use super::layout::Cell;

/// The cost of a unit that holds several folders but not all of their parent folder.
const GATHERED: u64 = 1_700;
/// The cost of each end at which a unit takes a piece of a folder together with something outside it.
const MIXED: u64 = 6_000;
/// The cost of each unit below the number of shares: as much as the cut of a folder that the unit saves.
const MISSING: u64 = 2_000;
/// At most this many numbers of units are tried, and fewer where many cells would make it slow.
const TRIES: usize = 16;
/// The total number of steps. A try takes about as many steps as there are pairs of cells.
const STEPS: usize = 40_000_000;

/// Returns the stretches of the best cutting into a number of units within the range.
pub(super) fn best(
    cells: &[Cell],
    share: u64,
    range: RangeInclusive<usize>,
    target: usize,
) -> Vec<Range<usize>> {
    let tries = (STEPS / cells.len().pow(2)).clamp(1, TRIES);
    let step = (range.end() - range.start()).div_ceil(tries).max(1);
    let mut numbers: Vec<usize> = range.clone().step_by(step).chain([target]).collect();
    numbers.retain(|number| range.contains(number));
    // Of equals, the number nearest to the number of shares.
    numbers.sort_by_key(|number| (number.abs_diff(target), *number));
    numbers.dedup();
    let mut best: Option<(u64, Vec<Range<usize>>)> = None;
    for units in numbers {
        let missing = MISSING * target.saturating_sub(units) as u64;
        let Some((cost, stretches)) = within_bounds(cells, share, units) else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|(least, _)| cost + missing < *least)
        {
            best = Some((cost + missing, stretches));
        }
    }
    best.map_or_else(Vec::new, |(_, stretches)| stretches)
}

/// Returns the cheapest cutting into this many units within the bound. A bound of the mean plus the heaviest cell is
/// always possible: cut where the sum of the weights passes a multiple of the mean.
fn within_bounds(cells: &[Cell], share: u64, units: usize) -> Option<(u64, Vec<Range<usize>>)> {
    let mean = cells.iter().map(|cell| cell.weight).sum::<u64>() / units as u64;
    let heaviest = cells.iter().map(|cell| cell.weight).max().unwrap_or(0);
    // Two more, because the mean is rounded down.
    [heaviest.max(mean * 7 / 4 + 2), mean + heaviest + 2]
        .into_iter()
        .find_map(|most| cheapest(cells, share, units, most))
}

/// Returns the cheapest cutting into this many units in which no unit weighs more than `most`.
fn cheapest(
    cells: &[Cell],
    share: u64,
    units: usize,
    most: u64,
) -> Option<(u64, Vec<Range<usize>>)> {
    const NEVER: u64 = u64::MAX / 2;
    // Row `end` holds, for each number of units, the least cost of the cells before `end` and the last cut.
    let width = units + 1;
    let mut costs = vec![NEVER; (cells.len() + 1) * width];
    let mut cuts = vec![0_usize; costs.len()];
    costs[0] = 0;
    for end in 1..=cells.len() {
        let (before, at_end) = costs.split_at_mut(end * width);
        let mut unit = Unit::empty();
        for start in (0..end).rev() {
            unit.extend(&cells[start]);
            if unit.weight > most {
                break;
            }
            let after = cells.get(end).map_or(0, |cell| cell.shared);
            let cost = cells[start].price + unit.cost(cells[start].shared, after, share);
            for made in 0..units.min(start + 1) {
                let total = before[start * width + made] + cost;
                if total < at_end[made + 1] {
                    at_end[made + 1] = total;
                    cuts[end * width + made + 1] = start;
                }
            }
        }
    }
    let cost = costs[cells.len() * width + units];
    if cost >= NEVER {
        return None;
    }
    let mut end = cells.len();
    let mut stretches: Vec<Range<usize>> = (1..=units)
        .rev()
        .map(|made| {
            let start = cuts[end * width + made];
            let stretch = start..end;
            end = start;
            stretch
        })
        .collect();
    stretches.reverse();
    Some((cost, stretches))
}

/// A stretch that grows to the left.
struct Unit {
    weight: u64,
    /// The level of the deepest folder that holds the whole stretch.
    common: usize,
    deepest: usize,
    /// The level that the stretch shares with the cell before it.
    shared: usize,
}

impl Unit {
    fn empty() -> Self {
        Self {
            weight: 0,
            common: usize::MAX,
            deepest: 0,
            shared: usize::MAX,
        }
    }

    fn extend(&mut self, cell: &Cell) {
        self.common = self.common.min(self.shared).min(cell.common);
        self.weight += cell.weight;
        self.deepest = self.deepest.max(cell.deepest);
        self.shared = cell.shared;
    }

    fn cost(&self, before: usize, after: usize, share: u64) -> u64 {
        let shares = self.weight.saturating_mul(1_000) / share.max(1);
        let off = shares.abs_diff(1_000).min(100_000);
        // A unit that is too large is worse than one that is quickly reviewed.
        let size = off * off * if shares > 1_000 { 3 } else { 2 } / 1_000;
        let whole = before < self.common && after < self.common;
        let gathered = if !whole && self.deepest > self.common {
            GATHERED
        } else {
            0
        };
        let ends = u64::from(before > self.common) + u64::from(after > self.common);
        size + gathered + ends * MIXED
    }
}
