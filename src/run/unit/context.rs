//! The context of every step of a unit's pipeline: the job, the unit's state, and the way to report events.
//!
//! A step knows no other step and no other unit, except for the work of the units that it needs. A pipeline keeps no
//! state of its own: it reads the state that the engine folded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::check::Instruction;
use crate::forge::{ForgeError, PullRequestRef, Wait};
use crate::git::{Changes, CommitId, GitError, TreeId};
use crate::plan::Unit;
use crate::process::Environment;
use crate::run::job::assignment::Assignment;
use crate::run::job::base_checks::BaseChecks;
use crate::run::job::example::Example;
use crate::run::job::introduced_names::IntroducedByUnit;
use crate::run::job::job::Job;
use crate::run::job::late_units::LateKind;
use crate::run::job::once::WholeResult;
use crate::run::job::path_holders::PathHolders;
use crate::run::job::pull_request::FinishedNeed;
use crate::run::job::too_much::TooMuch;
use crate::run::log::event::Event;
use crate::run::log::outcome::{Outcome, Step, WithheldReason};
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_fact::{StandsOn, UnitFact};
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::schedule::limits::UsageReport;
use crate::run::schedule::pilot::PilotGate;
use crate::run::schedule::publish_gate::PublishGate;
use crate::run::schedule::publish_queue::PublishQueue;
use crate::run::schedule::restart_permits::RestartPermits;
use crate::run::workspace::checkout::Checkout;
use crate::run::workspace::user_git::UserGit;
use crate::words;

/// An event on its way to the journal.
pub(crate) struct PendingEvent {
    pub(crate) event: Event,
    /// Answered when the event is on disk and the state has taken it in.
    pub(crate) written: oneshot::Sender<()>,
}

/// The context of every step of a unit's pipeline.
#[derive(Clone)]
pub(crate) struct UnitContext {
    pub(crate) job: Arc<Job>,
    /// The unit's place in the plan.
    pub(crate) number: usize,
    pub(crate) checkout: Checkout,
    pub(crate) needs: Vec<FinishedNeed>,
    /// The unit's state, which the engine folds.
    pub(crate) state: watch::Receiver<UnitState>,
    /// Which unit holds which paths beyond its claim.
    pub(crate) holders: watch::Receiver<PathHolders>,
    /// The turn to be judged: of two units that changed the same path, one is judged after the other.
    pub(crate) scope_turn: Arc<Mutex<()>>,
    /// Whether finished work may be published.
    pub(crate) gate: watch::Receiver<PublishGate>,
    /// The queue of units that publish, where the settings limit publishing.
    pub(crate) publish_queue: Option<Arc<PublishQueue>>,
    pub(crate) events: mpsc::Sender<PendingEvent>,
    /// The channel for interruptions of agents.
    pub(crate) interruptions: mpsc::UnboundedSender<InterruptionReport>,
    /// Where the usage of a working agent is reported.
    pub(crate) usage_reports: mpsc::UnboundedSender<UsageReport>,
    /// The limit of the whole run at which working agents are stopped.
    pub(crate) run_limit: watch::Receiver<Option<StopReason>>,
    pub(crate) restart_permits: Arc<RestartPermits>,
    pub(crate) base_checks: Arc<BaseChecks>,
    /// The result of a command that works once for all units.
    pub(crate) whole_work: Arc<WholeResult>,
    /// Whether units wait for a pilot.
    pub(crate) pilots: watch::Receiver<PilotGate>,
    /// The change of a unit that went first.
    pub(crate) example: watch::Receiver<Option<Arc<Example>>>,
    /// Whether a person looks at this unit before the others start.
    pub(crate) is_canary: bool,
    /// The names that finished units introduced.
    pub(crate) introduced: watch::Receiver<Vec<IntroducedByUnit>>,
    /// The user's git folder before any worker ran.
    pub(crate) user_git: Arc<UserGit>,
    pub(crate) cancel: CancellationToken,
}

