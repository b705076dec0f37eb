//! Estimates time and cost of the waiting units from a unit that is done: the canary.

use std::fmt::Write as _;

use crate::run::{RunState, UnitState};
use crate::words;

/// One sentence, of what is known; nothing where no unit is left.
#[must_use]
pub fn forecast(state: &RunState, canary: &UnitState, now: i64) -> Option<String> {
    let others = state
        .units
        .len()
        .checked_sub(1)
        .filter(|others| *others > 0)?;
    let times = u64::try_from(others).unwrap_or(u64::MAX);
    let rounds = u64::try_from(others.div_ceil(state.header.jobs.max(1))).unwrap_or(u64::MAX);
    let took = canary.took_ms(now)?;
    let mut sentence = format!(
        "Forecast for the other {}, {} at once: about {}",
        match others {
            1 => "unit".to_owned(),
            _ => format!("{others} units"),
        },
        state.header.jobs,
        words::duration(took.saturating_mul(rounds)),
    );
    if let Some(spent) = canary.spent().map(|spent| spent.times(times)) {
        if spent.knows_tokens() && spent.least_tokens() > 0 {
            let _ = write!(sentence, ", {} tokens", spent.tokens());
        }
        if spent.knows_cost() {
            let _ = write!(sentence, ", {}", spent.cost());
        }
    }
    sentence.push('.');
    Some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Cost, CostSource, Usage, Usd};
    use crate::report::sample::SampleRun;
    use crate::run::UnitFact;

    #[test]
    fn what_is_known_of_the_canary_is_multiplied_and_no_more_is_said() {
        let mut state = SampleRun::of(["a", "b", "c", "d", "e", "f"])
            .published("a", 0, 10_000)
            .state();
        let said = forecast(&state, &state.units[0], 0);
        let words = "Forecast for the other 5 units, 4 at once: about 20s.";
        assert_eq!(said.as_deref(), Some(words));
        let used = UnitFact::AgentUsed {
            usage: Usage {
                input_tokens: Some(900),
                output_tokens: Some(100),
                ..Usage::default()
            },
            session: None,
            ran_tests: None,
        };
        state = SampleRun::of(["a", "b"])
            .fact("a", 0, used)
            .published("a", 0, 10_000)
            .state();
        let said = forecast(&state, &state.units[0], 0);
        let words = "Forecast for the other unit, 4 at once: about 10s, 1k tokens.";
        assert_eq!(said.as_deref(), Some(words));
    }

    #[test]
    fn a_cost_that_was_reckoned_is_marked_as_such() {
        let used = UnitFact::AgentUsed {
            usage: Usage {
                cost: Usd::new(0.25).map(|usd| Cost {
                    usd,
                    source: CostSource::Prices,
                }),
                ..Usage::default()
            },
            session: None,
            ran_tests: None,
        };
        let state = SampleRun::of(["a", "b", "c"])
            .fact("a", 0, used)
            .published("a", 0, 10_000)
            .state();
        let said = forecast(&state, &state.units[0], 0);
        let words = "Forecast for the other 2 units, 4 at once: about 10s, ≈$0.50.";
        assert_eq!(said.as_deref(), Some(words));
    }
}
