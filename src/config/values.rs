//! Values that people write in more than one place: a span of time, a number of units.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How long something may take, written `30m`, `90s`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub Duration);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is no length of time: write it like 90s, 30m or 1h30m")
            })
    }
}

impl fmt::Display for Limit {
    /// As people write it; [`FromStr`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX);
        write!(f, "{span:#}")
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// So many in so much time, written `10/h`, `3/m`, `40/d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    per: char,
}

impl Rate {
    /// The time that each has.
    #[must_use]
    pub fn each(self) -> Duration {
        let per = match self.per {
            'm' => Duration::from_mins(1),
            'd' => Duration::from_hours(24),
            _ => Duration::from_hours(1),
        };
        per / self.count
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("{text:?} is no pace: write it like 10/h, 3/m or 40/d");
        let (count, per) = text.split_once('/').ok_or_else(fault)?;
        let count = count.trim().parse().ok().filter(|count| *count > 0);
        let per = match per.trim() {
            "m" | "min" => 'm',
            "h" => 'h',
            "d" => 'd',
            _ => return Err(fault()),
        };
        count.map(|count| Self { count, per }).ok_or_else(fault)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.per)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// What the units are made by, when not by all that ties files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Never mix files of different owners (by CODEOWNERS)
    Owner,
    /// Keep folders whole, whatever the files import
    Folder,
}

/// In which order units are worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// None waits for another
    #[default]
    None,
    /// A unit starts from the work of those whose files it imports
    Deps,
}

/// How the commits of a pull request come into its base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MergeMethod {
    /// By a commit that joins both
    #[default]
    Merge,
    /// As one commit
    Squash,
    /// Each on top of the base
    Rebase,
}

impl MergeMethod {
    /// In one word.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }
}

/// Who says which units there are to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Planner {
    /// The agent if it is a coding agent, else the graph
    #[default]
    Auto,
    /// The agent, which is asked for a proposal
    Agent,
    /// What the files import of each other
    Graph,
}

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
    fn a_pace_is_a_number_in_a_time() {
        for (text, seconds) in [
            ("10/h", 360),
            ("3/m", 20),
            ("1/d", 86_400),
            (" 2 / min", 30),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.each(), Duration::from_secs(seconds), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        for text in ["", "10", "0/h", "10/y", "-1/h", "h/10"] {
            assert!(text.parse::<Rate>().unwrap_err().contains("10/h"), "{text}");
        }
    }

    #[test]
    fn limits_read_like_people_write_them() {
        let seconds = |text: &str| text.parse::<Limit>().map(|limit| limit.0.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("30m"), Ok(1800));
        assert_eq!(seconds("1h30m"), Ok(5400));
        for wrong in ["", "30", "0s", "-5m", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }

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
