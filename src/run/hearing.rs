//! What an agent tells while it works: what is worth writing down of it, and whether it goes on within its limits.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::event::UnitFact;
use super::limits::{cost, tokens};
use super::pace::Trouble;
use crate::agent::{AgentEvent, LimitReached, Usage, Usd};
use crate::config::AgentCaps;

/// How much an agent may use up in its next turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    caps: AgentCaps,
    turns: u64,
    tokens: u64,
    cost: Usd,
}

impl Allowance {
    /// What is left of the caps after these turns on the same unit.
    pub(super) fn left(caps: AgentCaps, earlier: &[Usage]) -> Self {
        let none = Self {
            caps,
            turns: 0,
            tokens: 0,
            cost: Usd::default(),
        };
        earlier.iter().fold(none, Self::with)
    }

    fn with(self, usage: &Usage) -> Self {
        Self {
            turns: self.turns.saturating_add(usage.turns.unwrap_or(0)),
            tokens: self.tokens.saturating_add(tokens(usage)),
            cost: self.cost.saturating_add(cost(usage)),
            ..self
        }
    }

    /// The limit that is reached with what this turn has used so far.
    fn reached(self, usage: &Usage) -> Option<LimitReached> {
        let used = self.with(usage);
        if self.caps.turns.is_some_and(|most| used.turns > most) {
            return Some(LimitReached::Turns);
        }
        if let Some(most) = self.caps.tokens.filter(|most| used.tokens > most.0) {
            return Some(LimitReached::Tokens(most.0));
        }
        let most = self
            .caps
            .budget
            .and_then(|budget| Usd::new(budget.dollars()));
        most.filter(|most| used.cost > *most)
            .map(LimitReached::Cost)
    }
}

/// Follows what the agent tells to its end: gives what is worth writing down, and the limit at which the agent was stopped
/// by `cancel`.
pub(super) async fn listen(
    mut heard: mpsc::Receiver<AgentEvent>,
    allowance: Allowance,
    troubles: &mpsc::UnboundedSender<Trouble>,
    cancel: &CancellationToken,
) -> (Option<UnitFact>, Option<LimitReached>) {
    let (mut last, mut session, mut over) = (Usage::default(), None, None);
    while let Some(event) = heard.recv().await {
        match event {
            AgentEvent::Usage(usage) => {
                over = over.or_else(|| allowance.reached(&usage));
                if over.is_some() {
                    cancel.cancel();
                }
                last = usage;
            }
            AgentEvent::HeldBack { pressure, wait } => {
                // Without an engine everything ends anyway.
                let _ = troubles.send(Trouble { pressure, wait });
            }
            AgentEvent::Session(id) => session = Some(id),
            _ => {}
        }
    }
    let is_known = !last.is_unknown() || session.is_some();
    let used = is_known.then_some(UnitFact::AgentUsed {
        usage: last,
        session,
    });
    (used, over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(turns: u64, tokens: u64) -> Usage {
        Usage {
            turns: Some(turns),
            input_tokens: Some(tokens),
            ..Usage::default()
        }
    }

    #[test]
    fn an_allowance_counts_what_earlier_turns_have_used() {
        let caps = AgentCaps {
            turns: Some(5),
            tokens: "100".parse().ok(),
            budget: None,
        };
        let allowance = Allowance::left(caps, &[used(1, 20), used(2, 30)]);
        assert_eq!(allowance.reached(&used(2, 50)), None);
        assert_eq!(allowance.reached(&used(3, 0)), Some(LimitReached::Turns));
        let reached = allowance.reached(&used(0, 51));
        assert_eq!(reached, Some(LimitReached::Tokens(100)));
        assert_eq!(allowance.reached(&Usage::default()), None);
    }

    #[tokio::test]
    async fn an_agent_is_stopped_the_moment_it_tells_too_much() {
        let (events, heard) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let caps = AgentCaps {
            budget: "0.50usd".parse().ok(),
            ..AgentCaps::default()
        };
        let told = async {
            for dollars in [0.2, 0.5, 0.6] {
                assert!(!cancel.is_cancelled());
                let cost = Usd::new(dollars).map(|usd| crate::agent::Cost {
                    usd,
                    source: crate::agent::CostSource::Agent,
                });
                let usage = Usage {
                    cost,
                    ..Usage::default()
                };
                events.send(AgentEvent::Usage(usage)).await.unwrap();
            }
            cancel.cancelled().await;
            drop(events);
        };
        let allowance = Allowance::left(caps, &[]);
        let (troubles, _all) = mpsc::unbounded_channel();
        let listening = listen(heard, allowance, &troubles, &cancel);
        let ((), (used, over)) = tokio::join!(told, listening);
        assert_eq!(over, Usd::new(0.5).map(LimitReached::Cost));
        assert!(used.is_some());
    }
}
