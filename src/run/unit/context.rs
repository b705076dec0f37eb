//! The pipeline of one unit: worktree → setup → agent → scope → checks → commit → push → pull request.
//!
//! All it needs comes in as data, and all it says is facts; each fact is acknowledged, and so on the disk, before the
//! next step begins. It knows no other unit but for what its needs left behind.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::agent::{AgentError, Errand, Task, nothing_to_do};
use crate::git::{Changes, GitError};
use crate::plan::Unit;
use crate::process::Environment;
use crate::run::delivery::Delivery;
use crate::run::job::assignment::Assignment;
use crate::run::job::pull_request::{FinishedNeed, UnitResult, story};
use crate::run::job::spec::Job;
use crate::run::log::event::{CheckResult, Event, Outcome, Step, UnitFact};
use crate::run::log::record::now;
use crate::run::log::state::UnitState;
use crate::run::log::stop_reason::StopReason;
use crate::run::schedule::concurrency::InterruptionReport;
use crate::run::schedule::publish_gate::PublishGate;
use crate::run::schedule::publish_limiter::PublishLimiter;
use crate::run::schedule::restart_permits::RestartPermits;
use crate::run::unit::base_checks::Base;
use crate::run::workspace::environment::leave;
use crate::run::workspace::trash::trash;
use crate::words;

/// Of the files that git ignores only so many are named.
const IGNORED_SHOWN: usize = 5;

/// An agent that does not know its session any more says so sooner than that.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// A fact on its way to the journal.
pub(crate) struct PendingEvent {
    pub(crate) event: Event,
    /// Answered when the fact is on the disk.
    pub(crate) written: oneshot::Sender<()>,
}

/// One unit on its way.
pub(crate) struct Pipeline {
    pub(crate) job: Arc<Job>,
    /// The unit's place in the plan.
    pub(crate) number: usize,
    pub(crate) needs: Vec<FinishedNeed>,
    /// What an earlier process reached, when the run is resumed.
    pub(crate) known: UnitState,
    /// What has to be known before it is published.
    pub(crate) clearance: watch::Receiver<PublishGate>,
    /// How fast pull requests are opened, where that is limited.
    pub(crate) valve: Option<Arc<PublishLimiter>>,
    pub(crate) facts: mpsc::Sender<PendingEvent>,
    /// Where it is told when an agent is held back.
    pub(crate) troubles: mpsc::UnboundedSender<InterruptionReport>,
    /// When it may work again after that.
    pub(crate) comeback: Arc<RestartPermits>,
    /// What the checks say of the base.
    pub(crate) base: Arc<Base>,
    /// Two worktrees registered at once race in git's own files.
    pub(crate) registration: Arc<Mutex<()>>,
    pub(crate) cancel: CancellationToken,
}

/// Why a pipeline goes no further.
pub(crate) enum Halt {
    Failed(Failure),
    Stopped,
    /// What stands in the way stands in every unit's way, until a person has done something about it.
    Refused(String),
}

pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) reason: String,
    pub(crate) tail: Option<String>,
    pub(crate) log: Option<PathBuf>,
    /// What the agent is told, where it may be able to mend it.
    pub(crate) feedback: Option<String>,
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

/// What an attempt of the agent has brought about.
pub(crate) struct AttemptResult {
    pub(crate) summary: Option<String>,
    /// Nothing where nothing was changed.
    pub(crate) change: Option<(ProvenChange, Vec<CheckResult>)>,
}

/// What stands in the worktree when the agent begins.
pub(crate) struct Checkout {
    pub(crate) path: PathBuf,
    pub(crate) branch: String,
    /// The commit it was made from.
    pub(crate) start: String,
    /// Its tree after setup.
    pub(crate) prepared: String,
}

/// Work that lies inside the claim.
pub(crate) struct ProvenChange {
    pub(crate) tree: String,
    pub(crate) changes: Changes,
}

impl Pipeline {
    /// Goes through all steps; the outcome is for the caller to write down.
    pub(crate) async fn run(self) -> Outcome {
        let reached = self.steps().await;
        leave(&self.job, &self.unit().id).await;
        match reached {
            Ok(outcome) => outcome,
            Err(Halt::Stopped) => Outcome::Stopped,
            Err(Halt::Refused(said)) => Outcome::LeftOut {
                why: StopReason::Refused { said },
            },
            Err(Halt::Failed(failure)) => Outcome::Failed {
                step: failure.step,
                reason: failure.reason,
                tail: failure.tail.filter(|tail| !tail.trim().is_empty()),
                log: failure.log,
            },
        }
    }

