//! What an agent used up: turns, tokens, money. What it does not tell stays unknown; nothing is guessed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What one agent used up on one task, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Exchanges with the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Tokens that the model read, those out of a cache included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Those of `input_tokens` that came out of a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
    /// Tokens that the model wrote, its thoughts included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// Money, and how we come to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub usd: Usd,
    pub source: CostSource,
}

/// Who says what something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostSource {
    /// The agent's own program.
    Agent,
    /// The table of prices, from the tokens.
    Prices,
}

/// An amount of US dollars, exact to a millionth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    micros: u64,
}

impl Usage {
    /// All tokens, read and written; unknown unless both are known.
    #[must_use]
    pub fn tokens(&self) -> Option<u64> {
        Some(self.input_tokens?.saturating_add(self.output_tokens?))
    }

    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl Usd {
    /// The amount; `None` for what is no amount of money.
    #[must_use]
    pub fn new(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        // Far above any bill, and far below where a float loses whole numbers.
        let is_amount = (0.0..1e15).contains(&micros);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was looked at"
        )]
        is_amount.then_some(Self {
            micros: micros as u64,
        })
    }

    /// The amount in dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no amount is that large")]
        let micros = self.micros as f64;
        micros / 1e6
    }

    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl fmt::Display for Usd {
    /// In cents, or finer where that would show nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.micros {
            0 => "$0".to_owned(),
            1..10_000 => format!("${:.4}", self.dollars()),
            _ => format!("${:.2}", self.dollars()),
        };
        f.pad(&text)
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Self::new(dollars).ok_or_else(|| {
            serde::de::Error::custom(format_args!("{dollars} is no amount of money"))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn money_is_shown_in_cents_and_never_as_nothing() {
        let shown = |dollars| Usd::new(dollars).map(|usd| usd.to_string());
        assert_eq!(shown(0.0).as_deref(), Some("$0"));
        assert_eq!(shown(0.001_25).as_deref(), Some("$0.0013"));
        assert_eq!(shown(12.345).as_deref(), Some("$12.35"));
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn tokens_in_all_are_known_only_when_both_kinds_are() {
        let mut usage = Usage {
            input_tokens: Some(1),
            ..Usage::default()
        };
        assert_eq!(usage.tokens(), None);
        usage.output_tokens = Some(2);
        assert_eq!(usage.tokens(), Some(3));
    }

    proptest! {
        #[test]
        fn usage_survives_the_journal(
            turns in proptest::option::of(any::<u64>()),
            input_tokens in proptest::option::of(any::<u64>()),
            micros in proptest::option::of(0..1_000_000_000_000_u64),
        ) {
            let cost = micros.map(|micros| Cost { usd: Usd { micros }, source: CostSource::Agent });
            let usage = Usage { turns, input_tokens, cost, ..Usage::default() };
            let text = serde_json::to_string(&usage)?;
            prop_assert_eq!(serde_json::from_str::<Usage>(&text)?, usage);
        }
    }
}
