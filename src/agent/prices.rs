//! What tokens cost, for agents that do not tell it themselves: a dated table, over which batch.toml wins. A model that
//! stands in neither has no price, and what it cost is unknown.

use std::collections::BTreeMap;

use super::{Cost, CostSource, Usage, Usd};
use crate::config::Price;

/// US dollars for a million tokens: read, read out of a cache, written. As `OpenAI`'s price lists had them in May 2026; other
/// providers' models are told of by their agents, or cost more the longer a request is, which nobody tells us.
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

/// The price of a model; `own` wins over the table. Only the very name counts: a model of a similar name may cost ten
/// times as much.
pub(super) fn price_of(model: &str, own: &BTreeMap<String, Price>) -> Option<Price> {
    let table = || TABLE.iter().find(|(name, _)| *name == model);
    own.get(model)
        .copied()
        .or_else(|| table().map(|(_, price)| *price))
}

/// What the tokens cost; unknown unless it is known how many were read and written.
pub(super) fn cost(usage: &Usage, price: Price) -> Option<Cost> {
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let cached = usage.cached_tokens.unwrap_or(0).min(input);
    #[expect(
        clippy::cast_precision_loss,
        reason = "no one uses up that many tokens"
    )]
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
    fn tokens_out_of_a_cache_have_a_price_of_their_own() {
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
    fn only_the_very_name_has_a_price_and_ones_own_wins() {
        let own = BTreeMap::from([("gpt-5".to_owned(), price(1.0, 1.0, 1.0))]);
        assert_eq!(price_of("gpt-5", &own), Some(price(1.0, 1.0, 1.0)));
        assert!(price_of("gpt-5.4", &own).is_some());
        assert_eq!(price_of("gpt-5-new", &own), None);
    }
}
