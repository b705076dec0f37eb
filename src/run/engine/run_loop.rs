//! One run from its first event to its last: a single loop that writes each fact down before it acts on it.
//!
//! Unit pipelines run as tasks and hand their facts over; the loop appends each to the journal, folds it into the state,
//! hands it to whoever watches, and asks the scheduler what may start. Nobody else changes the state.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, RunLock};
use crate::plan::UnitId;
use crate::run::engine::error::RunError;
use crate::run::engine::old_uses;
use crate::run::engine::requests::{self, Request};
use crate::run::engine::start::{self, Start};
use crate::run::engine::tracker::Tracker;
use crate::run::job::pull_request::FinishedNeed;
use crate::run::job::spec::Job;
use crate::run::log::event::{Event, Outcome, Recorded, RunFact, Step, Stop, UnitFact};
use crate::run::log::record::{append, now};
use crate::run::log::state::{Phase, RunState, UnitState};
use crate::run::log::stop_reason::StopReason;
use crate::run::schedule::breaker;
use crate::run::schedule::concurrency::{InterruptionReport, Pacing};
use crate::run::schedule::publish_gate::PublishGate;
use crate::run::schedule::publish_limiter::PublishLimiter;
use crate::run::schedule::restart_permits::RestartPermits;
use crate::run::schedule::scheduler::{self, Next, Space};
use crate::run::unit::base_checks::Base;
use crate::run::unit::context::{PendingEvent, Pipeline};

/// Writes a new run down without running it: [`execute`] goes on with it, in this process or in another one.
pub fn announce(job: &Job) -> Result<(), RunError> {
    let (_lock, mut journal) = take(job)?;
    start::begin(job, &mut journal).map(drop)
}

/// Runs a job to its end, or until it is stopped. Every event is shown to `watch` when the state has taken it in.
///
/// Must be called inside a tokio runtime.
pub async fn execute(
    mut job: Job,
    beginning: Start,
    stops: mpsc::Receiver<Stop>,
    watch: &mut (dyn FnMut(&Recorded, &RunState) + Send),
) -> Result<RunState, RunError> {
    let (_lock, mut journal) = take(&job)?;
    let (first, state) = match beginning {
        Start::New => start::begin(&job, &mut journal)?,
        Start::Resumed => start::resume(&mut job, &mut journal)?,
        Start::Retried(units, amendment) => {
            start::retry(&mut job, units, *amendment, &mut journal)?
        }
        Start::FollowUps(units) => start::follow_up(&mut job, units, &mut journal)?,
        Start::Accepted => start::accept(&mut job, &mut journal)?,
        Start::Republished(settings) => start::republish(&mut job, &settings, &mut journal)?,
    };
    watch(&first, &state);

    let (facts, said) = mpsc::channel(64);
    let cancel = CancellationToken::new();
    // When the journal fails, what runs is ended with the run: nothing that cannot be written down may go on.
    let _end = cancel.clone().drop_guard();
    let (clearance, _) = watch::channel(PublishGate::of(&state));
    let valve = PublishLimiter::of(&job.settings.publish, &job.delivery, &state).map(Arc::new);
    let base = Arc::new(Base::new(&job, &state.base_checks));
    let pacing = Pacing::new(job.jobs);
    let (troubles, pressures) = mpsc::unbounded_channel();
    let (tell, told) = mpsc::unbounded_channel();
    let tracker = Tracker::of(&job, &state, tell);
    let engine = Engine {
        job: Arc::new(job),
        base,
        journal,
        state,
        watch,
        clearance,
        valve,
        tracker,
        facts,
        registration: Arc::new(Mutex::new(())),
        cancel,
        pipelines: JoinSet::new(),
        running: Vec::new(),
        tidying: JoinSet::new(),
        made_room_at: None,
        begun: Instant::now(),
        pacing,
        troubles,
        comeback: Arc::new(RestartPermits::new()),
        deadline: None,
    };
    engine.run(said, stops, pressures, told).await
}

