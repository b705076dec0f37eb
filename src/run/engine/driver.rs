//! The engine of a run: it owns the state, records each event before it acts on it, and starts and stops units.
//!
//! Unit pipelines run as tasks and report events; the engine appends each event to the journal, folds it into the
//! state, shows it to the watcher, and asks the deciders what may start. Nobody else changes the state.

use crate::agent::without_closing;
use crate::config::PublishWhen;
use crate::journal::Journal;
use crate::plan::UnitId;
use crate::run::delivery::Delivery;
use crate::run::engine::clean_up::CleanUp;
use crate::run::engine::divide;
use crate::run::engine::error::RunError;
use crate::run::engine::helper_doubles;
use crate::run::engine::late_units;
use crate::run::engine::old_uses;
use crate::run::engine::pipelines::{EndedPipeline, Pipelines};
use crate::run::engine::publications;
use crate::run::engine::requests::{self, Request};
use crate::run::engine::tracker::Tracker;
use crate::run::engine::union::RunningUnion;
use crate::run::engine::user_files;
use crate::run::job::job::Job;
use crate::run::job::pull_request::{FinishedNeed, FinishedWork};
use crate::run::job::too_much::TooMuch;
use crate::run::log::event::{Event, Recorded};
use crate::run::log::outcome::{Outcome, Step};
use crate::run::log::record::{append, now};
use crate::run::log::run_fact::{RunFact, Stop};
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::union::{Union, UnionEnd};
use crate::run::log::unit_fact::UnitFact;
use crate::run::log::unit_state::{Phase, UnitState};
use crate::run::schedule::breaker;
use crate::run::schedule::concurrency::{Concurrency, InterruptionReport};
use crate::run::schedule::limits::{UsageReport, WorkingAgents};
use crate::run::schedule::pilot;
use crate::run::schedule::publish_gate::GateState;
use crate::run::schedule::refusal::{among_others, refusal, strayed_with};
use crate::run::schedule::restart_order::behind_others;
use crate::run::schedule::scheduler::{self, Next, Space};
use crate::run::schedule::union;
use crate::run::unit::context::{PendingEvent, PipelineEnd};
use crate::run::workspace::machine::Machine;
use crate::run::workspace::user_checkout::UserCheckout;
use crate::run::workspace::user_git::UserGit;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// A run that stops at once ends soon after this, whatever still goes on.
const STOP_WITHIN: Duration = Duration::from_millis(4_200);

/// A message that the engine handles, one at a time.
pub(crate) enum Message {
    Event(PendingEvent),
    Stop(Stop),
    Request(Request),
    UnitEnded(EndedPipeline),
    /// The check of the union ended; the error is how, where it could not say so itself.
    UnionDone(Result<(), UnionEnd>),
    CleanedUp,
    Interruption(InterruptionReport),
    Usage(Vec<UsageReport>),
    /// A fact about the tracking issue.
    Tracking(RunFact),
    /// A moment has come when more, or no more, may start.
    Time,
    /// The engine has waited long enough for what is being stopped.
    Deadline,
}

/// The channels from outside the engine.
pub(crate) struct Inbox {
    pub(crate) events: mpsc::Receiver<PendingEvent>,
    pub(crate) stops: mpsc::Receiver<Stop>,
    pub(crate) interruptions: mpsc::UnboundedReceiver<InterruptionReport>,
    pub(crate) usage: mpsc::UnboundedReceiver<UsageReport>,
    pub(crate) tracking: mpsc::UnboundedReceiver<RunFact>,
    pub(crate) requests: mpsc::Receiver<Request>,
}

pub(crate) struct Engine<'w> {
    job: Arc<Job>,
    journal: Journal,
    state: RunState,
    watch: &'w mut (dyn FnMut(&Recorded, &RunState) + Send),
    pipelines: Pipelines,
    concurrency: Concurrency,
    working: WorkingAgents,
    clean_up: CleanUp,
    tracker: Option<Tracker>,
    /// The check of the green units together, while it runs.
    union: Option<RunningUnion>,
    /// When this process began to drive the run.
    begun: Instant,
    /// The look at the user's own checkout before any agent worked.
    user_checkout: Option<JoinHandle<Option<UserCheckout>>>,
    /// The user's git folder before any worker ran.
    user_git: Arc<UserGit>,
    /// The changes in that folder are recorded.
    user_git_told: bool,
    /// When the loop stops waiting for what is being stopped.
    deadline: Option<Instant>,
}