/// Why a pipeline ends early.
pub(crate) enum Halt {
    Failed(Failure),
    Stopped,
    /// The unit cannot go on until a person acts, and no other unit could: the provider refuses them, or the run is
    /// over a limit.
    LeftOut(StopReason),
    /// The work is done, and nothing of it is published for now.
    Withheld(WithheldReason),
    /// The unit changed what others had changed before it, and starts again on top of their work.
    StandsOn(Box<StandsOn>),
    /// The unit was too much for its agent, and goes on with a part of its claim.
    Divided(Box<TooMuch>),
}

/// How a pipeline ends.
pub(crate) enum PipelineEnd {
    Outcome(Outcome),
    /// The unit starts again later, on top of the work of others.
    StandsOn(Box<StandsOn>),
    /// The unit goes on later with a part of its claim, and the rest goes to other units.
    Divided(Box<TooMuch>),
}

/// A failure of a step.
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) reason: String,
    pub(crate) tail: Option<String>,
    pub(crate) log: Option<PathBuf>,
    /// The words that the agent gets, where it may be able to correct its work.
    pub(crate) feedback: Option<String>,
}

/// The content of a checkout when the agent starts.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The commit that the checkout was made from.
    pub(crate) start: CommitId,
    /// The tree after setup.
    pub(crate) tree: TreeId,
}

/// A change whose paths all lie inside the claim.
pub(crate) struct ProvenChange {
    pub(crate) tree: TreeId,
    pub(crate) changes: Changes,
}

impl Failure {
    pub(crate) fn new(step: Step, reason: String) -> Self {
        Self {
            step,
            reason,
            tail: None,
            log: None,
            feedback: None,
        }
    }
}

impl Halt {
    /// Returns the end of a unit whose pipeline ends in this way.
    pub(crate) fn end(self) -> PipelineEnd {
        PipelineEnd::Outcome(match self {
            Self::StandsOn(other) => return PipelineEnd::StandsOn(other),
            Self::Divided(too_much) => return PipelineEnd::Divided(too_much),
            Self::Stopped => Outcome::Stopped,
            Self::Withheld(why) => Outcome::Withheld { why },
            Self::LeftOut(why) => Outcome::LeftOut { why },
            Self::Failed(failure) => Outcome::Failed {
                step: failure.step,
                reason: failure.reason,
                tail: failure.tail.filter(|tail| !tail.trim().is_empty()),
                log: failure.log,
            },
        })
    }
}

impl UnitContext {
    /// Returns the context for work of the unit in another checkout.
    pub(crate) fn in_checkout(&self, checkout: Checkout) -> Self {
        Self {
            checkout,
            ..self.clone()
        }
    }

    pub(crate) fn unit(&self) -> &Unit {
        self.job.spec.unit(self.number)
    }

    /// Returns a copy of the unit's present state.
    pub(crate) fn state(&self) -> UnitState {
        self.state.borrow().clone()
    }

    /// Returns the agent that works next, and its instruction.
    pub(crate) fn assignment(&self) -> Assignment {
        let candidates = self.state.borrow().candidates.len();
        self.job.assignment_of(self.number, candidates)
    }

    /// Returns everything that says what the unit is to do.
    pub(crate) fn instruction(&self) -> Instruction {
        let mut words = self.assignment().instruction;
        // A title may hold names of files, and these ask for nothing.
        if let Some(description) = &self.unit().description {
            words.push('\n');
            words.push_str(description);
        }
        if self.job.spec.late_kind(self.number) == Some(LateKind::Removals) {
            words.push_str("\nremove");
        }
        Instruction::new(words)
    }

