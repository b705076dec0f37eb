//! Durations and rates, as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::as_text::as_text;

/// A time limit, written `30m`, `90s` or `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub Duration);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?} is not a length of time: write it like 90s, 30m or 1h30m")
            })
    }
}

impl fmt::Display for Limit {
    /// Writes the limit so that [`FromStr`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX);
        write!(f, "{span:#}")
    }
}

/// A rate, written `10/h`, `3/m` or `40/d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    count: u32,
    per: char,
}

impl Rate {
    /// Returns the time between two.
    #[must_use]
    pub(crate) fn interval(self) -> Duration {
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
        let fault = || format!("{text:?} is not a pace: write it like 10/h, 3/m or 40/d");
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

as_text!(Limit, Rate);

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
            assert_eq!(rate.interval(), Duration::from_secs(seconds), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        for text in ["", "10", "0/h", "10/y", "-1/h", "h/10"] {
            assert!(text.parse::<Rate>().unwrap_err().contains("10/h"), "{text}");
        }
    }

    #[test]
    fn limits_are_read_as_people_write_them() {
        let seconds = |text: &str| text.parse::<Limit>().map(|limit| limit.0.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("30m"), Ok(1800));
        assert_eq!(seconds("1h30m"), Ok(5400));
        for wrong in ["", "30", "0s", "-5m", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
