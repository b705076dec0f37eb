//! The pipelines that run at the moment: a task for each unit, what the tasks share, and the ways to reach each.
//!
//! It starts and ends tasks and shows them the state; the engine decides when, and records what they report.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::plan::UnitId;
use crate::run::job::base_checks::BaseChecks;
use crate::run::job::example::Example;
use crate::run::job::introduced_names::IntroducedByUnit;
use crate::run::job::job::Job;
use crate::run::job::once::WholeResult;
use crate::run::job::path_holders::PathHolders;
use crate::run::job::pull_request::FinishedNeed;
use crate::run::job::run_spec::RunSpec;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::stop_reason::StopReason;
use crate::run::log::unit_state::UnitState;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::schedule::limits::UsageReport;
use crate::run::schedule::pilot::PilotGate;
use crate::run::schedule::publish_gate::PublishGate;
use crate::run::schedule::publish_limiter::{PublishHistory, PublishLimits};
use crate::run::schedule::publish_queue::PublishQueue;
use crate::run::schedule::restart_permits::RestartPermits;
use crate::run::unit::bench::Bench;
use crate::run::unit::context::{PendingEvent, PipelineEnd, UnitContext};
use crate::run::unit::pipeline;
use crate::run::workspace::user_git::UserGit;

/// The pipelines that run at the moment.
pub(crate) struct Pipelines {
    tasks: JoinSet<PipelineEnd>,
    running: Vec<Running>,
    gate: watch::Sender<PublishGate>,
    holders: watch::Sender<PathHolders>,
    scope_turn: Arc<Mutex<()>>,
    publish_queue: Option<Arc<PublishQueue>>,
    events: mpsc::Sender<PendingEvent>,
    interruptions: mpsc::UnboundedSender<InterruptionReport>,
    usage_reports: mpsc::UnboundedSender<UsageReport>,
    /// The limit of the whole run at which working agents are stopped.
    run_limit: watch::Sender<Option<StopReason>>,
    restart_permits: Arc<RestartPermits>,
    base_checks: Arc<BaseChecks>,
    whole_work: Arc<WholeResult>,
    pilots: watch::Sender<PilotGate>,
    example: watch::Sender<Option<Arc<Example>>>,
    canary: Option<UnitId>,
    introduced: watch::Sender<Vec<IntroducedByUnit>>,
    user_git: Arc<UserGit>,
    /// Ends every pipeline.
    cancel: CancellationToken,
}

struct Running {
    task: Id,
    unit: UnitId,
    state: watch::Sender<UnitState>,
    /// Ends this pipeline alone.
    cancel: CancellationToken,
}

/// A pipeline that has ended.
pub(crate) struct EndedPipeline {
    pub(crate) unit: UnitId,
    /// `None` when the pipeline panicked.
    pub(crate) end: Option<PipelineEnd>,
}

impl Pipelines {
    /// Prepares what pipelines share; `events`, `interruptions` and `usage_reports` lead to the engine.
    pub(crate) fn new(
        job: &Job,
        state: &RunState,
        user_git: &Arc<UserGit>,
        events: mpsc::Sender<PendingEvent>,
        interruptions: mpsc::UnboundedSender<InterruptionReport>,
        usage_reports: mpsc::UnboundedSender<UsageReport>,
    ) -> Self {
        let settings = &job.spec.settings.publish;
        let limits = PublishLimits::of(settings, job.delivery.is_on_a_server());
        let queue = |limits| Arc::new(PublishQueue::new(limits, PublishHistory::of(state)));
        Self {
            tasks: JoinSet::new(),
            running: Vec::new(),
            gate: watch::Sender::new(PublishGate::of(state)),
            holders: watch::Sender::new(PathHolders::of(state, &job.spec)),
            scope_turn: Arc::default(),
            publish_queue: limits.map(queue),
            events,
            interruptions,
            usage_reports,
            run_limit: watch::Sender::new(None),
            restart_permits: Arc::new(RestartPermits::new()),
            base_checks: Arc::new(BaseChecks::new(job, &state.base_checks)),
            whole_work: Arc::new(WholeResult::new_with(state.whole_work.clone().map(Ok))),
            pilots: watch::Sender::new(PilotGate::of(state)),
            example: watch::Sender::new(job.example.clone()),
            canary: state.header.canary.clone(),
            introduced: watch::Sender::new(IntroducedByUnit::of(state)),
            user_git: Arc::clone(user_git),
            cancel: CancellationToken::new(),
        }
    }

    /// Returns what work for several units needs.
    pub(crate) fn bench(&self, job: &Arc<Job>) -> Bench {
        Bench {
            job: Arc::clone(job),
            base_checks: Arc::clone(&self.base_checks),
            events: self.events.clone(),
            cancel: self.cancel.clone(),
        }
    }