/// Makes this process the one that drives the run.
fn take(job: &Job) -> Result<(RunLock, Journal), RunError> {
    let folder = job.places.run(&job.id);
    std::fs::create_dir_all(&folder).map_err(|source| RunError::folder(&folder, source))?;
    let path = job.places.lock(&job.id);
    let lock = RunLock::acquire(&path)
        .map_err(|source| RunError::folder(&path, source))?
        .map_err(|holder| RunError::Taken { holder })?;
    let requests = job.places.requests(&job.id);
    requests::forget(&requests).map_err(|source| RunError::folder(&requests, source))?;
    Ok((lock, Journal::open(&job.places.journal())?))
}

/// What the loop acts on, one at a time.
enum Message {
    PendingEvent(PendingEvent),
    Stop(Option<Stop>),
    Request(Request),
    Ended(Result<(Id, Outcome), JoinError>),
    Tidied,
    InterruptionReport(InterruptionReport),
    /// Of the one issue for all pull requests.
    Tracked(RunFact),
    /// A moment has come at which more, or no more, may be started.
    Time,
}

/// A unit that is being worked on.
pub(crate) struct Running {
    task: Id,
    pub(crate) unit: usize,
    /// Ends this unit alone.
    pub(crate) cancel: CancellationToken,
}

pub(crate) struct Engine<'w> {
    pub(crate) job: Arc<Job>,
    journal: Journal,
    pub(crate) state: RunState,
    watch: &'w mut (dyn FnMut(&Recorded, &RunState) + Send),
    clearance: watch::Sender<PublishGate>,
    valve: Option<Arc<PublishLimiter>>,
    tracker: Option<Tracker>,
    facts: mpsc::Sender<PendingEvent>,
    base: Arc<Base>,
    registration: Arc<Mutex<()>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) pipelines: JoinSet<Outcome>,
    pub(crate) running: Vec<Running>,
    pub(crate) tidying: JoinSet<()>,
    /// How many units had ended when what was put away was deleted to make room.
    pub(crate) made_room_at: Option<usize>,
    /// When this process began to drive the run.
    pub(crate) begun: Instant,
    pub(crate) pacing: Pacing,
    troubles: mpsc::UnboundedSender<InterruptionReport>,
    pub(crate) comeback: Arc<RestartPermits>,
    /// When to wait no longer for what is being stopped.
    pub(crate) deadline: Option<Instant>,
}

