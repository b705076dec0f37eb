//! Amounts of money, tokens and candidates that people set.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::as_text::as_text;

/// A limit in US dollars, written `20usd`, `$20` or `0.50usd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Budget {
    millionths: u64,
}

impl Budget {
    /// Returns the amount in dollars.
    #[must_use]
    pub(crate) fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "it was read from a float")]
        let millionths = self.millionths as f64;
        millionths / 1e6
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase();
        let number = word.strip_prefix('$').or_else(|| word.strip_suffix("usd"));
        number
            .and_then(|number| number.trim().parse::<f64>().ok())
            .map(|dollars| (dollars * 1e6).round())
            .filter(|millionths| (1.0..1e15).contains(millionths))
            .map(|millionths| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the range was checked"
                )]
                let millionths = millionths as u64;
                Self { millionths }
            })
            .ok_or_else(|| {
                format!("{text:?} is not an amount of money: write it like 20usd or 0.50usd")
            })
    }
}

impl fmt::Display for Budget {
    /// Writes the amount so that [`FromStr`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}usd", self.dollars())
    }
}

/// A number of tokens, written `500k`, `2M` or `1500000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tokens(pub u64);

impl FromStr for Tokens {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.trim();
        let (number, times) = match word.char_indices().next_back() {
            Some((end, 'k' | 'K')) => (&word[..end], 1_000),
            Some((end, 'm' | 'M')) => (&word[..end], 1_000_000),
            _ => (word, 1),
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(times))
            .filter(|number| *number > 0)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a number of tokens: write it like 500k or 2M"))
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number if number % 1_000_000 == 0 => write!(f, "{}M", number / 1_000_000),
            number if number % 1_000 == 0 => write!(f, "{}k", number / 1_000),
            number => write!(f, "{number}"),
        }
    }
}

as_text!(Budget, Tokens);

/// The limits of one agent on its unit. Without a limit it may use any amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct AgentCaps {
    /// How many exchanges with the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

impl AgentCaps {
    /// Returns each limit of `self`, or of `other` where `self` has none.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            turns: self.turns.or(other.turns),
            tokens: self.tokens.or(other.tokens),
            budget: self.budget.or(other.budget),
        }
    }

    /// Returns the lower of each two limits.
    #[must_use]
    pub(crate) fn lower_of(self, other: Self) -> Self {
        fn lower<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
            one.into_iter().chain(other).min()
        }
        Self {
            turns: lower(self.turns, other.turns),
            tokens: lower(self.tokens, other.tokens),
            budget: lower(self.budget, other.budget),
        }
    }
}

/// The number of candidates of each unit, 2 to 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub(crate) struct BestOf(pub u8);

impl FromStr for BestOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().parse().ok();
        number
            .filter(|number| (2..=9).contains(number))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a number of candidates: write 2 to 9"))
    }
}

impl TryFrom<u8> for BestOf {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        number.to_string().parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lower_of_two_limits_wins() {
        let caps = |tokens: Option<u64>, budget: Option<&str>| AgentCaps {
            turns: None,
            tokens: tokens.map(Tokens),
            budget: budget.and_then(|text| text.parse().ok()),
        };
        assert_eq!(
            caps(Some(5), Some("2usd")).lower_of(caps(None, Some("1usd"))),
            caps(Some(5), Some("1usd"))
        );
        assert_eq!(
            caps(None, None).lower_of(caps(Some(7), None)),
            caps(Some(7), None)
        );
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let dollars = |text: &str| text.parse::<Budget>().map(Budget::dollars);
        assert_eq!(dollars("20usd"), Ok(20.0));
        assert_eq!(dollars("$0.5"), Ok(0.5));
        assert_eq!(dollars("1.25 USD"), Ok(1.25));
        for wrong in ["20", "usd", "-1usd", "0usd", "20eur", "nanusd", "infusd"] {
            let error = dollars(wrong).unwrap_err();
            assert!(error.contains("write it like 20usd"), "{error}");
        }
        let tokens = |text: &str| text.parse::<Tokens>().map(|tokens| tokens.0);
        assert_eq!(tokens("500k"), Ok(500_000));
        assert_eq!(tokens("2M"), Ok(2_000_000));
        assert_eq!(tokens("7"), Ok(7));
        for wrong in ["", "0", "k", "2G", "-1", "99999999999999999999"] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn displayed_amounts_are_read_back(number in 1..1_000_000_000_000_u64) {
            let tokens = Tokens(number);
            prop_assert_eq!(tokens.to_string().parse(), Ok(tokens));
            let budget = Budget { millionths: number };
            prop_assert_eq!(budget.to_string().parse(), Ok(budget));
        }
    }
}
