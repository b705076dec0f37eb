//! The usage of agents: turns, tokens, money. A number that an agent does not report stays unknown; nothing is guessed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cost::{Cost, CostSource, Usd};
use crate::words;

/// The usage of one agent for one task, where it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Exchanges with the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) turns: Option<u64>,
    /// Tokens that the model read, those out of a cache included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input_tokens: Option<u64>,
    /// The part of `input_tokens` that came out of a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cached_tokens: Option<u64>,
    /// Tokens that the model wrote, its thoughts included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<Cost>,
}

impl Usage {
    /// Returns all tokens, read and written; unknown unless both are known.
    #[must_use]
    pub(crate) fn tokens(&self) -> Option<u64> {
        Some(self.input_tokens?.saturating_add(self.output_tokens?))
    }

    /// Returns the tokens that this sum counts on top of an earlier sum.
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

    /// Checks whether nothing at all is known.
    #[must_use]
    pub(crate) fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// The usage of several turns together.
///
/// A turn that does not report a number leaves the sum of that number incomplete: the sum is then the least that was
/// used, and never taken for all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageSum {
    known: Usage,
    lacks_tokens: bool,
    lacks_cost: bool,
}

impl<'a> FromIterator<&'a Usage> for UsageSum {
    fn from_iter<T: IntoIterator<Item = &'a Usage>>(turns: T) -> Self {
        turns.into_iter().fold(Self::default(), Self::plus)
    }
}

impl UsageSum {
    /// Returns the sum with another turn.
    #[must_use]
    pub(crate) fn plus(mut self, turn: &Usage) -> Self {
        self.lacks_tokens |= turn.tokens().is_none();
        self.lacks_cost |= turn.cost.is_none();
        let known = &mut self.known;
        add(&mut known.turns, turn.turns);
        add(&mut known.input_tokens, turn.input_tokens);
        add(&mut known.cached_tokens, turn.cached_tokens);
        add(&mut known.output_tokens, turn.output_tokens);
        known.cost = match (known.cost, turn.cost) {
            (Some(sum), Some(more)) => Some(sum.plus(more)),
            (sum, more) => sum.or(more),
        };
        self
    }

    /// Returns what so many alike use up.
    #[must_use]
    pub(crate) fn times(&self, times: u64) -> Self {
        let all = |one: Option<u64>| one.map(|one| one.saturating_mul(times));
        let Usage {
            turns,
            input_tokens,
            cached_tokens,
            output_tokens,
            cost,
        } = self.known;
        Self {
            known: Usage {
                turns: all(turns),
                input_tokens: all(input_tokens),
                cached_tokens: all(cached_tokens),
                output_tokens: all(output_tokens),
                cost: cost.map(|cost| Cost {
                    usd: cost.usd.saturating_mul(times),
                    ..cost
                }),
            },
            ..*self
        }
    }

    /// Returns the sums of all reported numbers.
    #[must_use]
    pub(crate) fn known(&self) -> &Usage {
        &self.known
    }

    /// Checks whether every turn reported its tokens.
    #[must_use]
    pub(crate) fn knows_tokens(&self) -> bool {
        !self.lacks_tokens
    }

    /// Checks whether every turn reported its cost.
    #[must_use]
    pub(crate) fn knows_cost(&self) -> bool {
        !self.lacks_cost
    }

    /// Returns how many exchanges with the model there were at least.
    #[must_use]
    pub(crate) fn least_turns(&self) -> u64 {
        self.known.turns.unwrap_or(0)
    }

    /// Returns how many tokens were used at least.
    #[must_use]
    pub(crate) fn least_tokens(&self) -> u64 {
        let Usage {
            input_tokens,
            output_tokens,
            ..
        } = self.known;
        input_tokens
            .unwrap_or(0)
            .saturating_add(output_tokens.unwrap_or(0))
    }

    /// Returns what the turns cost at least.
    #[must_use]
    pub(crate) fn least_cost(&self) -> Usd {
        self.known.cost.map(|cost| cost.usd).unwrap_or_default()
    }

    /// Words the tokens: `2.8k`, `≥2.8k` or `unknown`.
    #[must_use]
    pub(crate) fn tokens(&self) -> String {
        if !self.knows_any_tokens() {
            return "unknown".to_owned();
        }
        let least = if self.lacks_tokens { "≥" } else { "" };
        format!("{least}{}", words::amount(self.least_tokens()))
    }

