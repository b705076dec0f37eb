//! The monitor of an agent's turn: it notes what the agent reports, and stops the agent at a limit.

use std::pin::pin;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::{
    AgentError, AgentEvent, Interruption, LimitReached, SessionId, Usage, UsageSum, Usd, Work,
};
use crate::config::AgentCaps;
use crate::run::log::unit_fact::UnitFact;

/// How much an agent may use in its next turn.
#[derive(Debug, Clone)]
pub(crate) struct AgentBudget {
    caps: AgentCaps,
    earlier: UsageSum,
}

impl AgentBudget {
    /// Returns what is left of the caps after these turns on the same unit.
    pub(crate) fn left(caps: AgentCaps, earlier: &[Usage]) -> Self {
        let earlier = earlier.iter().collect();
        Self { caps, earlier }
    }

    /// Returns the limit that the earlier turns have reached, so that no further turn starts.
    pub(crate) fn spent(&self) -> Option<LimitReached> {
        self.reached(&Usage::default())
    }

    /// Returns the limit that the turn has reached with this usage so far.
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

/// The reports of an agent by the end of its turn.
#[derive(Debug, Default)]
pub(crate) struct Monitored {
    pub(crate) usage: Usage,
    pub(crate) session: Option<SessionId>,
    /// Whether it used a tool on something that may be a test; `None` where it told of no tool.
    ran_tests: Option<bool>,
    /// The limit at which the monitor stopped it.
    over: Option<LimitReached>,
    /// The monitor stopped it at a limit of the whole run.
    run_is_over: bool,
    /// The interruption after which it reported nothing more.
    interruption: Option<Interruption>,
}

impl Monitored {
    /// Returns how the turn ended: as the agent ended, unless the monitor knows better.
    pub(crate) fn judge(&self, worked: Result<Work, AgentError>) -> Result<Work, AgentError> {
        match (worked, self.over, self.interruption) {
            // The run's limit is no fault of the unit, which continues in a run with a higher limit.
            (Err(_), None, _) if self.run_is_over => Err(AgentError::Cancelled),
            // The monitor stopped the agent, so the agent's own words about the stop say less.
            (Err(_), Some(limit), _) => Err(AgentError::Limit {
                limit,
                tail: String::new(),
            }),
            // Some programs wait for hours when their provider says so, and report nothing meanwhile.
            (Err(AgentError::Limit { limit, .. }), None, Some(interruption))
                if matches!(limit, LimitReached::Idle(_)) =>
            {
                Err(AgentError::Transient {
                    interruption,
                    wait: None,
                    message: format!("stopped because {limit} since"),
                })
            }
            (worked, ..) => worked,
        }
    }