impl<'w> Engine<'w> {
    pub(crate) fn new(
        job: Job,
        journal: Journal,
        state: RunState,
        user_git: Arc<UserGit>,
        watch: &'w mut (dyn FnMut(&Recorded, &RunState) + Send),
        stops: mpsc::Receiver<Stop>,
    ) -> (Self, Inbox) {
        let (events, reported) = mpsc::channel(64);
        let (interruptions, interrupted) = mpsc::unbounded_channel();
        let (report_usage, usage) = mpsc::unbounded_channel();
        let (report_tracking, tracking) = mpsc::unbounded_channel();
        let (request, requests) = mpsc::channel(16);
        let folder = job.workspace.places.requests(job.id());
        tokio::spawn(requests::watch(folder, request));
        let tracker = Tracker::start(&job, &state, report_tracking);
        let job = Arc::new(job);
        let engine = Self {
            pipelines: Pipelines::new(&job, &state, &user_git, events, interruptions, report_usage),
            concurrency: Concurrency::new(job.jobs(), job.spec.machine_load()),
            clean_up: CleanUp::new(&job),
            working: WorkingAgents::default(),
            begun: Instant::now(),
            deadline: None,
            union: None,
            user_checkout: user_files::look(&job),
            user_git,
            user_git_told: false,
            job,
            journal,
            state,
            watch,
            tracker,
        };
        let inbox = Inbox {
            events: reported,
            stops,
            interruptions: interrupted,
            usage,
            tracking,
            requests,
        };
        (engine, inbox)
    }

    /// Puts published units back in line whose pull request or branch does not exist.
    pub(crate) async fn look_up_publications(&mut self) -> Result<(), RunError> {
        // A worker of a killed process may have led git elsewhere; the next process looks after that was told.
        if !self.user_git.decisive_changes().is_empty() {
            return Ok(());
        }
        for (unit, reason) in publications::missing(&self.job, &self.state).await {
            self.record(Event::Unit(unit, UnitFact::NotPublished { reason }))?;
        }
        Ok(())
    }

    /// Returns the token that ends every unit.
    pub(crate) fn cancel(&self) -> CancellationToken {
        self.pipelines.cancel_token()
    }

