//! The event loop that drives one run: it writes each event down before it acts on it.
//!
//! Unit pipelines run as tasks and report events; the loop appends each event to the journal, folds it into the state, shows
//! it to the watcher, and asks the deciders what may start. Only the loop changes the state.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, RunLock};
use crate::plan::UnitId;
use crate::run::engine::clean_up::CleanUp;
use crate::run::engine::error::RunError;
use crate::run::engine::old_uses;
use crate::run::engine::requests::{self, Request};
use crate::run::engine::start::{self, Start, Started};
use crate::run::engine::tracker::Tracker;
use crate::run::job::base_checks::BaseChecks;
use crate::run::job::job::Job;
use crate::run::job::pull_request::{FinishedNeed, FinishedWork};
use crate::run::log::event::{Event, Recorded};
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::record::{append, now};
use crate::run::log::run_fact::{RunFact, Stop};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::{Phase, UnitState};
use crate::run::schedule::breaker;
use crate::run::schedule::concurrency::{Concurrency, InterruptionReport};
use crate::run::schedule::publish_gate::PublishGate;
use crate::run::schedule::publish_limiter::{PublishHistory, PublishLimits};
use crate::run::schedule::publish_queue::PublishQueue;
use crate::run::schedule::refusal::{among_others, refusal};
use crate::run::schedule::restart_permits::RestartPermits;
use crate::run::schedule::scheduler::{self, Next, Space};
use crate::run::unit::context::{PendingEvent, UnitContext};
use crate::run::unit::pipeline;
use crate::run::workspace::machine::Machine;

/// A run that stops at once ends soon after this, whatever still goes on.
const STOP_WITHIN: Duration = Duration::from_millis(4_200);

/// Writes a new run down without running it: [`execute`] continues it, in this process or in another one.
pub fn announce(job: &Job) -> Result<(), RunError> {
    let (_lock, mut journal) = take(job)?;
    start::begin(job, &mut journal).map(drop)
}

/// Runs a job to its end, or until it is stopped. Every event is shown to `watch` when the state has taken it in.
///
/// Must be called inside a tokio runtime.
pub async fn execute(
    job: Job,
    start: Start,
    stops: mpsc::Receiver<Stop>,
    watch: &mut (dyn FnMut(&Recorded, &RunState) + Send),
) -> Result<RunState, RunError> {
    let (_lock, mut journal) = take(&job)?;
    let Started { job, first, state } = start::start(job, start, &mut journal)?;
    watch(&first, &state);
    let (engine, inbox) = Engine::new(job, journal, state, watch, stops);
    // When the journal fails, running workers end with the run: nothing that cannot be written down may continue.
    let _end = engine.cancel.clone().drop_guard();
    engine.run(inbox).await
}

/// Makes this process the one that drives the run.
fn take(job: &Job) -> Result<(RunLock, Journal), RunError> {
    let places = &job.workspace.places;
    let folder = places.run(job.id());
    std::fs::create_dir_all(&folder).map_err(|source| RunError::folder(&folder, source))?;
    let path = places.lock(job.id());
    let lock = RunLock::acquire(&path)
        .map_err(|source| RunError::folder(&path, source))?
        .map_err(|holder| RunError::Taken { holder })?;
    let folder = places.requests(job.id());
    requests::clear(&folder).map_err(|source| RunError::folder(&folder, source))?;
    Ok((lock, Journal::open(&places.journal())?))
}

/// What the loop acts on, one at a time.
enum Message {
    Event(PendingEvent),
    Stop(Option<Stop>),
    Request(Request),
    UnitEnded(Result<(Id, Outcome), JoinError>),
    CleanedUp,
    Interruption(InterruptionReport),
    /// A fact about the tracking issue.
    Tracking(RunFact),
    /// A moment has come when more, or no more, may start.
    Time,
}

/// Where messages for the loop arrive.
struct Inbox {
    events: mpsc::Receiver<PendingEvent>,
    stops: mpsc::Receiver<Stop>,
    interruptions: mpsc::UnboundedReceiver<InterruptionReport>,
    tracking: mpsc::UnboundedReceiver<RunFact>,
    requests: mpsc::Receiver<Request>,
}

