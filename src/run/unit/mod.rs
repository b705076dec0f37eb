//! The pipeline of one unit: worktree → setup → agent → scope → checks → commit → push → pull request.
//!
//! All it needs comes in as data, and all it says is facts; each fact is acknowledged, and so on the disk, before the
//! next step begins. It knows no other unit but for what its needs left behind.

pub(super) mod base;
mod checking;
pub(super) mod completeness;
mod ground;
pub(super) mod hearing;
mod proof;
mod publish;
mod rivals;
pub(super) mod scope;
pub(super) mod surroundings;
pub(super) mod turn;

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
use crate::run::event::{CheckResult, Event, Outcome, Step, UnitFact};
use crate::run::job::Job;
use crate::run::orders::Orders;
use crate::run::pace::Trouble;
use crate::run::pace::comeback::Comeback;
use crate::run::pace::gate::Clearance;
use crate::run::pace::restraint::CutShort;
use crate::run::pace::valve::Valve;
use crate::run::record::now;
use crate::run::state::UnitState;
use crate::run::story::{NeedDone, Told, story};
use crate::run::trash::trash;
use crate::words;
use base::Base;
use surroundings::leave;

/// Of the files that git ignores only so many are named.
const IGNORED_SHOWN: usize = 5;

/// An agent that does not know its session any more says so sooner than that.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// A fact on its way to the journal.
pub(super) struct Said {
    pub(super) event: Event,
    /// Answered when the fact is on the disk.
    pub(super) written: oneshot::Sender<()>,
}

/// One unit on its way.
pub(super) struct Pipeline {
    pub(super) job: Arc<Job>,
    /// The unit's place in the plan.
    pub(super) number: usize,
    pub(super) needs: Vec<NeedDone>,
    /// What an earlier process reached, when the run is resumed.
    pub(super) known: UnitState,
    /// What has to be known before it is published.
    pub(super) clearance: watch::Receiver<Clearance>,
    /// How fast pull requests are opened, where that is limited.
    pub(super) valve: Option<Arc<Valve>>,
    pub(super) facts: mpsc::Sender<Said>,
    /// Where it is told when an agent is held back.
    pub(super) troubles: mpsc::UnboundedSender<Trouble>,
    /// When it may work again after that.
    pub(super) comeback: Arc<Comeback>,
    /// What the checks say of the base.
    pub(super) base: Arc<Base>,
    /// Two worktrees registered at once race in git's own files.
    pub(super) registration: Arc<Mutex<()>>,
    pub(super) cancel: CancellationToken,
}

/// Why a pipeline goes no further.
pub(super) enum Halt {
    Failed(Failure),
    Stopped,
    /// What stands in the way stands in every unit's way, until a person has done something about it.
    Refused(String),
}

pub(super) struct Failure {
    pub(super) step: Step,
    pub(super) reason: String,
    pub(super) tail: Option<String>,
    pub(super) log: Option<PathBuf>,
    /// What the agent is told, where it may be able to mend it.
    pub(super) feedback: Option<String>,
}

