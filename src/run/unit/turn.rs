//! One turn of an agent at a unit: heard while it lasts, held within its limits, and taken again with some patience
//! where it did not come about for a reason that passes.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::mpsc;

use crate::agent::{AgentError, AgentEvent, Interruption, Task, Work};
use crate::run::job::assignment::Assignment;
use crate::run::log::event::{Step, UnitFact};
use crate::run::log::state::UnitState;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::unit::context::{Halt, Pipeline, milliseconds};
use crate::run::unit::monitor::{AgentBudget, listen};
use crate::run::workspace::environment::end_strays;

/// So much may an agent tell before it must wait for the listener.
pub(crate) const EVENTS_AHEAD: usize = 64;

/// How often an agent is started again that is held back, and how long it waits where nobody says how long.
const TRIES: usize = 6;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How long an agent waits that was killed from outside, the first time and the next; then it has failed. What takes
/// the memory may go on for long, and each time costs what it had done.
const WAITS_AFTER_KILL: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

impl Pipeline {
    /// Lets the agent work; where it is held back, or killed by somebody else, again a while later.
    pub(crate) async fn patiently(
        &self,
        task: &Task,
        assignment: &Assignment,
        known: &mut UnitState,
    ) -> Result<Result<Work, AgentError>, Halt> {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(TRIES)
            .with_jitter()
            .build();
        let mut waits_after_kill = WAITS_AFTER_KILL.into_iter();
        let mut killed = 0;
        loop {
            let error = match self.turn(task, assignment, known).await? {
                Err(AgentError::Killed { tail, .. }) => {
                    killed += 1;
                    let times = killed;
                    AgentError::Killed { times, tail }
                }
                Err(error) => error,
                done => return Ok(done),
            };
            let (pressure, wait, usual) = match &error {
                AgentError::Transient { pressure, wait, .. } => (*pressure, *wait, waits.next()),
                AgentError::Killed { .. } => (Interruption::Killed, None, waits_after_kill.next()),
                _ => return Ok(Err(error)),
            };
            // A pipeline without an engine ends anyway.
            let agent = assignment.agent.describe().into();
            let _ = self.troubles.send(InterruptionReport {
                agent,
                pressure,
                wait,
            });
            let Some(usual) = usual else {
                return Ok(Err(error));
            };
            // All that were told the same moment must not come back at the same moment.
            let wait = wait.map_or(usual, |wait| wait.mul_f64(1.0 + fastrand::f64() / 10.0));
            let fact = UnitFact::Interrupted {
                pressure,
                said: error.to_string(),
                wait_ms: milliseconds(wait),
            };
            self.say(fact).await?;
            let until_then = async {
                tokio::time::sleep(wait).await;
                match pressure {
                    Interruption::Killed => Some(self.comeback.turn().await),
                    Interruption::RateLimit | Interruption::Overload | Interruption::Connection => {
                        None
                    }
                }
            };
            let _its_turn = tokio::select! {
                its_turn = until_then => its_turn,
                () = self.cancel.cancelled() => return Err(Halt::Stopped),
            };
            // It waits no longer.
            self.begin_turn(known, assignment).await?;
        }
    }

    /// Says that the agent works now.
    pub(crate) async fn begin_turn(
        &self,
        known: &UnitState,
        assignment: &Assignment,
    ) -> Result<(), Halt> {
        let is_further = !known.sent_back.is_empty();
        let attempt = || format!("attempt {} of {}", known.attempt(), assignment.attempts());
        self.begin(Step::Agent, is_further.then(attempt)).await
    }

    async fn turn(
        &self,
        task: &Task,
        assignment: &Assignment,
        known: &mut UnitState,
    ) -> Result<Result<Work, AgentError>, Halt> {
        let (events, heard) = mpsc::channel(EVENTS_AHEAD);
        let cancel = self.cancel.child_token();
        let work = async {
            let events = events;
            assignment.agent.work(task, &events, &cancel).await
        };
        let caps = AgentBudget::left(assignment.caps, &known.turns);
        let who: Arc<str> = assignment.agent.describe().into();
        let listening = listen(heard, caps, &cancel, |event| {
            if let AgentEvent::Interrupted { pressure, wait } = *event {
                // Without an engine everything ends anyway.
                let _ = self.troubles.send(InterruptionReport {
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