    async fn steps(&self) -> Result<Outcome, Halt> {
        let mending = self.known.round.as_ref().map(|round| &round.mending);
        let competes = self.job.rivals() > 1 && mending.is_none();
        let (ground, known, AttemptResult { summary, change }) = if competes {
            self.compete().await?
        } else {
            let (ground, mut known) = self.ground(&self.known).await?;
            let worked = self.attempts(&ground, &mut known).await?;
            (ground, known, worked)
        };
        let Some((proven, checks)) = change else {
            let said = match &summary {
                Some(answer) => nothing_to_do(answer).unwrap_or(answer),
                None => "the agent left every file as it was",
            };
            let reason = match self.keep_ignored(&ground).await? {
                Some(kept) => format!("{said}\n{kept}"),
                None => said.to_owned(),
            };
            return Ok(Outcome::NoChange { reason });
        };
        let told = UnitResult {
            changes: &proven.changes,
            checks: &checks,
            summary,
            needs: &self.needs,
        };
        if known.commit.is_none() {
            self.commit(&ground, &proven, &told).await?;
        }
        let Delivery::PullRequest {
            remote,
            forge,
            base_branch,
            draft,
            ..
        } = &self.job.delivery
        else {
            return Ok(Outcome::Committed);
        };
        if let Some(mending) = mending {
            let place = (remote.as_ref(), forge.as_ref());
            let summary = told.summary.as_deref();
            return self.publish_again(&ground, mending, place, summary).await;
        }
        let needs = match self.cleared().await? {
            Ok(needs) => needs,
            Err(outcome) => return Ok(outcome),
        };
        if known.pull_request.is_some() {
            return Ok(Outcome::Published);
        }
        // Already a push may set continuous integration to work.
        let passage = self.passage(forge.as_ref()).await?;
        if let Some(remote) = remote.as_ref().filter(|_| known.pushed_to.is_none()) {
            self.push(&ground, remote).await?;
        }
        let told = UnitResult {
            needs: &needs,
            ..told
        };
        let story = story(&self.job, self.number, &told);
        let target = self.target(base_branch);
        let number = self
            .pull_request(forge.as_ref(), &ground.branch, target, *draft, &story)
            .await?;
        if let Some(mut passage) = passage {
            passage.opened(self.which(number), now());
        }
        Ok(Outcome::Published)
    }

    /// Lets the agent work until nothing is found wanting, or it has had all its attempts.
    pub(crate) async fn attempts(
        &self,
        ground: &Checkout,
        known: &mut UnitState,
    ) -> Result<AttemptResult, Halt> {
        loop {
            let failure = match self.attempt(ground, known).await {
                Err(Halt::Failed(failure)) => failure,
                other => return other,
            };
            let attempt = known.attempt();
            let Some(text) = failure
                .feedback
                .clone()
                .filter(|_| attempt < self.assignment(known).attempts())
            else {
                return Err(Halt::Failed(failure));
            };
            let log = self.folder().join("agent.log");
            let kept = log.with_extension(format!("{attempt}.log"));
            if log.exists()
                && let Err(error) = std::fs::rename(&log, &kept)
            {
                tracing::warn!("{} cannot be kept: {error}", log.display());
            }
            let fact = UnitFact::SentBack {
                attempt,
                step: failure.step,
                reason: failure.reason,
                text,
            };
            self.say(fact.clone()).await?;
            known.apply(&fact, 0);
        }
    }

    /// One attempt of the agent, and what is found of it; what is known of it already is not done again.
    async fn attempt(
        &self,
        ground: &Checkout,
        known: &mut UnitState,
    ) -> Result<AttemptResult, Halt> {
        let summary = match known.agent_took_ms {
            Some(_) => known.summary.clone(),
            None => self.agent(ground, known).await?,
        };
        let change = match self.scope(ground, known).await? {
            None => None,
            Some(proven) => Some((proven, self.checks(ground, known).await?)),
        };
        Ok(AttemptResult { summary, change })
    }