/// A unit that is worked on.
struct Running {
    task: Id,
    unit: UnitId,
    state: watch::Sender<UnitState>,
    /// Ends this unit alone.
    cancel: CancellationToken,
}

struct Engine<'w> {
    job: Arc<Job>,
    journal: Journal,
    state: RunState,
    watch: &'w mut (dyn FnMut(&Recorded, &RunState) + Send),
    pipelines: JoinSet<Outcome>,
    running: Vec<Running>,
    /// What every pipeline gets a part of.
    shared: Shared,
    cancel: CancellationToken,
    concurrency: Concurrency,
    clean_up: CleanUp,
    tracker: Option<Tracker>,
    /// When this process began to drive the run.
    begun: Instant,
    /// When the loop stops waiting for what is being stopped.
    deadline: Option<Instant>,
}

/// What the pipelines of a run share.
struct Shared {
    gate: watch::Sender<PublishGate>,
    publish_queue: Option<Arc<PublishQueue>>,
    events: mpsc::Sender<PendingEvent>,
    interruptions: mpsc::UnboundedSender<InterruptionReport>,
    restart_permits: Arc<RestartPermits>,
    base_checks: Arc<BaseChecks>,
}

impl<'w> Engine<'w> {
    fn new(
        job: Job,
        journal: Journal,
        state: RunState,
        watch: &'w mut (dyn FnMut(&Recorded, &RunState) + Send),
        stops: mpsc::Receiver<Stop>,
    ) -> (Self, Inbox) {
        let (events, reported) = mpsc::channel(64);
        let (interruptions, interrupted) = mpsc::unbounded_channel();
        let (report_tracking, tracking) = mpsc::unbounded_channel();
        let (request, requests) = mpsc::channel(16);
        let folder = job.workspace.places.requests(job.id());
        tokio::spawn(requests::watch(folder, request));
        let settings = &job.spec.settings.publish;
        let limits = PublishLimits::of(settings, job.delivery.is_on_a_server());
        let queue = |limits| Arc::new(PublishQueue::new(limits, PublishHistory::of(&state)));
        let shared = Shared {
            gate: watch::Sender::new(PublishGate::of(&state)),
            publish_queue: limits.map(queue),
            events,
            interruptions,
            restart_permits: Arc::new(RestartPermits::new()),
            base_checks: Arc::new(BaseChecks::new(&job, &state.base_checks)),
        };
        let tracker = Tracker::start(&job, &state, report_tracking);
        let job = Arc::new(job);
        let engine = Self {
            pipelines: JoinSet::new(),
            running: Vec::new(),
            cancel: CancellationToken::new(),
            concurrency: Concurrency::new(job.jobs()),
            clean_up: CleanUp::new(&job),
            begun: Instant::now(),
            deadline: None,
            job,
            journal,
            state,
            watch,
            shared,
            tracker,
        };
        let inbox = Inbox {
            events: reported,
            stops,
            interruptions: interrupted,
            tracking,
            requests,
        };
        (engine, inbox)
    }

