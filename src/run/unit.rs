//! The pipeline of one unit: worktree → setup → agent → scope → checks → commit → push → pull request.
//!
//! All it needs comes in as data, and all it says is facts; each fact is acknowledged, and so on the disk, before the
//! next step begins. It knows no other unit but for what its needs left behind.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::event::{ChangeCount, CheckResult, Outcome, PullRequestLink, Step, UnitFact};
use super::job::Job;
use super::places::worktree_name;
use super::scope::outside;
use super::story::{Told, story};
use crate::agent::{AgentError, Task};
use crate::check::{self, Verdict};
use crate::forge::{Forge, PullRequest, Story, TextError};
use crate::git::{Changes, GitError, NewWorktree};
use crate::plan::Unit;
use crate::process::{self, Command, Ending};

/// A fact on its way to the journal.
pub(super) struct Said {
    pub(super) unit: usize,
    pub(super) fact: UnitFact,
    /// Answered when the fact is on the disk.
    pub(super) written: oneshot::Sender<()>,
}

/// What a unit that is needed left behind.
#[derive(Debug, Clone)]
pub(super) struct NeedDone {
    pub(super) unit: usize,
    /// Its branch and commit; none where there was nothing to change.
    pub(super) work: Option<(String, String)>,
    pub(super) url: Option<String>,
}

/// One unit on its way.
pub(super) struct Pipeline {
    pub(super) job: Arc<Job>,
    /// The unit's place in the plan.
    pub(super) number: usize,
    pub(super) needs: Vec<NeedDone>,
    pub(super) facts: mpsc::Sender<Said>,
    /// Two worktrees registered at once race in git's own files.
    pub(super) registration: Arc<Mutex<()>>,
    pub(super) cancel: CancellationToken,
}

/// Why a pipeline goes no further.
enum Halt {
    Failed(Failure),
    Stopped,
}

struct Failure {
    step: Step,
    reason: String,
    tail: Option<String>,
    log: Option<PathBuf>,
}

/// What stands in the worktree when the agent begins.
struct Ground {
    path: PathBuf,
    branch: String,
    /// The commit it was made from.
    start: String,
    /// Its tree after setup.
    prepared: String,
}

/// Work that lies inside the claim.
struct Proven {
    tree: String,
    changes: Changes,
}

impl Pipeline {
    /// Goes through all steps; the outcome is for the caller to write down.
    pub(super) async fn run(self) -> Outcome {
        match self.steps().await {
            Ok(outcome) => outcome,
            Err(Halt::Stopped) => Outcome::Stopped,
            Err(Halt::Failed(failure)) => Outcome::Failed {
                step: failure.step,
                reason: failure.reason,
                tail: failure.tail.filter(|tail| !tail.trim().is_empty()),
                log: failure.log,
            },
        }
    }

    async fn steps(&self) -> Result<Outcome, Halt> {
        let ground = self.worktree().await?;
        let ground = self.setup(ground).await?;
        let summary = self.agent(&ground).await?;
        let Some(proven) = self.scope(&ground).await? else {
            return Ok(Outcome::NoChange {
                reason: summary.unwrap_or_else(|| "the agent left every file as it was".into()),
            });
        };
        let checks = self.checks(&ground).await?;
        let told = Told {
            changes: &proven.changes,
            checks: &checks,
            summary,
            needs: &self.needs,
        };
        self.commit(&ground, &proven, &told).await?;
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
        if let Some(remote) = remote {
            self.push(&ground, remote).await?;
        }
        let story = story(&self.job, self.number, &told);
        let target = self.target(base_branch);
        self.pull_request(forge.as_ref(), &ground.branch, target, *draft, &story)
            .await?;
        Ok(Outcome::Published)
    }

    async fn worktree(&self) -> Result<Ground, Halt> {
        // The engine has said already that this step begins.
        let step = Step::Worktree;
        let job = &self.job;
        let unit = &self.unit().id;
        let folder = job.places.unit(&job.id, unit);
        std::fs::create_dir_all(&folder).map_err(|error| {
            failure(
                step,
                format!("{} cannot be made: {error}", folder.display()),
            )
        })?;
        let start = self.start().await?;
        let path = job.naming.folder(&job.id, unit);
        let branch = job.naming.branch(&job.id, unit);
        {
            let _alone = self.registration.lock().await;
            self.git(step, {
                let (path, branch, start) = (path.clone(), branch.clone(), start.clone());
                let unit = unit.clone();
                move |job| {
                    job.repo.create_worktree(&NewWorktree {
                        name: &worktree_name(&job.id, &unit),
                        path: &path,
                        branch: &branch,
                        start: &start,
                        index: &job.places.index(&job.id, &unit),
                    })
                }
            })
            .await?;
        }
        self.say(UnitFact::WorktreeReady {
            path: path.clone(),
            branch: branch.clone(),
            start: start.clone(),
        })
        .await?;
        if !job.included.is_empty() {
            let path = path.clone();
            self.git(step, move |job| job.repo.bring(&job.included, &path))
                .await?;
        }
        let commit = start.clone();
        let prepared = self.git(step, move |job| job.repo.tree(&commit)).await?;
        Ok(Ground {
            path,
            branch,
            start,
            prepared,
        })
    }

