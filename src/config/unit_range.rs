//! How many units a plan may have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How many units a plan may have, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitRange {
    min: usize,
    max: usize,
}

impl UnitRange {
    /// More units than anybody reviews: a larger number is a slip of the hand.
    pub const MOST: usize = 500;

    /// From `min` to `max` units.
    ///
    /// # Errors
    /// When there is no number between them, or one of them is 0 or above [`Self::MOST`].
    pub fn new(min: usize, max: usize) -> Result<Self, String> {
        if min == 0 || max > Self::MOST {
            return Err(format!("a plan has 1 to {} units", Self::MOST));
        }
        if min > max {
            return Err(format!(
                "{min}..{max} holds no number: write the smaller one first"
            ));
        }
        Ok(Self { min, max })
    }

    /// Just so many units, but no fewer than one.
    #[must_use]
    pub fn exactly(units: usize) -> Self {
        let units = units.clamp(1, Self::MOST);
        Self {
            min: units,
            max: units,
        }
    }

    /// What is left of the range when so many units are there already; at least one unit.
    #[must_use]
    pub fn without(self, units: usize) -> Self {
        Self {
            min: self.min.saturating_sub(units).max(1),
            max: self.max.saturating_sub(units).max(1),
        }
    }

    /// The fewest units.
    #[must_use]
    pub fn min(self) -> usize {
        self.min
    }

    /// The most units.
    #[must_use]
    pub fn max(self) -> usize {
        self.max
    }
}

impl Default for UnitRange {
    /// 5 to 30: enough to be small, few enough to be reviewed.
    fn default() -> Self {
        Self { min: 5, max: 30 }
    }
}

impl FromStr for UnitRange {
    type Err = String;

    /// `12`, `5..30` or `5-30`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            part.trim().parse::<usize>().map_err(|_| {
                format!("{text:?} is no number of units: write one number, or a range like 5..30")
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