    async fn run(mut self, mut inbox: Inbox) -> Result<RunState, RunError> {
        let mut may_stop = true;
        let closes = self.job.spec.caps().deadline();
        let closes = closes.map(|after| self.begun + after);
        let mut longest = Duration::ZERO;
        self.advance()?;
        while !self.pipelines.is_empty()
            || (self.state.waits_for_disk_space && !self.clean_up.is_idle())
            || self.concurrency.waits_for_providers(&self.state)
        {
            let next_change = self.concurrency.next_change(self.begun.elapsed());
            let next_change = next_change.map(|at| self.begun + at);
            let may_begin_more = self.may_begin_more();
            let message = tokio::select! {
                // Events first: a task that has ended reported all its events before.
                biased;
                Some(event) = inbox.events.recv() => Message::Event(event),
                // An interruption is reported before its consequences.
                Some(report) = inbox.interruptions.recv() => Message::Interruption(report),
                Some(fact) = inbox.tracking.recv() => Message::Tracking(fact),
                stop = inbox.stops.recv(), if may_stop => Message::Stop(stop),
                Some(request) = inbox.requests.recv() => Message::Request(request),
                Some(ended) = self.pipelines.join_next_with_id() => Message::UnitEnded(ended),
                Some(()) = self.clean_up.next() => Message::CleanedUp,
                () = passed(next_change) => Message::Time,
                () = passed(closes), if may_begin_more => Message::Time,
                () = passed(self.deadline) => {
                    self.abort().await;
                    continue;
                }
            };
            let received = Instant::now();
            match message {
                Message::Event(pending) => {
                    self.record(pending.event)?;
                    // A pipeline that is gone needs no answer.
                    let _ = pending.written.send(());
                }
                Message::Stop(Some(how)) => self.stop(how)?,
                Message::Stop(None) => may_stop = false,
                Message::Request(request) => self.answer(request)?,
                Message::UnitEnded(ended) => self.unit_ended(ended)?,
                // There may be disk space again.
                Message::CleanedUp | Message::Time => {}
                Message::Tracking(fact) => self.record(Event::Run(fact))?,
                Message::Interruption(report) => {
                    let (at, now) = (self.begun.elapsed(), now());
                    let fact = self.concurrency.interrupt(&self.state, &report, at, now);
                    self.record_all(fact)?;
                }
            }
            self.advance()?;
            longest = longest.max(received.elapsed());
        }
        tracing::debug!("no message held the loop for longer than {longest:?}");
        for (unit, outcome) in scheduler::never_started(&self.state) {
            self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
        }
        let deadline = self.deadline;
        // `batch clean` removes what is left at the deadline.
        tokio::select! {
            done = self.finish(&mut inbox.tracking) => done?,
            () = passed(deadline) => {}
        }
        self.record(Event::Run(RunFact::Ended))?;
        Ok(self.state)
    }

    async fn finish(
        &mut self,
        tracking: &mut mpsc::UnboundedReceiver<RunFact>,
    ) -> Result<(), RunError> {
        self.clean_up.finish(&self.state).await;
        let late = match self.tracker.take() {
            Some(tracker) => tracker.finish().await,
            None => None,
        };
        while let Ok(fact) = tracking.try_recv() {
            self.record(Event::Run(fact))?;
        }
        self.record_all(late)?;
        self.count_old_uses().await
    }

    /// Starts and blocks the units that may start or must be blocked now.
    fn advance(&mut self) -> Result<(), RunError> {
        self.check_limits()?;
        loop {
            self.update_concurrency()?;
            let allowed = self.concurrency.allowed(&self.state);
            let steps = scheduler::next(&self.state, &allowed, self.space());
            if steps.is_empty() {
                self.clean_up.free_space(&self.state);
                return Ok(());
            }
            for step in steps {
                match step {
                    Next::Start(unit) => self.start_unit(&unit)?,
                    Next::Block { unit, by } => {
                        let outcome = Outcome::Blocked { by };
                        self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
                    }
                    Next::Wait => self.record(Event::Run(self.disk_space_short()))?,
                    Next::Continue => self.record(Event::Run(RunFact::DiskSpaceEnough))?,
                }
            }
        }
    }

    fn update_concurrency(&mut self) -> Result<(), RunError> {
        let facts = self.concurrency.pass(&self.state, self.begun.elapsed());
        self.grant_restarts();
        self.record_all(facts)?;
        if self.concurrency.wants_machine(&self.state) {
            let fact = self.concurrency.look_at(&self.state, Machine::read());
            self.record_all(fact)?;
        }
        Ok(())
    }

    /// Starts no further units once the run has reached a limit, where a unit is left that could start.
    fn check_limits(&mut self) -> Result<(), RunError> {
        if !self.may_begin_more() {
            return Ok(());
        }
        let canary = self
            .state
            .canary()
            .and_then(UnitState::outcome)
            .map(|_| StopReason::Canary);
        let reached = self
            .job
            .spec
            .caps()
            .reached(&self.state, self.begun.elapsed());
        if let Some(why) = canary.or(reached) {
            return self.record(Event::Run(RunFact::StartsStopped { why, agent: None }));
        }
        for (agent, said) in breaker::same_failures(&self.state) {
            let agent = among_others(&self.state, &agent);
            let why = StopReason::SameFailure { said };
            self.record(Event::Run(RunFact::StartsStopped { why, agent }))?;
        }
        Ok(())
    }

    fn may_begin_more(&self) -> bool {
        scheduler::may_begin_more(&self.state, self.job.candidates())
    }

