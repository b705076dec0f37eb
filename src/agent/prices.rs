//! The prices of tokens, for agents that do not report their cost: a dated table, which batch.toml overrides. A model
//! without an entry in either has no price, and its cost is unknown.

use std::collections::BTreeMap;

use super::cost::{Cost, CostSource, Usd};
use super::usage::Usage;
use crate::config::Price;

/// US dollars for a million tokens: read, read out of a cache, written, from `OpenAI`'s price lists of May 2026. Agents
/// for other providers' models report the cost themselves, or the price depends on the length of a request, which is
/// not known here.
const TABLE: [(&str, Price); 9] = [
    ("gpt-5.5", price(5.0, 0.5, 30.0)),
    ("gpt-5.4", price(2.5, 0.25, 15.0)),
    ("gpt-5.4-mini", price(0.75, 0.075, 4.5)),
    ("gpt-5.3-codex", price(1.75, 0.175, 14.0)),
    ("gpt-5.2", price(1.75, 0.175, 14.0)),
    ("gpt-5.2-codex", price(1.75, 0.175, 14.0)),
    ("gpt-5.1-codex", price(1.25, 0.125, 10.0)),
    ("gpt-5", price(1.25, 0.125, 10.0)),
    ("gpt-5-codex", price(1.25, 0.125, 10.0)),
];

const fn price(input: f64, cached: f64, output: f64) -> Price {
    Price {
        input,
        cached: Some(cached),
        output,
    }
}

/// Returns the price of a model; `own` wins over the table. Only the exact name counts: a model with a similar name may
/// cost ten times as much.
pub(super) fn price_of(model: &str, own: &BTreeMap<String, Price>) -> Option<Price> {
    let table = || TABLE.iter().find(|(name, _)| *name == model);
    own.get(model)
        .copied()
        .or_else(|| table().map(|(_, price)| *price))
}

/// Returns the cost of the tokens; unknown unless both the tokens read and the tokens written are known.
pub(super) fn cost(usage: &Usage, price: Price) -> Option<Cost> {
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let cached = usage.cached_tokens.unwrap_or(0).min(input);
    #[expect(clippy::cast_precision_loss, reason = "nobody uses that many tokens")]
    let millions = |tokens: u64| tokens as f64 / 1e6;
    let dollars = millions(input - cached) * price.input
        + millions(cached) * price.cached.unwrap_or(price.input)
        + millions(output) * price.output;
    Some(Cost {
        usd: Usd::new(dollars)?,
        source: CostSource::Prices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_have_a_price_of_their_own() {
        let usage = Usage {
            input_tokens: Some(2_000_000),
            cached_tokens: Some(1_000_000),
            output_tokens: Some(100_000),
            ..Usage::default()
        };
        let usd = |price| cost(&usage, price).map(|cost| cost.usd.to_string());
        assert_eq!(usd(price(2.5, 0.25, 15.0)).as_deref(), Some("$4.25"));
        let flat = Price {
            cached: None,
            ..price(2.5, 0.25, 15.0)
        };
        assert_eq!(usd(flat).as_deref(), Some("$6.50"));
        assert_eq!(cost(&Usage::default(), flat), None);
    }

    #[test]
    fn only_the_exact_name_has_a_price_and_the_users_price_wins() {
        let own = BTreeMap::from([("gpt-5".to_owned(), price(1.0, 1.0, 1.0))]);
        assert_eq!(price_of("gpt-5", &own), Some(price(1.0, 1.0, 1.0)));
        assert!(price_of("gpt-5.4", &own).is_some());
        assert_eq!(price_of("gpt-5-new", &own), None);
    }
}
