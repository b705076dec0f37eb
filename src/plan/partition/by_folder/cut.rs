//! Where to cut the row of cells: the cheapest of all cuttings, by what each unit and each cut costs.
//!
//! Costs are in thousandths. Two folders of about two fifths of a share cost as much gathered as they do alone: larger
//! ones stand alone, smaller ones are gathered. All costs of size are measured by the share, so that they can be
//! compared between cuttings into different numbers of units; the bound is measured by the mean of each cutting.

use std::ops::{Range, RangeInclusive};

use super::layout::Cell;

/// What a unit of several folders costs that is not all of the folder they are in.
const GATHERED: u64 = 1_700;
/// What each end costs at which a unit takes a piece of a folder and something outside it.
const MIXED: u64 = 6_000;
/// What each unit costs that is missing from the number of shares: as much as the cut of a folder that it saves.
const MISSING: u64 = 2_000;
/// So many numbers of units are tried at most, and fewer where there are so many cells that it would take long.
const TRIES: usize = 16;
/// A try takes about as many steps as there are pairs of cells; so many are spent on all of them.
const STEPS: usize = 40_000_000;

/// The stretches of the best cutting into a number of units within the range.
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
    // Between equals, the number nearest to that of the shares.
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

/// The cheapest cutting into so many units within the bound. A bound of the mean and the heaviest cell can always be
/// kept: cut where the sum of the weights passes a multiple of the mean.
fn within_bounds(cells: &[Cell], share: u64, units: usize) -> Option<(u64, Vec<Range<usize>>)> {
    let mean = cells.iter().map(|cell| cell.weight).sum::<u64>() / units as u64;
    let heaviest = cells.iter().map(|cell| cell.weight).max().unwrap_or(0);
    // Two more, because the mean is rounded down.
    [heaviest.max(mean * 7 / 4 + 2), mean + heaviest + 2]
        .into_iter()
        .find_map(|most| cheapest(cells, share, units, most))
}

/// The cheapest cutting into so many units of which none weighs more than `most`.
fn cheapest(
    cells: &[Cell],
    share: u64,
    units: usize,
    most: u64,
) -> Option<(u64, Vec<Range<usize>>)> {
    const NEVER: u64 = u64::MAX / 2;
    // The row `end` holds, for each number of units, the least cost of the cells before `end` and the last cut.
    let width = units + 1;
    let mut costs = vec![NEVER; (cells.len() + 1) * width];
    let mut cuts = vec![0_usize; costs.len()];
    costs[0] = 0;
    for end in 1..=cells.len() {
        let (before, at_end) = costs.split_at_mut(end * width);
        let mut unit = Unit::default();
        for start in (0..end).rev() {
            unit.extend(&cells[start], start + 1 < end);
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
#[derive(Default)]
struct Unit {
    weight: u64,
    /// The level of the deepest folder that holds all of it.
    common: usize,
    deepest: usize,
    /// The level that it shares with the cell before it.
    shared: usize,
}

impl Unit {
    fn extend(&mut self, cell: &Cell, further: bool) {
        self.common = if further {
            self.common.min(self.shared).min(cell.common)
        } else {
            cell.common
        };
        self.weight += cell.weight;
        self.deepest = self.deepest.max(cell.deepest);
        self.shared = cell.shared;
    }

    fn cost(&self, before: usize, after: usize, share: u64) -> u64 {
        let shares = self.weight.saturating_mul(1_000) / share.max(1);
        let off = shares.abs_diff(1_000).min(100_000);
        // Work that is too much is worse than a unit that is soon reviewed.
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
