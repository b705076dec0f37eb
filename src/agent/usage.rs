//! What an agent used up: turns, tokens, money. What it does not tell stays unknown; nothing is guessed.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::words;

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

    /// The tokens of a sum that come on top of those of an earlier sum.
    #[must_use]
    pub(super) fn without(&self, earlier: &Self) -> Self {
        let less = |sum: Option<u64>, before: Option<u64>| {
            sum.map(|sum| sum.saturating_sub(before.unwrap_or_default()))
        };
        Self {
            input_tokens: less(self.input_tokens, earlier.input_tokens),
            cached_tokens: less(self.cached_tokens, earlier.cached_tokens),
            output_tokens: less(self.output_tokens, earlier.output_tokens),
            ..Self::default()
        }
    }

    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What several turns used up together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// The sums of what is known.
    pub usage: Usage,
    /// All turns told their tokens, so that their sum is whole.
    pub knows_tokens: bool,
    /// It is known of all turns what they cost.
    pub knows_cost: bool,
}

impl<'a> FromIterator<&'a Usage> for Spent {
    fn from_iter<T: IntoIterator<Item = &'a Usage>>(turns: T) -> Self {
        let mut spent = Self {
            knows_tokens: true,
            knows_cost: true,
            ..Self::default()
        };
        for turn in turns {
            spent.knows_tokens &= turn.tokens().is_some();
            spent.knows_cost &= turn.cost.is_some();
            let sum = &mut spent.usage;
            add(&mut sum.turns, turn.turns);
            add(&mut sum.input_tokens, turn.input_tokens);
            add(&mut sum.cached_tokens, turn.cached_tokens);
            add(&mut sum.output_tokens, turn.output_tokens);
            sum.cost = match (sum.cost, turn.cost) {
                (Some(sum), Some(more)) => Some(sum.plus(more)),
                (sum, more) => sum.or(more),
            };
        }
        spent
    }
}

impl Spent {
    /// What so many like it use up.
    #[must_use]
    pub fn times(&self, times: u64) -> Self {
        let all = |one: Option<u64>| one.map(|one| one.saturating_mul(times));
        let Usage {
            turns,
            input_tokens,
            cached_tokens,
            output_tokens,
            cost,
        } = self.usage;
        Self {
            usage: Usage {
                turns: all(turns),
                input_tokens: all(input_tokens),
                cached_tokens: all(cached_tokens),
                output_tokens: all(output_tokens),
                cost: cost.map(|cost| Cost {
                    usd: Usd {
                        micros: cost.usd.micros.saturating_mul(times),
                    },
                    ..cost
                }),
            },
            ..*self
        }
    }

    /// `2.8k`, `≥2.8k` or `unknown`.
    #[must_use]
    pub fn tokens(&self) -> String {
        match (self.usage.input_tokens, self.usage.output_tokens) {
            (None, None) => "unknown".to_owned(),
            (read, written) => {
                let sum = read.unwrap_or(0).saturating_add(written.unwrap_or(0));
                let least = if self.knows_tokens { "" } else { "≥" };
                format!("{least}{}", words::amount(sum))
            }
        }
    }

    /// `$0.12`, `≈$0.12` where it was reckoned from prices, `≥$0.12`, or `unknown`.
    #[must_use]
    pub fn cost(&self) -> String {
        let Some(cost) = self.usage.cost else {
            return "unknown".to_owned();
        };
        let mark = match (self.knows_cost, cost.source) {
            (true, CostSource::Agent) => "",
            (true, CostSource::Prices) => "≈",
            (false, _) => "≥",
        };
        format!("{mark}{}", cost.usd)
    }
}

impl fmt::Display for Spent {
    /// `16.8k tokens (28% of the input from a cache), 12 turns, $0.07`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tokens() {
            unknown
                if self
                    .usage
                    .input_tokens
                    .or(self.usage.output_tokens)
                    .is_none() =>
            {
                write!(f, "tokens {unknown}")?;
            }
            tokens => write!(f, "{tokens} tokens")?,
        }
        if let (Some(read @ 1..), Some(cached)) =
            (self.usage.input_tokens, self.usage.cached_tokens)
        {
            let share = u128::from(cached) * 100 / u128::from(read);
            write!(f, " ({share}% of the input from a cache)")?;
        }
        if let Some(turns) = self.usage.turns {
            let turns = usize::try_from(turns).unwrap_or(usize::MAX);
            write!(f, ", {}", words::count(turns, "turn"))?;
        }
        match self.usage.cost {
            Some(_) => write!(f, ", {}", self.cost()),
            None => write!(f, ", cost unknown"),
        }
    }
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0).saturating_add(more));
    }
}

impl Cost {
    /// A sum is as good as the worse of its parts.
    fn plus(self, other: Self) -> Self {
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

    #[test]
    fn a_sum_says_whether_it_is_whole() {
        let told = |tokens, dollars, source| Usage {
            input_tokens: tokens,
            output_tokens: tokens,
            cost: Usd::new(dollars).map(|usd| Cost { usd, source }),
            ..Usage::default()
        };
        let one = told(Some(5), 1.0, CostSource::Agent);
        let two = told(Some(7), 0.5, CostSource::Prices);
        let none = told(None, f64::NAN, CostSource::Agent);
        let spent: Spent = [&one, &two].into_iter().collect();
        assert!(spent.knows_tokens && spent.knows_cost);
        assert_eq!(spent.usage.tokens(), Some(24));
        assert_eq!(
            spent.usage.cost.map(|cost| cost.source),
            Some(CostSource::Prices)
        );
        let spent: Spent = [&one, &none].into_iter().collect();
        assert!(!spent.knows_tokens && !spent.knows_cost);
        assert_eq!(spent.usage, one);
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let told = Usage {
            turns: Some(3),
            input_tokens: Some(2800),
            cached_tokens: Some(800),
            output_tokens: Some(60),
            cost: Usd::new(0.07).map(|usd| Cost {
                usd,
                source: CostSource::Prices,
            }),
        };
        let nothing = Usage::default();
        let shown = |turns: &[&Usage]| turns.iter().copied().collect::<Spent>().to_string();
        assert_eq!(
            shown(&[&told]),
            "2.8k tokens (28% of the input from a cache), 3 turns, ≈$0.07"
        );
        assert_eq!(
            shown(&[&told, &nothing]),
            "≥2.8k tokens (28% of the input from a cache), 3 turns, ≥$0.07"
        );
        assert_eq!(shown(&[&nothing]), "tokens unknown, cost unknown");
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
