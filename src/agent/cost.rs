//! The cost of agents, in US dollars.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of money, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) usd: Usd,
    pub(crate) source: CostSource,
}

/// The source of a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CostSource {
    /// The agent's own program reported it.
    Agent,
    /// It was computed from the tokens and a table of prices.
    Prices,
}

/// An amount of US dollars, exact to a millionth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd {
    micros: u64,
}

impl Cost {
    /// Adds two costs; the sum is as reliable as the less reliable of them.
    pub(super) fn plus(self, other: Self) -> Self {
        let source = match (self.source, other.source) {
            (CostSource::Agent, CostSource::Agent) => CostSource::Agent,
            _ => CostSource::Prices,
        };
        Self {
            usd: self.usd.saturating_add(other.usd),
            source,
        }
    }
}

impl Usd {
    /// Returns the amount of so many dollars; `None` where the number is not an amount of money.
    #[must_use]
    pub(crate) fn new(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).round();
        // Far above any bill, and far below where a float loses whole numbers.
        let is_amount = (0.0..1e15).contains(&micros);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked"
        )]
        is_amount.then_some(Self {
            micros: micros as u64,
        })
    }

    /// Returns the amount in dollars.
    #[must_use]
    pub(crate) fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no amount is that large")]
        let micros = self.micros as f64;
        micros / 1e6
    }

    #[must_use]
    pub(super) fn saturating_mul(self, times: u64) -> Self {
        Self {
            micros: self.micros.saturating_mul(times),
        }
    }

    #[must_use]
    pub(super) fn saturating_sub(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_sub(other.micros),
        }
    }

    #[must_use]
    pub(crate) fn saturating_add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl fmt::Display for Usd {
    /// Writes cents, or smaller parts where cents would show nothing.
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
            serde::de::Error::custom(format_args!("{dollars} is not an amount of money"))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_shows_in_cents_and_never_as_nothing() {
        let shown = |dollars| Usd::new(dollars).map(|usd| usd.to_string());
        assert_eq!(shown(0.0).as_deref(), Some("$0"));
        assert_eq!(shown(0.001_25).as_deref(), Some("$0.0013"));
        assert_eq!(shown(12.345).as_deref(), Some("$12.35"));
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_amount_survives_the_journal(micros in 0..1_000_000_000_000_u64) {
            let usd = Usd { micros };
            let text = serde_json::to_string(&usd)?;
            prop_assert_eq!(serde_json::from_str::<Usd>(&text)?, usd);
        }
    }
}