    /// Returns what the unit's processes see.
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = self.job.environment(&self.checkout, self.number);
        let below = self.holders.borrow().below(self.number).len();
        environment.set("BATCH_SEQUENCE", (below + 1).to_string());
        environment
    }

    /// Returns the folder with the unit's prompt and logs.
    pub(crate) fn folder(&self) -> PathBuf {
        self.job.folder(&self.unit().id)
    }

    /// Names the unit's pull request of this number, as a forge needs it.
    pub(crate) fn pull_request_ref(&self, number: u64) -> PullRequestRef {
        PullRequestRef {
            unit: self.unit().id.to_string(),
            number,
        }
    }

    /// Writes the content of the checkout as a tree.
    pub(crate) async fn snapshot(&self, step: Step) -> Result<TreeId, Halt> {
        let checkout = self.checkout.clone();
        self.git(step, move |_| checkout.snapshot()).await
    }

    /// Runs work with git on a thread for work that blocks.
    pub(crate) async fn git<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Halt> {
        let done = self.git_result(work).await?;
        done.map_err(|error| failure(step, words::chain(&error)))
    }

    /// Runs work with git like [`git`](Self::git), and leaves its error to the caller.
    pub(crate) async fn git_result<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<Result<T, GitError>, Halt> {
        with_git(&self.job, work).await
    }

    /// Reports that a step starts, unless the unit is to stop.
    pub(crate) async fn begin(&self, step: Step, detail: Option<String>) -> Result<(), Halt> {
        if self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        self.say(UnitFact::StepStarted { step, detail }).await
    }

    /// Reports a fact about the unit. When this returns, the fact is on disk and [`state`](Self::state) knows it.
    pub(crate) async fn say(&self, fact: UnitFact) -> Result<(), Halt> {
        self.say_event(Event::Unit(self.unit().id.clone(), fact))
            .await
    }

    /// Reports an event and waits until it is on disk. Without an engine that writes, nothing continues.
    pub(crate) async fn say_event(&self, event: Event) -> Result<(), Halt> {
        report(&self.events, event).await
    }

    /// Waits for the answer of a forge, and reports meanwhile why the request waits.
    pub(crate) async fn answer<T>(
        &self,
        mut waits: mpsc::UnboundedReceiver<Wait>,
        reply: impl Future<Output = Result<T, ForgeError>>,
    ) -> Result<T, Halt> {
        let step = Step::PullRequest;
        tokio::pin!(reply);
        let answer = loop {
            tokio::select! {
                answer = &mut reply => break answer,
                Some(wait) = waits.recv() => self.begin(step, Some(wait.to_string())).await?,
                // A server may keep batch waiting longer than a user who stops the run has patience.
                () = self.cancel.cancelled() => return Err(Halt::Stopped),
            }
        };
        answer.map_err(|error| failure(step, words::chain(&error)))
    }

    /// Stops the unit when it is cancelled, and otherwise waits for the work.
    pub(crate) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        tokio::select! {
            done = work => Ok(done),
            () = self.cancel.cancelled() => Err(Halt::Stopped),
        }
    }

    /// Gives up what may take hours as soon as the run is to end early; a resumed run continues with it.
    pub(crate) async fn unless_stopping<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        let mut gate = self.gate.clone();
        let stopping = gate.wait_for(|gate| gate.stopping);
        tokio::select! {
            done = work => Ok(done),
            _ = stopping => Err(Halt::Stopped),
            () = self.cancel.cancelled() => Err(Halt::Stopped),
        }
    }
}

/// Runs work with git on a thread for work that blocks, and leaves its error to the caller.
pub(crate) async fn with_git<T: Send + 'static>(
    job: &Arc<Job>,
    work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
) -> Result<Result<T, GitError>, Halt> {
    let job = Arc::clone(job);
    match tokio::task::spawn_blocking(move || work(&job)).await {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Halt::Stopped),
    }
}

/// Reports an event and waits until it is on disk. Without an engine that writes, nothing continues.
pub(crate) async fn report(events: &mpsc::Sender<PendingEvent>, event: Event) -> Result<(), Halt> {
    let (written, acknowledged) = oneshot::channel();
    let pending = PendingEvent { event, written };
    events.send(pending).await.map_err(|_| Halt::Stopped)?;
    acknowledged.await.map_err(|_| Halt::Stopped)
}

pub(crate) fn failure(step: Step, reason: String) -> Halt {
    Halt::Failed(Failure::new(step, reason))
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