    /// The commit to start from: the base, or the work of the units that are needed.
    async fn start(&self) -> Result<String, Halt> {
        let commits: Vec<String> = self
            .needs
            .iter()
            .filter_map(|need| need.work.as_ref())
            .map(|(_, commit)| commit.clone())
            .collect();
        match &commits[..] {
            [] => Ok(self.job.plan.base.clone()),
            [one] => Ok(one.clone()),
            _ => {
                let message = format!("Join what unit {} needs", self.unit().id);
                self.git(Step::Worktree, move |job| {
                    job.repo.join(&job.plan.base, &commits, &message)
                })
                .await
            }
        }
    }

    async fn setup(&self, mut ground: Ground) -> Result<Ground, Halt> {
        let step = Step::Setup;
        if let Some(line) = &self.job.setup {
            self.begin(step, None).await?;
            let log = self.folder().join("setup.log");
            let command = Command {
                program: "sh".into(),
                args: vec!["-c".into(), line.into()],
                dir: ground.path.clone(),
                env: self.job.environment.clone(),
                limit: Some(self.job.setup_limit),
                log: log.clone(),
            };
            let finished = process::run(&command, &self.cancel)
                .await
                .map_err(|error| failure(step, chain(&error)))?;
            match finished.ending {
                Ending::Cancelled => return Err(Halt::Stopped),
                ending if ending.is_success() => {}
                ending => {
                    return Err(Halt::Failed(Failure {
                        step,
                        reason: format!("the setup command failed: {ending}"),
                        tail: Some(finished.tail),
                        log: Some(log),
                    }));
                }
            }
        }
        // What setup or the files brought along changed is not the agent's doing.
        if self.job.setup.is_some() || !self.job.included.is_empty() {
            ground.prepared = self.snapshot(step, &ground).await?;
        }
        Ok(ground)
    }

    /// Gives what the agent said of its work.
    async fn agent(&self, ground: &Ground) -> Result<Option<String>, Halt> {
        let step = Step::Agent;
        self.begin(step, None).await?;
        let unit = self.unit();
        let task = Task {
            run: self.job.id.to_string(),
            unit: unit.id.to_string(),
            title: unit.title.clone(),
            instruction: self.job.plan.instruction.clone(),
            claim: unit.claim.clone(),
            worktree: ground.path.clone(),
            folder: self.folder(),
            environment: self.job.environment.clone(),
            limit: self.job.agent_limit,
        };
        match self.job.agent.work(&task, &self.cancel).await {
            Ok(work) => {
                self.say(UnitFact::AgentFinished {
                    took_ms: milliseconds(work.took),
                    summary: work.summary.clone(),
                })
                .await?;
                Ok(work.summary)
            }
            Err(AgentError::Cancelled) => Err(Halt::Stopped),
            Err(error) => {
                let reason = chain(&error);
                let tail = match error {
                    AgentError::Ended { tail, .. } => Some(tail),
                    _ => None,
                };
                Err(Halt::Failed(Failure {
                    step,
                    reason,
                    tail,
                    log: Some(task.log()).filter(|log| log.exists()),
                }))
            }
        }
    }

    /// Holds what really changed against the claim; nothing when nothing changed.
    async fn scope(&self, ground: &Ground) -> Result<Option<Proven>, Halt> {
        let step = Step::Scope;
        self.begin(step, None).await?;
        let after = self.snapshot(step, ground).await?;
        if after == ground.prepared {
            return Ok(None);
        }
        let (start, prepared) = (ground.start.clone(), ground.prepared.clone());
        let (changes, tree) = self
            .git(step, move |job| {
                let changes = job.repo.changes(&prepared, &after)?;
                // Only what the agent did is committed, not what setup did before it.
                let tree = if prepared == job.repo.tree(&start)? {
                    after
                } else {
                    job.repo.graft(&start, &prepared, &after)?
                };
                Ok((changes, tree))
            })
            .await?;
        if let Some(reason) = outside(&self.job.ownership, self.number, &changes) {
            return Err(failure(step, reason));
        }
        self.say(UnitFact::ScopeProven {
            tree: tree.clone(),
            changes: ChangeCount {
                files: changes.list.len(),
                insertions: changes.insertions,
                deletions: changes.deletions,
            },
        })
        .await?;
        Ok(Some(Proven { tree, changes }))
    }

    async fn checks(&self, ground: &Ground) -> Result<Vec<CheckResult>, Halt> {
        let step = Step::Check;
        let mut results = Vec::new();
        for (index, check) in self.job.checks[self.number].iter().enumerate() {
            self.begin(step, Some(check.name.clone())).await?;
            let log = self.folder().join(format!("check-{}.log", index + 1));
            let outcome = check::run(
                check,
                &ground.path,
                self.job.environment.clone(),
                self.job.check_limit,
                log.clone(),
                &self.cancel,
            )
            .await
            .map_err(|error| failure(step, chain(&error)))?;
            if outcome.verdict
                == (Verdict::Fail {
                    ending: Ending::Cancelled,
                })
            {
                return Err(Halt::Stopped);
            }
            let result = CheckResult {
                name: outcome.check,
                verdict: outcome.verdict,
                took_ms: milliseconds(outcome.took),
                log,
                tail: outcome.tail,
            };
            self.say(UnitFact::CheckFinished(result.clone())).await?;
            if let Verdict::Fail { ending } = &result.verdict {
                return Err(Halt::Failed(Failure {
                    step,
                    reason: format!("`{}` failed: {ending}", result.name),
                    tail: Some(result.tail),
                    log: Some(result.log),
                }));
            }
            results.push(result);
        }
        Ok(results)
    }