    /// Starts the pipeline of the unit at `number` in the plan.
    pub(crate) fn start(
        &mut self,
        job: &Arc<Job>,
        number: usize,
        known: UnitState,
        needs: Vec<FinishedNeed>,
    ) {
        let unit = known.header.id.clone();
        let cancel = self.cancel.child_token();
        let (state, known) = watch::channel(known);
        let context = UnitContext {
            job: Arc::clone(job),
            number,
            checkout: job.checkout(&unit),
            needs,
            state: known,
            holders: self.holders.subscribe(),
            scope_turn: Arc::clone(&self.scope_turn),
            gate: self.gate.subscribe(),
            publish_queue: self.publish_queue.clone(),
            events: self.events.clone(),
            interruptions: self.interruptions.clone(),
            usage_reports: self.usage_reports.clone(),
            run_limit: self.run_limit.subscribe(),
            restart_permits: Arc::clone(&self.restart_permits),
            base_checks: Arc::clone(&self.base_checks),
            whole_work: Arc::clone(&self.whole_work),
            pilots: self.pilots.subscribe(),
            example: self.example.subscribe(),
            is_canary: self.canary.as_ref() == Some(&unit),
            introduced: self.introduced.subscribe(),
            user_git: Arc::clone(&self.user_git),
            cancel: cancel.clone(),
        };
        let task = self.tasks.spawn(pipeline::run(context)).id();
        self.running.push(Running {
            task,
            unit,
            state,
            cancel,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits until a pipeline ends; `None` where none runs.
    pub(crate) async fn next(&mut self) -> Option<EndedPipeline> {
        loop {
            let (task, end) = match self.tasks.join_next_with_id().await? {
                Ok((task, end)) => (task, Some(end)),
                Err(error) if error.is_cancelled() => {
                    (error.id(), Some(PipelineEnd::Outcome(Outcome::Stopped)))
                }
                Err(error) => (error.id(), None),
            };
            let place = self.running.iter().position(|it| it.task == task);
            if let Some(place) = place {
                let unit = self.running.swap_remove(place).unit;
                return Some(EndedPipeline { unit, end });
            }
        }
    }

    /// Shows a running pipeline the state of its unit.
    pub(crate) fn show_state(&self, unit: &UnitState) {
        let running = self.running.iter().find(|it| it.unit == unit.header.id);
        if let Some(running) = running {
            running.state.send_replace(unit.clone());
        }
    }

    /// Shows every pipeline which unit holds which paths.
    pub(crate) fn show_holders(&self, state: &RunState, spec: &RunSpec) {
        self.holders.send_replace(PathHolders::of(state, spec));
    }

    /// Shows every pipeline whether finished work may be published.
    pub(crate) fn update_gate(&self, state: &RunState) {
        self.gate.send_replace(PublishGate::of(state));
    }

    /// Shows every pipeline which units wait for a pilot, and the work of a unit that went first once there is some.
    pub(crate) fn show_pilots(&self, job: &Job, state: &RunState) {
        if self.example.borrow().is_none()
            && let Some(example) = Example::of(&job.workspace.repo, state)
        {
            self.example.send_replace(Some(Arc::new(example)));
        }
        // A unit that waits says so again each time it is woken.
        self.pilots.send_if_modified(|shown| {
            let now = PilotGate::of(state);
            let is_new = *shown != now;
            *shown = now;
            is_new
        });
    }

    /// Shows every pipeline which names finished units introduced.
    pub(crate) fn show_introduced(&self, state: &RunState) {
        self.introduced.send_replace(IntroducedByUnit::of(state));
    }

    /// Says whether an agent that was killed from outside may work again.
    pub(crate) fn grant_restarts(&self, may_restart: bool) {
        self.restart_permits.set_open(may_restart);
    }

    /// Stops the agents that work: the run is over a limit.
    pub(crate) fn stop_agents(&self, limit: StopReason) {
        self.run_limit.send_replace(Some(limit));
    }

    /// Asks the pipelines of these units to end.
    pub(crate) fn cancel(&self, units: &[UnitId]) {
        for running in &self.running {
            if units.contains(&running.unit) {
                running.cancel.cancel();
            }
        }
    }

    /// Asks every pipeline to end.
    pub(crate) fn cancel_all(&self) {
        self.cancel.cancel();
    }

    /// Returns the token that ends every pipeline.
    pub(crate) fn cancel_token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Ends every task without waiting for its pipeline.
    pub(crate) fn abort_all(&mut self) {
        self.tasks.abort_all();
    }
}
