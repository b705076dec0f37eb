//! The number of units that a plan may have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The number of units that a plan may have, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitRange {
    min: usize,
    max: usize,
}

impl UnitRange {
    /// Nobody reviews more units than this: a larger number is a typing error.
    pub const MAX: usize = 500;

    /// Makes the range from `min` to `max` units.
    ///
    /// # Errors
    /// When there is no number between them, or one of them is 0 or above [`Self::MAX`].
    pub fn new(min: usize, max: usize) -> Result<Self, String> {
        if min == 0 || max > Self::MAX {
            return Err(format!("a plan has 1 to {} units", Self::MAX));
        }
        if min > max {
            return Err(format!(
                "the range {min}..{max} is empty: write the smaller number first"
            ));
        }
        Ok(Self { min, max })
    }

    /// Makes a range of exactly this many units, but at least one.
    #[must_use]
    pub fn exactly(units: usize) -> Self {
        let units = units.clamp(1, Self::MAX);
        Self {
            min: units,
            max: units,
        }
    }

    /// Returns the range that is left when this many units exist already; at least one unit.
    #[must_use]
    pub(crate) fn reduced_by(self, units: usize) -> Self {
        Self {
            min: self.min.saturating_sub(units).max(1),
            max: self.max.saturating_sub(units).max(1),
        }
    }

    /// Returns the smallest number of units.
    #[must_use]
    pub fn min(self) -> usize {
        self.min
    }

    /// Returns the largest number of units.
    #[must_use]
    pub fn max(self) -> usize {
        self.max
    }
}

impl Default for UnitRange {
    /// 5 to 30 units: small enough each, and few enough to review.
    fn default() -> Self {
        Self { min: 5, max: 30 }
    }
}

impl FromStr for UnitRange {
    type Err = String;

    /// Reads `12`, `5..30` or `5-30`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            part.trim().parse::<usize>().map_err(|_| {
                format!(
                    "{text:?} is not a number of units: write one number, or a range like 5..30"
                )
            })
        };
        match text.split_once("..").or_else(|| text.split_once('-')) {
            Some((min, max)) => Self::new(number(min)?, number(max.trim_start_matches('='))?),
            None => Self::new(number(text)?, number(text)?),
        }
    }
}

impl fmt::Display for UnitRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.min)
        } else {
            write!(f, "{}..{}", self.min, self.max)
        }
    }
}

impl Serialize for UnitRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnitRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Self::new(number, number),
            Written::Text(text) => text.parse(),
        }
        .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_units_is_one_number_or_a_range() {
        let range = |text: &str| {
            text.parse::<UnitRange>()
                .map(|range| (range.min(), range.max()))
        };
        assert_eq!(range("12"), Ok((12, 12)));
        assert_eq!(range("5..30"), Ok((5, 30)));
        assert_eq!(range("5-30"), Ok((5, 30)));
        for wrong in ["0", "30..5", "501", "x", "", "5.."] {
            assert!(range(wrong).is_err(), "{wrong:?}");
        }
    }
}
