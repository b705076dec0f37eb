//! What an agent tells while it works: what is worth writing down of it, and whether it goes on within its limits.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::{
    AgentError, AgentEvent, Interruption, LimitReached, SessionId, Usage, UsageSum, Usd, Work,
};
use crate::config::AgentCaps;
use crate::run::log::event::UnitFact;

/// How much an agent may use up in its next turn.
#[derive(Debug, Clone)]
pub(crate) struct AgentBudget {
    caps: AgentCaps,
    earlier: UsageSum,
}

impl AgentBudget {
    /// What is left of the caps after these turns on the same unit.
    pub(crate) fn left(caps: AgentCaps, earlier: &[Usage]) -> Self {
        let earlier = earlier.iter().collect();
        Self { caps, earlier }
    }

    /// The limit that is reached with what this turn has used so far.
    fn reached(&self, usage: &Usage) -> Option<LimitReached> {
        let used = self.earlier.clone().plus(usage);
        if self
            .caps
            .turns
            .is_some_and(|most| used.least_turns() > most)
        {
            return Some(LimitReached::Turns);
        }
        let tokens = used.least_tokens();
        if let Some(most) = self.caps.tokens.filter(|most| tokens > most.0) {
            return Some(LimitReached::Tokens(most.0));
        }
        let most = self
            .caps
            .budget
            .and_then(|budget| Usd::new(budget.dollars()));
        most.filter(|most| used.least_cost() > *most)
            .map(LimitReached::Cost)
    }
}

/// What an agent has told by the end of its turn.
#[derive(Debug, Default)]
pub(crate) struct Monitored {
    pub(crate) usage: Usage,
    pub(crate) session: Option<SessionId>,
    /// The limit at which it was stopped.
    over: Option<LimitReached>,
    /// It has told nothing since it was held back for this.
    held_back: Option<Interruption>,
}

impl Monitored {
    /// How its turn ended: as it `worked`, unless we know better.
    pub(crate) fn judge(&self, worked: Result<Work, AgentError>) -> Result<Work, AgentError> {
        match (worked, self.over, self.held_back) {
            // It is stopped because of us; what it told of that says less.
            (Err(_), Some(limit), _) => Err(AgentError::Limit {
                limit,
                tail: String::new(),
            }),
            // Some programs wait for hours where they are told to, and say no word.
            (Err(AgentError::Limit { limit, .. }), None, Some(pressure))
                if matches!(limit, LimitReached::Idle(_)) =>
            {
                Err(AgentError::Transient {
                    pressure,
                    wait: None,
                    said: format!("stopped because {limit} since"),
                })
            }
            (worked, ..) => worked,
        }
    }

    /// What is worth writing down of it.
    pub(crate) fn fact(&self) -> Option<UnitFact> {
        let is_known = !self.usage.is_unknown() || self.session.is_some();
        is_known.then(|| UnitFact::AgentUsed {
            usage: self.usage.clone(),
            session: self.session.clone(),
        })
    }
}

/// Follows what the agent tells to its end, and tells it on; `cancel` stops the agent at a limit.
pub(crate) async fn listen(
    mut heard: mpsc::Receiver<AgentEvent>,
    allowance: AgentBudget,
    cancel: &CancellationToken,
    mut tell: impl FnMut(&AgentEvent),
) -> Monitored {
    let mut so_far = Monitored::default();
    while let Some(event) = heard.recv().await {
        tell(&event);
        so_far.held_back = None;
        match event {
            AgentEvent::Usage(usage) => {
                so_far.over = so_far.over.or_else(|| allowance.reached(&usage));
                if so_far.over.is_some() {
                    cancel.cancel();
                }
                so_far.usage = usage;
            }
            AgentEvent::Session(id) => so_far.session = Some(id),
            AgentEvent::Interrupted { pressure, .. } => so_far.held_back = Some(pressure),
            AgentEvent::Text(_) | AgentEvent::Tool { .. } => {}
        }
    }
    so_far
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
        let allowance = AgentBudget::left(caps, &[used(1, 20), used(2, 30)]);
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
        let allowance = AgentBudget::left(caps, &[]);
        let mut times = 0;
        let listening = listen(heard, allowance, &cancel, |_| times += 1);
        let ((), heard) = tokio::join!(told, listening);
        assert_eq!(heard.over, Usd::new(0.5).map(LimitReached::Cost));
        assert!(heard.fact().is_some());
        assert_eq!(times, 3);
    }

    #[tokio::test]
    async fn an_agent_that_is_silent_because_it_is_held_back_may_be_started_again() {
        let silent = || {
            Err(AgentError::Limit {
                limit: LimitReached::Idle(std::time::Duration::from_secs(9)),
                tail: String::new(),
            })
        };
        let held_back = AgentEvent::Interrupted {
            pressure: Interruption::RateLimit,
            wait: None,
        };
        for (last, goes_on) in [
            (held_back.clone(), true),
            (AgentEvent::Text(String::new()), false),
        ] {
            let (events, heard) = mpsc::channel(8);
            for event in [held_back.clone(), last] {
                events.send(event).await.unwrap();
            }
            drop(events);
            let cancel = CancellationToken::new();
            let allowance = AgentBudget::left(AgentCaps::default(), &[]);
            let heard = listen(heard, allowance, &cancel, |_| {}).await;
            let judged = heard.judge(silent());
            let is_transient = matches!(judged, Err(AgentError::Transient { .. }));
            assert_eq!(is_transient, goes_on, "{judged:?}");
        }
    }
}