impl Engine<'_> {
    async fn run(
        mut self,
        mut said: mpsc::Receiver<PendingEvent>,
        mut stops: mpsc::Receiver<Stop>,
        mut pressures: mpsc::UnboundedReceiver<InterruptionReport>,
        mut told: mpsc::UnboundedReceiver<RunFact>,
    ) -> Result<RunState, RunError> {
        let mut may_stop = true;
        let closes = self.job.caps.deadline().map(|after| self.begun + after);
        let mut longest = Duration::ZERO;
        let (leave, mut requests) = mpsc::channel(16);
        tokio::spawn(requests::look(
            self.job.places.requests(&self.job.id),
            leave,
        ));
        self.advance()?;
        while !self.pipelines.is_empty()
            || (self.state.waits_for_room && !self.tidying.is_empty())
            || self.waits_for_pace()
        {
            let look_again = self.look_again();
            let news = tokio::select! {
                // Facts first: a task that has ended has said all it had to say before.
                biased;
                Some(said) = said.recv() => Message::PendingEvent(said),
                // A trouble is told before what comes of it.
                Some(trouble) = pressures.recv() => Message::InterruptionReport(trouble),
                Some(fact) = told.recv() => Message::Tracked(fact),
                stop = stops.recv(), if may_stop => Message::Stop(stop),
                Some(wish) = requests.recv() => Message::Request(wish),
                Some(ended) = self.pipelines.join_next_with_id() => Message::Ended(ended),
                Some(_) = self.tidying.join_next() => Message::Tidied,
                () = passed(look_again) => Message::Time,
                () = passed(closes), if self.may_begin_more() => Message::Time,
                () = passed(self.deadline) => {
                    self.give_up().await;
                    continue;
                }
            };
            let heard = Instant::now();
            match news {
                Message::PendingEvent(said) => {
                    self.record(said.event)?;
                    // A pipeline that is gone needs no answer.
                    let _ = said.written.send(());
                }
                Message::Stop(Some(how)) => self.stop(how)?,
                Message::Stop(None) => may_stop = false,
                Message::Request(wish) => self.grant(wish)?,
                Message::Ended(ended) => self.ended(ended)?,
                // There may be room again.
                Message::Tidied | Message::Time => {}
                Message::Tracked(fact) => self.record(Event::Run(fact))?,
                Message::InterruptionReport(trouble) => self.trouble(&trouble)?,
            }
            self.advance()?;
            longest = longest.max(heard.elapsed());
        }
        tracing::debug!("no news held the loop for longer than {longest:?}");
        for (unit, outcome) in scheduler::never_started(&self.state) {
            self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
        }
        let deadline = self.deadline;
        let tidied = async {
            while self.tidying.join_next().await.is_some() {}
            self.put_away().await;
            let late = match self.tracker.take() {
                Some(tracker) => tracker.finish().await,
                None => None,
            };
            let rest = std::iter::from_fn(|| told.try_recv().ok());
            for fact in rest.chain(late) {
                self.record(Event::Run(fact))?;
            }
            self.count().await
        };
        // What is left to do then is for `batch clean`.
        tokio::select! {
            done = tidied => done?,
            () = passed(deadline) => {}
        }
        self.record(Event::Run(RunFact::Ended))?;
        Ok(self.state)
    }

    /// Starts and blocks whatever may be started or must be blocked now.
    fn advance(&mut self) -> Result<(), RunError> {
        self.look_at_limits()?;
        loop {
            let allowed = self.pace()?;
            let steps = scheduler::next(&self.state, &allowed, self.space());
            if steps.is_empty() {
                self.make_room();
                return Ok(());
            }
            for step in steps {
                match step {
                    Next::Start(unit) => self.start(&unit)?,
                    Next::Block { unit, by } => {
                        let outcome = Outcome::Blocked { by };
                        self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
                    }
                    Next::Wait => self.record(Event::Run(self.room_short()))?,
                    Next::GoOn => self.record(Event::Run(RunFact::DiskSpaceEnough))?,
                }
            }
        }
    }

    /// Cuts the run short where it has reached a limit and something is left that could be begun.
    fn look_at_limits(&mut self) -> Result<(), RunError> {
        if !self.may_begin_more() {
            return Ok(());
        }
        let canary = self
            .state
            .canary()
            .and_then(UnitState::outcome)
            .map(|_| StopReason::Canary);
        let reached = self.job.caps.reached(&self.state, self.begun.elapsed());
        if let Some(why) = canary.or(reached) {
            return self.record(Event::Run(RunFact::StartsStopped { why, agent: None }));
        }
        for (who, said) in breaker::same_failures(&self.state) {
            let agent = self.among_others(&who);
            let why = StopReason::SameFailure { said };
            self.record(Event::Run(RunFact::StartsStopped { why, agent }))?;
        }
        Ok(())
    }

    /// Whether something is left that could be begun: a unit, or a further work at one where works compete.
    fn may_begin_more(&self) -> bool {
        let is_left = |unit: &UnitState| match unit.phase {
            Phase::Waiting => true,
            Phase::Running { .. } => {
                let works = unit.rivals.len() + 1;
                unit.round.is_none() && unit.chosen.is_none() && works < self.job.rivals()
            }
            Phase::Ended(_) => false,
        };
        !self.state.starts_no_more() && self.state.units.iter().any(is_left)
    }

    fn space(&self) -> Space {
        let room = self.job.room.more();
        if self.tidying.is_empty() && !self.can_make_room() {
            Space::Now(room)
        } else {
            Space::MoreSoon(room)
        }
    }

    fn room_short(&self) -> RunFact {
        let free = self.job.room.free().unwrap_or_default().bytes;
        let each = self.job.room.each.bytes;
        RunFact::DiskSpaceShort { free, each }
    }

    fn start(&mut self, unit: &UnitId) -> Result<(), RunError> {
        let Some(number) = self.number(unit) else {
            return Ok(());
        };
        let Some(known) = self.state.unit(unit).cloned() else {
            return Ok(());
        };
        let begin = UnitFact::StepStarted {
            step: Step::Worktree,
            detail: None,
        };
        self.record(Event::Unit(unit.clone(), begin))?;
        let cancel = self.cancel.child_token();
        let pipeline = Pipeline {
            job: Arc::clone(&self.job),
            number,
            needs: self.needs(number),
            known,
            clearance: self.clearance.subscribe(),
            valve: self.valve.clone(),
            facts: self.facts.clone(),
            troubles: self.troubles.clone(),
            comeback: Arc::clone(&self.comeback),
            base: Arc::clone(&self.base),
            registration: Arc::clone(&self.registration),
            cancel: cancel.clone(),
        };
        let task = self.pipelines.spawn(pipeline.run()).id();
        self.running.push(Running {
            task,
            unit: number,
            cancel,
        });
        Ok(())
    }

    fn ended(&mut self, ended: Result<(Id, Outcome), JoinError>) -> Result<(), RunError> {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, Some(outcome)),
            Err(error) if error.is_cancelled() => (error.id(), Some(Outcome::Stopped)),
            Err(error) => (error.id(), None),
        };
        let Some(place) = self.running.iter().position(|running| running.task == id) else {
            return Ok(());
        };
        let number = self.running.swap_remove(place).unit;
        let unit = self.id(number);
        let outcome = outcome.unwrap_or_else(|| self.broken_down(&unit));
        self.heed(&unit, &outcome)?;
        let fact = UnitFact::Ended {
            outcome: outcome.clone(),
        };
        self.record(Event::Unit(unit, fact))?;
        self.tidy(number, &outcome);
        Ok(())
    }

    /// A panic is a fault of ours; it costs one unit, not the run.
    fn broken_down(&self, unit: &UnitId) -> Outcome {
        let step = match self.state.unit(unit).map(|unit| &unit.phase) {
            Some(Phase::Running { step, .. }) => *step,
            _ => Step::Worktree,
        };
        Outcome::Failed {
            step,
            reason: "batch itself broke down here; please report it".into(),
            tail: None,
            log: None,
        }
    }

    /// Counts what is left of what the plan wants gone.
    async fn count(&mut self) -> Result<(), RunError> {
        let (job, state) = (Arc::clone(&self.job), self.state.clone());
        let counted = tokio::task::spawn_blocking(move || {
            let probe = job.until.as_ref()?;
            Some(old_uses::count(&job, probe, &state))
        });
        match counted.await {
            Ok(Some(Ok(uses))) => self.record(Event::Run(RunFact::Counted(uses)))?,
            Ok(Some(Err(error))) => tracing::warn!("what is left could not be counted: {error}"),
            // Nothing is wanted gone, or a parser broke down, which has been told.
            Ok(None) | Err(_) => {}
        }
        Ok(())
    }

    /// Writes an event down, then takes it in, then shows it.
    pub(crate) fn record(&mut self, event: Event) -> Result<(), RunError> {
        let recorded = append(&mut self.journal, &self.job.id, now(), event)?;
        self.state.apply(&recorded);
        if let Event::Unit(_, UnitFact::Committed { .. } | UnitFact::Ended { .. })
        | Event::Run(RunFact::StopAsked { .. } | RunFact::StartsStopped { .. }) = &recorded.event
        {
            self.clearance.send_replace(PublishGate::of(&self.state));
        }
        self.tell_comeback();
        if let (Event::Unit(_, UnitFact::PullRequestOpened(_)), Some(tracker)) =
            (&recorded.event, &self.tracker)
        {
            tracker.tell(&self.state);
        }
        (self.watch)(&recorded, &self.state);
        Ok(())
    }

    fn needs(&self, number: usize) -> Vec<FinishedNeed> {
        self.job.plan.units[number]
            .needs
            .iter()
            .filter_map(|id| Some((self.number(id)?, self.state.unit(id)?)))
            .map(|(unit, state)| FinishedNeed {
                unit,
                work: state.branch.clone().zip(state.commit.clone()),
                url: state.pull_request.as_ref().map(|link| link.url.clone()),
            })
            .collect()
    }

    pub(crate) fn number(&self, unit: &UnitId) -> Option<usize> {
        self.job.plan.units.iter().position(|it| it.id == *unit)
    }

    pub(crate) fn id(&self, number: usize) -> UnitId {
        self.job.plan.units[number].id.clone()
    }
}

/// Comes back at the moment, if there is one.
async fn passed(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