    /// Returns the fact to record, where the agent reported anything.
    pub(crate) fn fact(&self) -> Option<UnitFact> {
        let is_known =
            !self.usage.is_unknown() || self.session.is_some() || self.ran_tests.is_some();
        is_known.then(|| UnitFact::AgentUsed {
            usage: self.usage.clone(),
            session: self.session.clone(),
            ran_tests: self.ran_tests,
        })
    }
}

/// Follows the events of an agent to their end, and shows each to `tell`; `cancel` stops the agent at a limit, and when
/// `run_limit` completes: the whole run is over a limit.
pub(crate) async fn monitor(
    mut events: mpsc::Receiver<AgentEvent>,
    budget: AgentBudget,
    cancel: &CancellationToken,
    run_limit: impl Future<Output = ()>,
    mut tell: impl FnMut(&AgentEvent),
) -> Monitored {
    let mut so_far = Monitored::default();
    let mut run_limit = pin!(run_limit);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = &mut run_limit, if !so_far.run_is_over => {
                so_far.run_is_over = true;
                cancel.cancel();
                continue;
            }
        };
        let Some(event) = event else { break };
        tell(&event);
        so_far.interruption = None;
        if let Some(is_test) = event.may_be_a_test() {
            so_far.ran_tests = Some(is_test || so_far.ran_tests == Some(true));
        }
        match event {
            AgentEvent::Usage(usage) => {
                so_far.over = so_far.over.or_else(|| budget.reached(&usage));
                if so_far.over.is_some() {
                    cancel.cancel();
                }
                so_far.usage = usage;
            }
            AgentEvent::Session(id) => so_far.session = Some(id),
            AgentEvent::Interrupted { interruption, .. } => {
                so_far.interruption = Some(interruption);
            }
            AgentEvent::Text(_)
            | AgentEvent::Tool { .. }
            | AgentEvent::ToolEnded(_)
            | AgentEvent::OpenItems(_) => {}
        }
    }
    so_far
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn used(turns: u64, tokens: u64) -> Usage {
        Usage {
            turns: Some(turns),
            input_tokens: Some(tokens),
            ..Usage::default()
        }
    }

    #[test]
    fn a_budget_counts_the_usage_of_earlier_turns() {
        let caps = AgentCaps {
            turns: Some(5),
            tokens: "100".parse().ok(),
            budget: None,
        };
        let budget = AgentBudget::left(caps, &[used(1, 20), used(2, 30)]);
        assert_eq!(budget.reached(&used(2, 50)), None);
        assert_eq!(budget.reached(&used(3, 0)), Some(LimitReached::Turns));
        let reached = budget.reached(&used(0, 51));
        assert_eq!(reached, Some(LimitReached::Tokens(100)));
        assert_eq!(budget.reached(&Usage::default()), None);
    }

    #[tokio::test]
    async fn the_monitor_stops_an_agent_at_its_limit() {
        let (events, reported) = mpsc::channel(8);
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
        let budget = AgentBudget::left(caps, &[]);
        let mut times = 0;
        let monitoring = monitor(reported, budget, &cancel, pending(), |_| times += 1);
        let ((), monitored) = tokio::join!(told, monitoring);
        assert_eq!(monitored.over, Usd::new(0.5).map(LimitReached::Cost));
        assert!(monitored.fact().is_some());
        assert_eq!(times, 3);
    }

    #[tokio::test]
    async fn the_limit_of_the_run_stops_an_agent_and_finished_work_counts_all_the_same() {
        let (events, reported) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let told = async {
            cancel.cancelled().await;
            drop(events);
        };
        let budget = AgentBudget::left(AgentCaps::default(), &[]);
        let over = std::future::ready(());
        let monitoring = monitor(reported, budget, &cancel, over, |_| {});
        let ((), monitored) = tokio::join!(told, monitoring);
        let ended = monitored.judge(Err(AgentError::Failed {
            message: "m".into(),
        }));
        assert!(matches!(ended, Err(AgentError::Cancelled)), "{ended:?}");
        let work = Work {
            took: std::time::Duration::ZERO,
            summary: None,
            usage: Usage::default(),
            session: None,
            activity: crate::agent::Activity::default(),
        };
        assert!(monitored.judge(Ok(work)).is_ok());
    }

    #[tokio::test]
    async fn a_silent_interrupted_agent_may_start_again() {
        let silent = || {
            Err(AgentError::Limit {
                limit: LimitReached::Idle(std::time::Duration::from_secs(9)),
                tail: String::new(),
            })
        };
        let interrupted = AgentEvent::Interrupted {
            interruption: Interruption::RateLimit,
            wait: None,
        };
        for (last, goes_on) in [
            (interrupted.clone(), true),
            (AgentEvent::Text(String::new()), false),
        ] {
            let (events, reported) = mpsc::channel(8);
            for event in [interrupted.clone(), last] {
                events.send(event).await.unwrap();
            }
            drop(events);
            let cancel = CancellationToken::new();
            let budget = AgentBudget::left(AgentCaps::default(), &[]);
            let monitored = monitor(reported, budget, &cancel, pending(), |_| {}).await;
            let judged = monitored.judge(silent());
            let is_transient = matches!(judged, Err(AgentError::Transient { .. }));
            assert_eq!(is_transient, goes_on, "{judged:?}");
        }
    }
}