    async fn commit(&self, ground: &Ground, proven: &Proven, told: &Told<'_>) -> Result<(), Halt> {
        let step = Step::Commit;
        self.begin(step, None).await?;
        let message = self
            .job
            .templates
            .commit(&story(&self.job, self.number, told))
            .map_err(|error| failure(step, error.to_string()))?;
        let (branch, start, tree) = (
            ground.branch.clone(),
            ground.start.clone(),
            proven.tree.clone(),
        );
        let unit = self.unit().id.clone();
        let commit = self
            .git(step, move |job| {
                let commit = job.repo.commit(&branch, &start, &tree, &message)?;
                let index = job.places.index(&job.id, &unit);
                job.repo
                    .settle_worktree(&worktree_name(&job.id, &unit), &branch, &index)?;
                Ok(commit)
            })
            .await?;
        self.say(UnitFact::Committed { commit }).await
    }

    async fn push(&self, ground: &Ground, remote: &str) -> Result<(), Halt> {
        self.begin(Step::Push, None).await?;
        let (to, branch) = (remote.to_owned(), ground.branch.clone());
        self.git(Step::Push, move |job| job.repo.push(&to, &branch))
            .await?;
        self.say(UnitFact::Pushed {
            remote: remote.to_owned(),
        })
        .await
    }

    async fn pull_request(
        &self,
        forge: &dyn Forge,
        branch: &str,
        target: String,
        draft: bool,
        story: &Story,
    ) -> Result<(), Halt> {
        let step = Step::PullRequest;
        self.begin(step, None).await?;
        let templates = &self.job.templates;
        let words = |text: Result<String, TextError>| {
            text.map_err(|error| failure(step, error.to_string()))
        };
        let request = PullRequest {
            unit: story.unit.clone(),
            ordinal: self.number as u64 + 1,
            title: words(templates.title(story))?,
            body: words(templates.body(story))?,
            head: branch.to_owned(),
            base: target,
            draft,
        };
        let opened = forge
            .open(&request)
            .await
            .map_err(|error| failure(step, chain(&error)))?;
        self.say(UnitFact::PullRequestOpened(PullRequestLink {
            number: opened.number,
            url: opened.url,
            existed: opened.existed,
        }))
        .await
    }

    /// The branch the pull request goes to: that of the one unit it needs, so that the two stack, else the base's.
    fn target(&self, base_branch: &str) -> String {
        let branches: Vec<&String> = self
            .needs
            .iter()
            .filter_map(|need| need.work.as_ref())
            .map(|(branch, _)| branch)
            .collect();
        match branches[..] {
            [one] => one.clone(),
            _ => base_branch.to_owned(),
        }
    }

    fn unit(&self) -> &Unit {
        &self.job.plan.units[self.number]
    }

    fn folder(&self) -> PathBuf {
        self.job.places.unit(&self.job.id, &self.unit().id)
    }

    async fn snapshot(&self, step: Step, ground: &Ground) -> Result<String, Halt> {
        let path = ground.path.clone();
        let unit = self.unit().id.clone();
        self.git(step, move |job| {
            job.repo.snapshot(&path, &job.places.index(&job.id, &unit))
        })
        .await
    }

    /// Work with git blocks, so it has threads of its own.
    async fn git<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce(&Job) -> Result<T, GitError> + Send + 'static,
    ) -> Result<T, Halt> {
        let job = Arc::clone(&self.job);
        match tokio::task::spawn_blocking(move || work(&job)).await {
            Ok(done) => done.map_err(|error| failure(step, chain(&error))),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Halt::Stopped),
        }
    }

    async fn begin(&self, step: Step, detail: Option<String>) -> Result<(), Halt> {
        if self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        self.say(UnitFact::StepStarted { step, detail }).await
    }

    /// Hands a fact over and waits until it is on the disk. Without an engine that writes, nothing goes on.
    async fn say(&self, fact: UnitFact) -> Result<(), Halt> {
        let (written, acknowledged) = oneshot::channel();
        let said = Said {
            unit: self.number,
            fact,
            written,
        };
        self.facts.send(said).await.map_err(|_| Halt::Stopped)?;
        acknowledged.await.map_err(|_| Halt::Stopped)
    }
}

fn failure(step: Step, reason: String) -> Halt {
    Halt::Failed(Failure {
        step,
        reason,
        tail: None,
        log: None,
    })
}

/// An error with its causes, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            let _ = write!(words, ": {said}");
        }
        cause = error.source();
    }
    words
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