    /// Checks whether the run has anything left to wait for.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.pipelines.is_empty()
            || (self.state.waits_for_disk_space && !self.clean_up.is_idle())
            || self.concurrency.waits_for_providers(&self.state)
    }

    /// Waits for a message from the engine's own tasks and clocks.
    pub(crate) async fn next(&mut self) -> Message {
        let next_change = self.concurrency.next_change(self.begun.elapsed());
        let next_change = next_change.map(|at| self.begun + at);
        let closes = self.job.spec.caps().deadline();
        let closes = closes.filter(|_| self.may_begin_more());
        let closes = closes.map(|after| self.begun + after);
        tokio::select! {
            biased;
            Some(ended) = self.pipelines.next() => Message::UnitEnded(ended),
            done = union_done(&mut self.union) => Message::UnionDone(done),
            Some(()) = self.clean_up.next() => Message::CleanedUp,
            () = passed(next_change) => Message::Time,
            () = passed(closes) => Message::Time,
            () = passed(self.deadline) => Message::Deadline,
        }
    }

    /// Acts on a message, and starts what may start after it.
    pub(crate) async fn handle(&mut self, message: Message) -> Result<(), RunError> {
        match message {
            Message::Event(pending) => {
                let is_setback =
                    matches!(&pending.event, Event::Unit(_, UnitFact::SentBack { .. }));
                self.record(pending.event)?;
                // The unit makes no further attempt before it is known whether it waits for a pilot.
                if is_setback {
                    self.choose_pilots()?;
                }
                // A pipeline that is gone needs no answer.
                let _ = pending.written.send(());
            }
            Message::Stop(how) => self.stop(how)?,
            Message::Request(request) => self.answer(request)?,
            Message::UnitEnded(ended) => self.unit_ended(ended)?,
            Message::UnionDone(done) => {
                self.union = None;
                if let Err(end) = done {
                    self.record(Event::Run(RunFact::UnionEnded(end)))?;
                }
            }
            // There may be disk space again.
            Message::CleanedUp | Message::Time => {}
            Message::Tracking(fact) => self.record(Event::Run(fact))?,
            Message::Interruption(report) => {
                let at = self.begun.elapsed();
                let fact = self.concurrency.interrupt(&self.state, &report, at, now());
                self.record_all(fact)?;
            }
            Message::Usage(reports) => {
                for report in reports {
                    self.working.report(&self.state, report);
                }
            }
            Message::Deadline => {
                self.abort().await;
                return Ok(());
            }
        }
        self.advance()
    }

    /// Records the end of the run, after the clean-up.
    pub(crate) async fn end(
        mut self,
        mut tracking: mpsc::UnboundedReceiver<RunFact>,
    ) -> Result<RunState, RunError> {
        for (unit, outcome) in scheduler::never_started(&self.state) {
            self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
        }
        if let Some(union) = self.union.take() {
            union.stop().await;
        }
        let deadline = self.deadline;
        // `batch clean` removes what is left at the deadline.
        tokio::select! {
            done = self.finish(&mut tracking) => done?,
            () = passed(deadline) => {}
        }
        self.record(Event::Run(RunFact::Ended))?;
        if self.user_git_told {
            self.user_git.end();
        }
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
        if let Some(look) = self.user_checkout.take() {
            let changed = user_files::changed_since(look).await;
            self.record_all(changed)?;
        }
        let user_git = Arc::clone(&self.user_git);
        let changes = tokio::task::spawn_blocking(move || user_git.changes()).await;
        if let Ok(changes) = changes {
            let fact = self.user_git.untold(changes);
            self.record_all(fact)?;
            self.user_git_told = true;
        }
        let compared = helper_doubles::compare(&self.job, &self.state).await;
        self.record_all(compared)?;
        self.count_old_uses().await
    }

    /// Starts and blocks the units that may start or must be blocked now.
    pub(crate) fn advance(&mut self) -> Result<(), RunError> {
        self.skip_requested()?;
        self.check_limits()?;
        if let Some(added) = late_units::due(&self.job, &self.state) {
            self.record(Event::Run(RunFact::UnitAdded(Box::new(added))))?;
            self.pipelines.show_holders(&self.state, &self.job.spec);
        }
        loop {
            self.update_concurrency()?;
            let allowed = self.concurrency.allowed(&self.state);
            let steps = scheduler::next(&self.state, &allowed, self.space());
            if steps.is_empty() {
                self.clean_up.free_space(&self.state);
                return self.begin_union();
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

    /// Starts to check all units together where everything is done and waits for that.
    fn begin_union(&mut self) -> Result<(), RunError> {
        let is_ending = self.pipelines.cancel_token().is_cancelled();
        if is_ending || self.union.is_some() || GateState::of(&self.state) != GateState::AwaitsUnion
        {
            return Ok(());
        }
        let unverified = match &self.job.delivery {
            Delivery::PullRequest(place) => place.unverified,
            Delivery::Nothing => return Ok(()),
        };
        let members = union::members(&self.state, unverified);
        let is_begun = |it: &Union| it.end.is_none() && it.members == members;
        if !self.state.union.as_ref().is_some_and(is_begun) {
            self.record(Event::Run(RunFact::UnionBegun { members }))?;
        }
        if let Some(union) = self.state.union.clone() {
            let bench = self.pipelines.bench(&self.job);
            self.union = Some(RunningUnion::start(bench, &self.state, union));
        }
        Ok(())
    }

    fn update_concurrency(&mut self) -> Result<(), RunError> {
        let facts = self.concurrency.pass(&self.state, self.begun.elapsed());
        self.pipelines
            .grant_restarts(self.concurrency.may_restart(&self.state));
        self.record_all(facts)?;
        if self.concurrency.wants_machine(&self.state) {
            let fact = self.concurrency.look_at(&self.state, Machine::read());
            self.record_all(fact)?;
        }
        Ok(())
    }

    /// Starts no further units once the run has reached a limit, where a unit is left that could start.
    fn check_limits(&mut self) -> Result<(), RunError> {
        self.stop_agents_over_limit()?;
        self.choose_pilots()?;
        let is_waited_for = self.state.pilots.iter().any(|pilot| pilot.said.is_some());
        if is_waited_for && self.state.stop_reason.is_none() {
            self.stop_after_same_failures()?;
        }
        if !self.may_begin_more() {
            return Ok(());
        }
        let canary = self
            .state
            .canary()
            .and_then(UnitState::outcome)
            .map(|_| StopReason::Canary);
        let reached =
            self.job
                .spec
                .caps()
                .reached(&self.state, &self.working, self.begun.elapsed());
        if let Some(why) = canary.or(reached) {
            return self.record(Event::Run(RunFact::StartsStopped { why, agent: None }));
        }
        self.stop_after_same_failures()
    }

    /// Starts no further unit of an agent whose first units failed alike.
    fn stop_after_same_failures(&mut self) -> Result<(), RunError> {
        for (agent, said) in breaker::same_failures(&self.state) {
            let agent = among_others(&self.state, &agent);
            let why = StopReason::SameFailure { said };
            self.record(Event::Run(RunFact::StartsStopped { why, agent }))?;
        }
        Ok(())
    }

    /// Lets units go on as pilots, for which the others of their agent wait.
    fn choose_pilots(&mut self) -> Result<(), RunError> {
        let due = pilot::due(&self.state);
        self.record_all(due.into_iter().map(RunFact::PilotChosen))
    }

    /// Stops the working agents once the run is over a limit.
    fn stop_agents_over_limit(&mut self) -> Result<(), RunError> {
        if self.working.is_empty() {
            return Ok(());
        }
        let caps = self.job.spec.caps();
        let Some(why) = caps.exceeded(&self.state, &self.working) else {
            return Ok(());
        };
        self.pipelines.stop_agents(why.clone());
        if self.state.stop_reason.is_some() {
            return Ok(());
        }
        self.record(Event::Run(RunFact::StartsStopped { why, agent: None }))
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
        if let Some(known) = self.state.unit(unit).cloned() {
            let needs = self.needs(number);
            self.pipelines.start(&self.job, number, known, needs);
        }
        Ok(())
    }

    fn unit_ended(&mut self, ended: EndedPipeline) -> Result<(), RunError> {
        let EndedPipeline { unit, end } = ended;
        let outcome = match end {
            Some(PipelineEnd::Outcome(Outcome::Stopped)) => self.stopped(&unit),
            Some(PipelineEnd::Outcome(outcome)) => outcome,
            Some(PipelineEnd::StandsOn(other)) => {
                let fact = UnitFact::StandsOn(behind_others(&self.state, &unit, *other));
                return self.record(Event::Unit(unit, fact));
            }
            Some(PipelineEnd::Divided(too_much)) => return self.divide(&unit, *too_much),
            None => self.panicked(&unit),
        };
        if let Some(refusal) = refusal(&self.state, &unit, &outcome) {
            self.record_all(refusal.fact)?;
            self.pipelines.cancel(&refusal.ends);
        }
        self.pipelines.cancel(&strayed_with(&self.state, &unit));
        let fact = UnitFact::Ended {
            outcome: outcome.clone(),
        };
        self.record(Event::Unit(unit.clone(), fact))?;
        if let Some(unit) = self.state.unit(&unit) {
            self.clean_up.discard(unit, &outcome);
        }
        Ok(())
    }

    /// Divides a unit; what starts from now on sees the new claims.
    fn divide(&mut self, unit: &UnitId, too_much: TooMuch) -> Result<(), RunError> {
        let reason = too_much.reason.clone();
        let Some(division) = divide::division(&self.state, &self.job.spec, unit, too_much) else {
            // The parts cannot be named, so the unit ends as its agent did.
            let outcome = Outcome::Failed {
                step: Step::Agent,
                reason,
                tail: None,
                log: None,
            };
            return self.record(Event::Unit(unit.clone(), UnitFact::Ended { outcome }));
        };
        self.record(Event::Run(RunFact::UnitDivided(Box::new(division))))?;
        Arc::make_mut(&mut self.job).take_divisions(&self.state);
        self.pipelines.show_holders(&self.state, &self.job.spec);
        Ok(())
    }

    /// Returns the outcome of a unit that was stopped: skipped, where a person asked for that.
    fn stopped(&self, unit: &UnitId) -> Outcome {
        let unit = self.state.unit(unit);
        match unit.and_then(|unit| unit.skip_requested.clone()) {
            Some(by) => Outcome::Skipped { by },
            None => Outcome::Stopped,
        }
    }

    /// Ends the units that were to be skipped when an earlier process was killed.
    fn skip_requested(&mut self) -> Result<(), RunError> {
        let waiting = self.state.units.iter();
        let waiting = waiting.filter(|unit| unit.phase == Phase::Waiting);
        let asked: Vec<(UnitId, String)> = waiting
            .filter_map(|unit| Some((unit.header.id.clone(), unit.skip_requested.clone()?)))
            .collect();
        for (unit, by) in asked {
            let outcome = Outcome::Skipped { by };
            self.record(Event::Unit(unit, UnitFact::Ended { outcome }))?;
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
            self.pipelines.cancel_all();
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
                        self.pipelines.cancel(&[unit]);
                        Ok(())
                    }
                }
            }
            Request::Skip { unit, by, running } => match self.state.unit(&unit) {
                Some(known) if known.phase == Phase::Waiting => {
                    let outcome = Outcome::Skipped { by };
                    self.record(Event::Unit(unit, UnitFact::Ended { outcome }))
                }
                Some(known)
                    if running && known.outcome().is_none() && known.attempt.commit.is_none() =>
                {
                    self.record(Event::Unit(unit.clone(), UnitFact::SkipRequested { by }))?;
                    self.pipelines.cancel(&[unit]);
                    Ok(())
                }
                _ => Ok(()),
            },
            Request::Publish { by } => match self.state.header.publish {
                PublishWhen::AsReady => Ok(()),
                PublishWhen::AfterAll | PublishWhen::AfterUnion => {
                    self.record(Event::Run(RunFact::PublishRequested { by }))
                }
            },
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
        let recorded = append(
            &mut self.journal,
            self.job.redactor(),
            self.job.id(),
            now(),
            event,
        )?;
        self.state.apply(&recorded);
        match &recorded.event {
            Event::Unit(id, fact) => {
                if let Some(unit) = self.state.unit(id) {
                    self.pipelines.show_state(unit);
                }
                if let UnitFact::AgentUsed { .. } | UnitFact::Ended { .. } = fact {
                    self.working.end_turn(id);
                }
                if let UnitFact::Committed { .. } | UnitFact::Ended { .. } = fact {
                    self.pipelines.update_gate(&self.state);
                    self.pipelines.show_pilots(&self.job, &self.state);
                }
                if let UnitFact::NamesIntroduced { .. } | UnitFact::Ended { .. } = fact {
                    self.pipelines.show_introduced(&self.state);
                }
                if let UnitFact::ScopeProven { .. }
                | UnitFact::SentBack { .. }
                | UnitFact::StandsOn(_)
                | UnitFact::RemovalsDeferred(_)
                | UnitFact::CandidateEnded(_)
                | UnitFact::CandidateChosen { .. }
                | UnitFact::Ended { .. } = fact
                {
                    self.pipelines.show_holders(&self.state, &self.job.spec);
                }
                if let (UnitFact::PullRequestOpened(_), Some(tracker)) = (fact, &self.tracker) {
                    tracker.update(&self.state);
                }
            }
            Event::Run(RunFact::StopRequested { .. } | RunFact::StartsStopped { .. }) => {
                self.pipelines.update_gate(&self.state);
                self.pipelines.show_pilots(&self.job, &self.state);
            }
            Event::Run(RunFact::PublishRequested { .. } | RunFact::UnionEnded(_)) => {
                self.pipelines.update_gate(&self.state);
            }
            Event::Run(RunFact::PilotChosen(_)) => {
                self.pipelines.show_pilots(&self.job, &self.state);
            }
            Event::Run(_) => {}
        }
        self.pipelines
            .grant_restarts(self.concurrency.may_restart(&self.state));
        (self.watch)(&recorded, &self.state);
        Ok(())
    }

    fn record_all(&mut self, facts: impl IntoIterator<Item = RunFact>) -> Result<(), RunError> {
        facts
            .into_iter()
            .try_for_each(|fact| self.record(Event::Run(fact)))
    }

    fn needs(&self, number: usize) -> Vec<FinishedNeed> {
        let spec = &self.job.spec;
        let unit = self.state.unit(&spec.unit(number).id);
        let needs = unit.into_iter().flat_map(|unit| &unit.header.needs);
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
                    summary: state
                        .attempt
                        .summary
                        .as_deref()
                        .and_then(without_closing)
                        .map(str::to_owned),
                }
            })
            .collect()
    }
}

/// Waits until the check of the union has ended, where one runs.
async fn union_done(union: &mut Option<RunningUnion>) -> Result<(), UnionEnd> {
    match union {
        Some(union) => union.ended().await,
        None => std::future::pending().await,
    }
}

/// Waits until the moment, if there is one.
async fn passed(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
