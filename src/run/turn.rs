//! One turn of an agent at a unit: heard while it lasts, held within its limits, and taken again with some patience
//! where it did not come about for a reason that passes.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::mpsc;

use super::event::UnitFact;
use super::hearing::{Allowance, listen};
use super::orders::Orders;
use super::pace::Trouble;
use super::state::UnitState;
use super::surroundings::end_strays;
use super::unit::{Halt, Pipeline, milliseconds};
use crate::agent::{AgentError, AgentEvent, Task, Work};

/// So much may an agent tell before it must wait for the listener.
pub(super) const EVENTS_AHEAD: usize = 64;

/// How often an agent is started again that is held back, and how long it waits where nobody says how long.
const TRIES: usize = 6;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

impl Pipeline {
    /// Lets the agent work; where it is held back, again a while later.
    pub(super) async fn patiently(
        &self,
        task: &Task,
        orders: &Orders,
        known: &mut UnitState,
    ) -> Result<Result<Work, AgentError>, Halt> {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(TRIES)
            .with_jitter()
            .build();
        loop {
            let error = match self.turn(task, orders, known).await? {
                Err(error @ AgentError::Transient { .. }) => error,
                done => return Ok(done),
            };
            let AgentError::Transient { pressure, wait, .. } = error else {
                return Ok(Err(error));
            };
            // A pipeline without an engine ends anyway.
            let agent = orders.agent.describe().into();
            let _ = self.troubles.send(Trouble {
                agent,
                pressure,
                wait,
            });
            let Some(usual) = waits.next() else {
                return Ok(Err(error));
            };
            // All that were told the same moment must not come back at the same moment.
            let wait = wait.map_or(usual, |wait| wait.mul_f64(1.0 + fastrand::f64() / 10.0));
            let fact = UnitFact::HeldBack {
                pressure,
                said: error.to_string(),
                wait_ms: milliseconds(wait),
            };
            self.say(fact).await?;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.cancel.cancelled() => return Err(Halt::Stopped),
            }
        }
    }

    async fn turn(
        &self,
        task: &Task,
        orders: &Orders,
        known: &mut UnitState,
    ) -> Result<Result<Work, AgentError>, Halt> {
        let (events, heard) = mpsc::channel(EVENTS_AHEAD);
        let cancel = self.cancel.child_token();
        let work = async {
            let events = events;
            orders.agent.work(task, &events, &cancel).await
        };
        let caps = Allowance::left(orders.caps, &known.turns);
        let who: Arc<str> = orders.agent.describe().into();
        let listening = listen(heard, caps, &cancel, |event| {
            if let AgentEvent::HeldBack { pressure, wait } = *event {
                // Without an engine everything ends anyway.
                let _ = self.troubles.send(Trouble {
                    agent: Arc::clone(&who),
                    pressure,
                    wait,
                });
            }
        });
        let (worked, heard) = tokio::join!(work, listening);
        // What its tools left in sessions of their own must not go on changing files while they are looked at.
        end_strays(&self.job, &self.unit().id).await;
        if let Some(fact) = heard.fact() {
            self.say(fact.clone()).await?;
            known.apply(&fact, 0);
        }
        Ok(heard.judge(worked))
    }
}