    fn space(&self) -> Space {
        let more = self.job.found.disk_space.more();
        if self.clean_up.may_free_space(&self.state) {
            Space::MoreSoon(more)
        } else {
            Space::Now(more)
        }
    }

    fn disk_space_short(&self) -> RunFact {
        let space = &self.job.found.disk_space;
        let free = space.free().unwrap_or_default().bytes;
        let each = space.each.bytes;
        RunFact::DiskSpaceShort { free, each }
    }

    fn start_unit(&mut self, unit: &UnitId) -> Result<(), RunError> {
        let Some(number) = self.job.spec.number(unit) else {
            return Ok(());
        };
        let begin = UnitFact::StepStarted {
            step: Step::Checkout,
            detail: None,
        };
        self.record(Event::Unit(unit.clone(), begin))?;
        let Some(known) = self.state.unit(unit).cloned() else {
            return Ok(());
        };
        let cancel = self.cancel.child_token();
        let (state, known) = watch::channel(known);
        let context = UnitContext {
            job: Arc::clone(&self.job),
            number,
            checkout: self.job.checkout(unit),
            needs: self.needs(number),
            state: known,
            gate: self.shared.gate.subscribe(),
            publish_queue: self.shared.publish_queue.clone(),
            events: self.shared.events.clone(),
            interruptions: self.shared.interruptions.clone(),
            restart_permits: Arc::clone(&self.shared.restart_permits),
            base_checks: Arc::clone(&self.shared.base_checks),
            cancel: cancel.clone(),
        };
        let task = self.pipelines.spawn(pipeline::run(context)).id();
        self.running.push(Running {
            task,
            unit: unit.clone(),
            state,
            cancel,
        });
        Ok(())
    }

