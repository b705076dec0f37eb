//! The one issue for all pull requests of a run, kept up to date while the run goes.
//!
//! A task of its own writes it: no unit waits for it, and no unit fails when it cannot be written. It is told what is open
//! by the loop that drives the run, and it tells that loop what is to be known of the issue.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::forge::{ForgeSession, State, Task, Tracking, WaitReporter};
use crate::run::delivery::Delivery;
use crate::run::job::job::Job;
use crate::run::log::run_fact::{IssueLink, RunFact};
use crate::run::log::run_state::RunState;
use crate::words;

/// What opens within so much time is told together.
const PAUSE: Duration = Duration::from_mins(1);

/// So many of those that were open are looked at anew each time, those that were not for longest: of 5,000 requests an hour
/// something must be left for others.
const AGAIN: usize = 30;

/// A run that is done waits no longer for the server.
const PATIENCE: Duration = Duration::from_mins(5);

/// The task, and what it is told.
pub(crate) struct Tracker {
    tracking: watch::Sender<Tracking>,
    task: JoinHandle<()>,
}

/// What the issue of a run is to hold, what takes work back last. How pull requests stand is the forge's to say.
#[must_use]
pub fn tracking(state: &RunState) -> Tracking {
    let reverts = state.reverts();
    let opened = state.units.iter().chain(&reverts).filter_map(|unit| {
        let link = unit.publication.pull_request.as_ref()?;
        Some(Task {
            unit: unit.header.id.to_string(),
            number: link.number,
            url: link.url.clone(),
            title: unit.header.title.clone(),
            state: State::Open,
        })
    });
    Tracking {
        run: state.id.to_string(),
        since: state.started_at,
        instruction: state.header.instruction.clone(),
        known: state.tracking_issue.as_ref().and_then(|issue| issue.number),
        tasks: opened.collect(),
    }
}

impl Tracker {
    /// For a run that stands so; nothing where no issue is wanted.
    pub(crate) fn start(
        job: &Job,
        state: &RunState,
        told: mpsc::UnboundedSender<RunFact>,
    ) -> Option<Self> {
        let Delivery::PullRequest(place) = &job.delivery else {
            return None;
        };
        if job.spec.settings.publish.tracking_issue != Some(true) {
            return None;
        }
        let (tracking, told_of) = watch::channel(tracking(state));
        let keeper = Keeper {
            forge: place.forge.session(WaitReporter::silent()),
            told,
            issue: state.tracking_issue.clone(),
            states: BTreeMap::new(),
            open: Vec::new(),
            trouble: None,
        };
        let task = tokio::spawn(keeper.keep(told_of));
        Some(Self { tracking, task })
    }

    /// A pull request was opened.
    pub(crate) fn update(&self, state: &RunState) {
        self.tracking.send_replace(tracking(state));
    }

    /// Waits until all is told; gives what is to be known where that takes too long.
    pub(crate) async fn finish(mut self) -> Option<RunFact> {
        drop(self.tracking);
        if tokio::time::timeout(PATIENCE, &mut self.task).await.is_ok() {
            return None;
        }
        self.task.abort();
        let reason = "the server takes no more for now; batch prs sync makes up for it".to_owned();
        Some(RunFact::NotTracked { reason })
    }
}

struct Keeper {
    forge: Box<dyn ForgeSession>,
    told: mpsc::UnboundedSender<RunFact>,
    issue: Option<IssueLink>,
    /// How pull requests stood when they were looked at last.
    states: BTreeMap<u64, State>,
    /// Those that were open then, in the order in which they were looked at.
    open: Vec<u64>,
    /// Why it could not be written, as it was told last.
    trouble: Option<String>,
}

impl Keeper {
    async fn keep(mut self, mut tracking: watch::Receiver<Tracking>) {
        let mut shown = Vec::new();
        loop {
            let now = tracking.borrow_and_update().clone();
            if now.tasks != shown {
                shown.clone_from(&now.tasks);
                self.write(now).await;
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => self.forget(AGAIN),
                    () = closed(&mut tracking) => break,
                }
            } else if tracking.changed().await.is_err() {
                break;
            }
        }
        // Some were merged or closed meanwhile.
        self.forget(self.open.len());
        let last = tracking.borrow().clone();
        if !last.tasks.is_empty() {
            self.write(last).await;
        }
    }

    /// So many of those that were open may be so no longer.
    fn forget(&mut self, many: usize) {
        for number in self.open.drain(..many.min(self.open.len())) {
            self.states.remove(&number);
        }
    }

    async fn write(&mut self, mut tracking: Tracking) {
        for task in &mut tracking.tasks {
            if !self.states.contains_key(&task.number) {
                match self.forge.state(&task.which()).await {
                    Ok(state) => {
                        self.states.insert(task.number, state);
                        if state.is_open() {
                            self.open.push(task.number);
                        }
                    }
                    Err(error) => tracing::warn!("{}", words::chain(&error)),
                }
            }
            if let Some(state) = self.states.get(&task.number) {
                task.state = *state;
            }
        }
        tracking.known = self.issue.as_ref().and_then(|issue| issue.number);
        let fact = match self.forge.track(&tracking).await {
            Ok(tracked) => {
                let issue = IssueLink {
                    number: tracked.number,
                    url: tracked.url,
                };
                self.trouble = None;
                if self.issue.as_ref() == Some(&issue) {
                    return;
                }
                self.issue = Some(issue.clone());
                RunFact::Tracked(issue)
            }
            Err(error) => {
                let reason = words::chain(&error);
                if self.trouble.as_ref() == Some(&reason) {
                    return;
                }
                self.trouble = Some(reason.clone());
                RunFact::NotTracked { reason }
            }
        };
        // Without a loop that listens, the run is over.
        let _ = self.told.send(fact);
    }
}

/// Comes back when nobody tells anything more.
async fn closed(tracking: &mut watch::Receiver<Tracking>) {
    while tracking.changed().await.is_ok() {}
}
