//! What a division left: a unit that was too much for its agent keeps a part of its claim, and the rest belongs to
//! other units. The claims stay disjoint, because files only move.

use crate::plan::UnitId;

/// A claim that a division made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DividedClaim {
    pub files: Vec<String>,
    /// The unit that the files came from; `None` for the unit that was divided itself.
    pub from: Option<UnitId>,
}

/// What became of the rest of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DividedInto {
    pub reason: String,
    pub units: Vec<UnitId>,
}

/// Returns the share of a number for so many of all files.
pub(crate) fn part_of(number: u64, files: usize, all: usize) -> u64 {
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    number.saturating_mul(wide(files)) / wide(all.max(1))
}