    fn unit_ended(&mut self, ended: Result<(Id, Outcome), JoinError>) -> Result<(), RunError> {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, Some(outcome)),
            Err(error) if error.is_cancelled() => (error.id(), Some(Outcome::Stopped)),
            Err(error) => (error.id(), None),
        };
        let Some(place) = self.running.iter().position(|running| running.task == id) else {
            return Ok(());
        };
        let unit = self.running.swap_remove(place).unit;
        let outcome = outcome.unwrap_or_else(|| self.panicked(&unit));
        if let Some(refusal) = refusal(&self.state, &unit, &outcome) {
            self.record_all(refusal.fact)?;
            self.cancel_units(&refusal.ends);
        }
        let fact = UnitFact::Ended {
            outcome: outcome.clone(),
        };
        self.record(Event::Unit(unit.clone(), fact))?;
        if let Some(unit) = self.state.unit(&unit) {
            self.clean_up.discard(unit, &outcome);
        }
        Ok(())
    }

    /// A panic is a fault of batch; it costs one unit, not the run.
    fn panicked(&self, unit: &UnitId) -> Outcome {
        let step = match self.state.unit(unit).map(|unit| &unit.phase) {
            Some(Phase::Running { step, .. }) => *step,
            _ => Step::Checkout,
        };
        Outcome::Failed {
            step,
            reason: "batch itself broke down here; please report it".into(),
            tail: None,
            log: None,
        }
    }

    /// Stops the run early.
    fn stop(&mut self, how: Stop) -> Result<(), RunError> {
        self.record(Event::Run(RunFact::StopRequested { how }))?;
        if how == Stop::Now {
            self.cancel.cancel();
            self.deadline.get_or_insert(Instant::now() + STOP_WITHIN);
        }
        Ok(())
    }

    /// Abandons what cannot be stopped, such as git waiting for a filter. A resumed run finds it as after a kill.
    async fn abort(&mut self) {
        self.deadline = Some(Instant::now() + STOP_WITHIN / 16);
        self.pipelines.abort_all();
        let tags = self.job.workspace.process_tags();
        let ended = tokio::task::spawn_blocking(move || tags.end_processes());
        // The processes got their signals; nobody waits for a process that does not end.
        let _ = timeout(STOP_WITHIN / 16, ended).await;
    }

    /// Does what another terminal requests, where that is still possible.
    fn answer(&mut self, request: Request) -> Result<(), RunError> {
        match request {
            Request::Stop { how } => self.stop(how),
            Request::StopUnit { unit, by } => {
                let phase = self.state.unit(&unit).map(|unit| unit.phase.clone());
                let requested = UnitFact::StopRequested { by };
                match phase {
                    None | Some(Phase::Ended(_)) => Ok(()),
                    Some(Phase::Waiting) => {
                        self.record(Event::Unit(unit.clone(), requested))?;
                        let outcome = Outcome::Stopped;
                        self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                    }
                    Some(Phase::Running { .. }) => {
                        self.record(Event::Unit(unit.clone(), requested))?;
                        self.cancel_units(&[unit]);
                        Ok(())
                    }
                }
            }
            Request::Skip { unit, by } => match self.state.unit(&unit) {
                Some(known) if known.phase == Phase::Waiting => {
                    let outcome = Outcome::Skipped { by };
                    self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                }
                _ => Ok(()),
            },
        }
    }

    fn cancel_units(&self, units: &[UnitId]) {
        for running in &self.running {
            if units.contains(&running.unit) {
                running.cancel.cancel();
            }
        }
    }

    /// Counts what is left of what the plan wants gone.
    async fn count_old_uses(&mut self) -> Result<(), RunError> {
        let (job, state) = (Arc::clone(&self.job), self.state.clone());
        let counted = tokio::task::spawn_blocking(move || {
            let pattern = job.found.until.as_ref()?;
            Some(old_uses::count(&job, pattern, &state))
        });
        match counted.await {
            Ok(Some(Ok(uses))) => self.record(Event::Run(RunFact::Counted(uses)))?,
            Ok(Some(Err(error))) => tracing::warn!("what is left could not be counted: {error}"),
            // The plan wants nothing gone, or a parser panicked, which was printed.
            Ok(None) | Err(_) => {}
        }
        Ok(())
    }

    /// Writes an event down, then takes it in, then shows it.
    fn record(&mut self, event: Event) -> Result<(), RunError> {
        let recorded = append(&mut self.journal, self.job.id(), now(), event)?;
        self.state.apply(&recorded);
        match &recorded.event {
            Event::Unit(id, fact) => {
                self.show_state(id);
                if let UnitFact::Committed { .. } | UnitFact::Ended { .. } = fact {
                    self.update_gate();
                }
                if let (UnitFact::PullRequestOpened(_), Some(tracker)) = (fact, &self.tracker) {
                    tracker.update(&self.state);
                }
            }
            Event::Run(RunFact::StopRequested { .. } | RunFact::StartsStopped { .. }) => {
                self.update_gate();
            }
            Event::Run(_) => {}
        }
        self.grant_restarts();
        (self.watch)(&recorded, &self.state);
        Ok(())
    }

    fn record_all(&mut self, facts: impl IntoIterator<Item = RunFact>) -> Result<(), RunError> {
        facts
            .into_iter()
            .try_for_each(|fact| self.record(Event::Run(fact)))
    }

    /// Shows a running pipeline the state of its unit.
    fn show_state(&self, id: &UnitId) {
        let running = self.running.iter().find(|running| running.unit == *id);
        if let (Some(running), Some(unit)) = (running, self.state.unit(id)) {
            running.state.send_replace(unit.clone());
        }
    }

    fn update_gate(&self) {
        self.shared.gate.send_replace(PublishGate::of(&self.state));
    }

    /// Lets an agent that was killed from outside work again, if the machine can bear it.
    fn grant_restarts(&self) {
        let may_restart = self.concurrency.may_restart(&self.state);
        self.shared.restart_permits.set_open(may_restart);
    }

    fn needs(&self, number: usize) -> Vec<FinishedNeed> {
        let spec = &self.job.spec;
        let needs = spec.unit(number).needs.iter();
        needs
            .filter_map(|id| Some((spec.number(id)?, self.state.unit(id)?)))
            .map(|(unit, state)| {
                let work = state
                    .attempt
                    .branch_name()
                    .zip(state.attempt.commit.as_ref());
                let pull_request = state.publication.pull_request.as_ref();
                FinishedNeed {
                    unit,
                    work: work.map(|(branch, commit)| FinishedWork {
                        branch: branch.clone(),
                        commit: commit.clone(),
                    }),
                    url: pull_request.map(|link| link.url.clone()),
                }
            })
            .collect()
    }
}

/// Waits until the moment, if there is one.
async fn passed(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