impl Failure {
    pub(super) fn new(step: Step, reason: String) -> Self {
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
pub(super) struct Worked {
    pub(super) summary: Option<String>,
    /// Nothing where nothing was changed.
    pub(super) change: Option<(Proven, Vec<CheckResult>)>,
}

/// What stands in the worktree when the agent begins.
pub(super) struct Ground {
    pub(super) path: PathBuf,
    pub(super) branch: String,
    /// The commit it was made from.
    pub(super) start: String,
    /// Its tree after setup.
    pub(super) prepared: String,
}

/// Work that lies inside the claim.
pub(super) struct Proven {
    pub(super) tree: String,
    pub(super) changes: Changes,
}

impl Pipeline {
    /// Goes through all steps; the outcome is for the caller to write down.
    pub(super) async fn run(self) -> Outcome {
        let reached = self.steps().await;
        leave(&self.job, &self.unit().id).await;
        match reached {
            Ok(outcome) => outcome,
            Err(Halt::Stopped) => Outcome::Stopped,
            Err(Halt::Refused(said)) => Outcome::LeftOut {
                why: CutShort::Refused { said },
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
        let (ground, known, Worked { summary, change }) = if competes {
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
        let told = Told {
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
        let told = Told {
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
    pub(super) async fn attempts(
        &self,
        ground: &Ground,
        known: &mut UnitState,
    ) -> Result<Worked, Halt> {
        loop {
            let failure = match self.attempt(ground, known).await {
                Err(Halt::Failed(failure)) => failure,
                other => return other,
            };
            let attempt = known.attempt();
            let Some(text) = failure
                .feedback
                .clone()
                .filter(|_| attempt < self.orders(known).attempts())
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
    async fn attempt(&self, ground: &Ground, known: &mut UnitState) -> Result<Worked, Halt> {
        let summary = match known.agent_took_ms {
            Some(_) => known.summary.clone(),
            None => self.agent(ground, known).await?,
        };
        let change = match self.scope(ground, known).await? {
            None => None,
            Some(proven) => Some((proven, self.checks(ground, known).await?)),
        };
        Ok(Worked { summary, change })
    }

    /// Keeps what the agent wrote where git ignores it: nobody would see it in a pull request, and it would be deleted
    /// with the worktree. Says what and where it is.
    async fn keep_ignored(&self, ground: &Ground) -> Result<Option<String>, Halt> {
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
    async fn agent(&self, ground: &Ground, known: &mut UnitState) -> Result<Option<String>, Halt> {
        let step = Step::Agent;
        let unit = self.unit();
        let orders = &self.orders(known);
        self.begin_turn(known, orders).await?;
        let follow_up = known.follow_up();
        let mut task = Task {
            run: self.job.id.to_string(),
            unit: unit.id.to_string(),
            title: unit.title.clone(),
            instruction: orders.instruction.clone(),
            prompt: self
                .job
                .prompt(self.number)
                .map_err(|error| failure(step, error.to_string()))?,
            claim: unit.claim.clone(),
            worktree: ground.path.clone(),
            folder: self.folder(),
            environment: self.agent_environment(known),
            limits: orders.limits,
            errand: Errand::Change,
            follow_up,
        };
        let (begun, turns) = (Instant::now(), known.turns.len());
        let mut worked = self.patiently(&task, orders, known).await?;
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
            worked = self.patiently(&task, orders, known).await?;
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

    pub(super) fn unit(&self) -> &Unit {
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
    pub(super) fn orders(&self, known: &UnitState) -> Orders {
        self.job.orders_of(self.number, known.rivals.len())
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.job.places.unit(&self.job.id, &self.unit().id)
    }

    pub(super) async fn snapshot(&self, step: Step, ground: &Ground) -> Result<String, Halt> {
        let path = ground.path.clone();
        let unit = self.unit().id.clone();
        self.git(step, move |job| {
            job.repo.snapshot(&path, &job.places.index(&job.id, &unit))
        })
        .await
    }

    /// Work with git blocks, so it has threads of its own.
    pub(super) async fn git<T: Send + 'static>(
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

    pub(super) async fn begin(&self, step: Step, detail: Option<String>) -> Result<(), Halt> {
        if self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        self.say(UnitFact::StepStarted { step, detail }).await
    }

    /// Hands a fact about the unit over.
    pub(super) async fn say(&self, fact: UnitFact) -> Result<(), Halt> {
        self.tell(Event::Unit(self.unit().id.clone(), fact)).await
    }

    /// Hands an event over and waits until it is on the disk. Without an engine that writes, nothing goes on.
    pub(super) async fn tell(&self, event: Event) -> Result<(), Halt> {
        let (written, acknowledged) = oneshot::channel();
        let said = Said { event, written };
        self.facts.send(said).await.map_err(|_| Halt::Stopped)?;
        acknowledged.await.map_err(|_| Halt::Stopped)
    }
}

pub(super) fn failure(step: Step, reason: String) -> Halt {
    Halt::Failed(Failure::new(step, reason))
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
