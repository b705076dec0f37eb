//! When units are published, and how many of them must succeed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// When finished units are published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PublishWhen {
    /// Publish each unit as soon as it is done
    #[default]
    AsReady,
    /// Publish all units together at the end, if enough of them succeeded
    AfterAll,
    /// Like after-all, once all that succeeded passes the checks together; what breaks the others is held
    AfterUnion,
}

/// How many units must succeed: a number, or a percentage of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MinSuccess {
    Count(usize),
    Percent(u8),
}

impl MinSuccess {
    /// Returns how many of `units` must succeed.
    #[must_use]
    pub(crate) fn required(self, units: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (units * usize::from(percent)).div_ceil(100),
        }
    }
}

impl FromStr for MinSuccess {
    type Err = String;

    /// Reads `12` or `80%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "{text:?} is not a number of units: write a number from 1, or a percentage like 80%"
            )
        };
        match text.trim().strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|percent| (1..=100).contains(percent))
                .map(Self::Percent),
            None => text
                .trim()
                .parse()
                .ok()
                .filter(|count| *count > 0)
                .map(Self::Count),
        }
        .ok_or_else(fault)
    }
}

impl fmt::Display for MinSuccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl Serialize for MinSuccess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MinSuccess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(usize),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_up() {
        let of = |text: &str, units| {
            text.parse::<MinSuccess>()
                .map(|least| least.required(units))
        };
        assert_eq!(of("80%", 7), Ok(6));
        assert_eq!(of("100%", 7), Ok(7));
        assert_eq!(of("1%", 7), Ok(1));
        assert_eq!(of("3", 7), Ok(3));
        for wrong in ["0", "0%", "101%", "most", "", "-1", "%"] {
            assert!(of(wrong, 7).is_err(), "{wrong:?}");
        }
    }
}