    /// Keeps what the agent wrote where git ignores it: nobody would see it in a pull request, and it would be deleted
    /// with the worktree. Says what and where it is.
    async fn keep_ignored(&self, ground: &Checkout) -> Result<Option<String>, Halt> {
        if self.job.setup.is_some() || !self.job.included.is_empty() {
            // What setup made cannot be told from what the agent made.
            return Ok(None);
        }
        let (path, start) = (ground.path.clone(), ground.start.clone());
        let unit = self.unit().id.clone();
        self.git(Step::Scope, move |job| {
            let index = job.places.index(&job.id, &unit);
            let ignored = job.repo.ignored(&path, &index)?;
            if ignored.is_empty() {
                return Ok(None);
            }
            let kept = trash(&job.repo, &job.places, (&job.id, &unit), &path, &start)?;
            let names: Vec<String> = ignored
                .iter()
                .take(IGNORED_SHOWN)
                .map(|path| words::line(&String::from_utf8_lossy(path)))
                .collect();
            let more = match ignored.len().saturating_sub(IGNORED_SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Ok(kept.map(|kept| {
                format!(
                    "it wrote what git ignores, which is kept in {}: {}{more}",
                    kept.at.display(),
                    names.join(", ")
                )
            }))
        })
        .await
    }

    /// Gives what the agent said of its work.
    async fn agent(
        &self,
        ground: &Checkout,
        known: &mut UnitState,
    ) -> Result<Option<String>, Halt> {
        let step = Step::Agent;
        let unit = self.unit();
        let assignment = &self.assignment(known);
        self.begin_turn(known, assignment).await?;
        let follow_up = known.follow_up();
        let mut task = Task {
            run: self.job.id.to_string(),
            unit: unit.id.to_string(),
            title: unit.title.clone(),
            instruction: assignment.instruction.clone(),
            prompt: self
                .job
                .prompt(self.number)
                .map_err(|error| failure(step, error.to_string()))?,
            claim: unit.claim.clone(),
            worktree: ground.path.clone(),
            folder: self.folder(),
            environment: self.agent_environment(known),
            limits: assignment.limits,
            errand: Errand::Change,
            follow_up,
        };
        let (begun, turns) = (Instant::now(), known.turns.len());
        let mut worked = self.patiently(&task, assignment, known).await?;
        if known.sent_back.is_empty()
            && known.turns.len() == turns
            && begun.elapsed() < FORGOTTEN
            && matches!(
                worked,
                Err(AgentError::Failed { .. } | AgentError::Ended { .. })
            )
            && let Some(follow_up) = &mut task.follow_up
            && follow_up.session.take().is_some()
        {
            // Days after it ended, an agent may not know its session any more, and says so before it does anything.
            worked = self.patiently(&task, assignment, known).await?;
        }
        match worked {
            Ok(work) => {
                let fact = UnitFact::AgentFinished {
                    took_ms: milliseconds(work.took),
                    summary: work.summary.clone(),
                };
                self.say(fact.clone()).await?;
                known.apply(&fact, 0);
                Ok(work.summary)
            }
            Err(AgentError::Cancelled) => Err(Halt::Stopped),
            Err(error @ AgentError::Refused { .. }) => Err(Halt::Refused(words::chain(&error))),
            Err(error) => {
                let tail = error.tail().map(ToOwned::to_owned);
                Err(Halt::Failed(Failure {
                    tail,
                    log: Some(task.log()).filter(|log| log.exists()),
                    ..Failure::new(step, words::chain(&error))
                }))
            }
        }
    }

    pub(crate) fn unit(&self) -> &Unit {
        &self.job.plan.units[self.number]
    }

    /// What the agent may see: of several works that compete, also which one it does.
    fn agent_environment(&self, known: &UnitState) -> Environment {
        let mut environment = self.environment();
        if self.job.rivals() > 1 {
            environment.set("BATCH_RIVAL", (known.rivals.len() + 1).to_string());
        }
        environment
    }

    /// Who does the next work, and by which words.
    pub(crate) fn assignment(&self, known: &UnitState) -> Assignment {
        self.job.assignment_of(self.number, known.rivals.len())
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.job.places.unit(&self.job.id, &self.unit().id)
    }

    pub(crate) async fn snapshot(&self, step: Step, ground: &Checkout) -> Result<String, Halt> {
        let path = ground.path.clone();
        let unit = self.unit().id.clone();
        self.git(step, move |job| {
            job.repo.snapshot(&path, &job.places.index(&job.id, &unit))
        })
        .await
    }

    /// Work with git blocks, so it has threads of its own.
    pub(crate) async fn git<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Halt> {
        let job = Arc::clone(&self.job);
        match tokio::task::spawn_blocking(move || work(&job)).await {
            Ok(done) => done.map_err(|error| failure(step, words::chain(&error))),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Halt::Stopped),
        }
    }

    pub(crate) async fn begin(&self, step: Step, detail: Option<String>) -> Result<(), Halt> {
        if self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        self.say(UnitFact::StepStarted { step, detail }).await
    }

    /// Hands a fact about the unit over.
    pub(crate) async fn say(&self, fact: UnitFact) -> Result<(), Halt> {
        self.tell(Event::Unit(self.unit().id.clone(), fact)).await
    }

    /// Hands an event over and waits until it is on the disk. Without an engine that writes, nothing goes on.
    pub(crate) async fn tell(&self, event: Event) -> Result<(), Halt> {
        let (written, acknowledged) = oneshot::channel();
        let said = PendingEvent { event, written };
        self.facts.send(said).await.map_err(|_| Halt::Stopped)?;
        acknowledged.await.map_err(|_| Halt::Stopped)
    }
}

pub(crate) fn failure(step: Step, reason: String) -> Halt {
    Halt::Failed(Failure::new(step, reason))
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