    /// Words the cost: `$0.12`, `≈$0.12` where it was computed from prices, `≥$0.12`, or `unknown`.
    #[must_use]
    pub(crate) fn cost(&self) -> String {
        let Some(cost) = self.known.cost else {
            return "unknown".to_owned();
        };
        let mark = match (self.lacks_cost, cost.source) {
            (false, CostSource::Agent) => "",
            (false, CostSource::Prices) => "≈",
            (true, _) => "≥",
        };
        format!("{mark}{}", cost.usd)
    }

    fn knows_any_tokens(&self) -> bool {
        self.known
            .input_tokens
            .or(self.known.output_tokens)
            .is_some()
    }
}

impl fmt::Display for UsageSum {
    /// Writes `16.8k tokens (28% of the input from a cache), 12 turns, $0.07`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.tokens();
        if self.knows_any_tokens() {
            write!(f, "{tokens} tokens")?;
        } else {
            write!(f, "tokens {tokens}")?;
        }
        if let (Some(read @ 1..), Some(cached)) =
            (self.known.input_tokens, self.known.cached_tokens)
        {
            let share = u128::from(cached) * 100 / u128::from(read);
            write!(f, " ({share}% of the input from a cache)")?;
        }
        if let Some(turns) = self.known.turns {
            let turns = usize::try_from(turns).unwrap_or(usize::MAX);
            write!(f, ", {}", words::count(turns, "turn"))?;
        }
        match self.known.cost {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    fn a_sum_says_whether_it_is_complete() {
        let turn = |tokens, dollars, source| Usage {
            input_tokens: tokens,
            output_tokens: tokens,
            cost: Usd::new(dollars).map(|usd| Cost { usd, source }),
            ..Usage::default()
        };
        let one = turn(Some(5), 1.0, CostSource::Agent);
        let two = turn(Some(7), 0.5, CostSource::Prices);
        let silent = turn(None, f64::NAN, CostSource::Agent);
        let sum: UsageSum = [&one, &two].into_iter().collect();
        assert!(sum.knows_tokens() && sum.knows_cost());
        assert_eq!(sum.known().tokens(), Some(24));
        let source = sum.known().cost.map(|cost| cost.source);
        assert_eq!(source, Some(CostSource::Prices));
        let sum = UsageSum::default().plus(&one).plus(&silent);
        assert!(!sum.knows_tokens() && !sum.knows_cost());
        assert_eq!(sum.known(), &one);
    }

    #[test]
    fn the_least_that_was_used_counts_half_of_a_report_too() {
        let read = Usage {
            input_tokens: Some(40),
            ..Usage::default()
        };
        let sum: UsageSum = [&read, &Usage::default()].into_iter().collect();
        assert_eq!((sum.least_tokens(), sum.least_turns()), (40, 0));
        assert_eq!(sum.least_cost(), Usd::default());
        assert_eq!(sum.tokens(), "≥40");
    }

    #[test]
    fn unknown_numbers_are_not_made_up() {
        let turn = Usage {
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
        let shown = |turns: &[&Usage]| turns.iter().copied().collect::<UsageSum>().to_string();
        assert_eq!(
            shown(&[&turn]),
            "2.8k tokens (28% of the input from a cache), 3 turns, ≈$0.07"
        );
        assert_eq!(
            shown(&[&turn, &nothing]),
            "≥2.8k tokens (28% of the input from a cache), 3 turns, ≥$0.07"
        );
        assert_eq!(shown(&[&nothing]), "tokens unknown, cost unknown");
    }

    proptest! {
        #[test]
        fn usage_survives_the_journal(
            turns in proptest::option::of(any::<u64>()),
            input_tokens in proptest::option::of(any::<u64>()),
            dollars in proptest::option::of(0.0..1e6_f64),
        ) {
            let usd = dollars.and_then(Usd::new);
            let cost = usd.map(|usd| Cost { usd, source: CostSource::Agent });
            let usage = Usage { turns, input_tokens, cost, ..Usage::default() };
            let text = serde_json::to_string(&usage)?;
            prop_assert_eq!(serde_json::from_str::<Usage>(&text)?, usage);
        }
    }
}
