//! The tracking issue of a run, which lists all its pull requests, kept up to date while the run goes.
//!
//! A task of its own writes the issue: no unit waits for it, and no unit fails when it cannot be written. The event
//! loop says which pull requests are open, and the task reports facts about the issue to the loop.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::forge::{
    ForgeSession, PullRequestState, TrackedPullRequest, TrackingIssue, WaitReporter,
};
use crate::run::delivery::Delivery;
use crate::run::job::job::Job;
use crate::run::log::run_fact::{IssueLink, RunFact};
use crate::run::log::run_state::RunState;
use crate::words;

/// Pull requests that open within so much time are written together.
const PAUSE: Duration = Duration::from_mins(1);

/// So many open pull requests are looked at again each time, the longest unseen first: some of the 5,000 requests an
/// hour are left for other uses.
const AGAIN: usize = 30;

/// A finished run waits no longer than this for the server.
const PATIENCE: Duration = Duration::from_mins(5);

/// The task, and the channel that updates it.
pub(crate) struct Tracker {
    tracking: watch::Sender<TrackingIssue>,
    task: JoinHandle<()>,
}

/// Returns the content of the tracking issue; reverts come last. The forge says whether each pull request is open.
#[must_use]
pub fn tracking(state: &RunState) -> TrackingIssue {
    let reverts = state.reverts();
    let opened = state.units.iter().chain(&reverts).filter_map(|unit| {
        let link = unit.publication.pull_request.as_ref()?;
        Some(TrackedPullRequest {
            unit: unit.header.id.to_string(),
            number: link.number,
            url: link.url.clone(),
            title: unit.header.title.clone(),
            state: PullRequestState::Open,
        })
    });
    TrackingIssue {
        run: state.id.to_string(),
        since: state.started_at,
        instruction: state.header.instruction.clone(),
        known: state.tracking_issue.as_ref().and_then(|issue| issue.number),
        pull_requests: opened.collect(),
    }
}

impl Tracker {
    /// Starts the task; `None` where the settings want no issue.
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

    /// Takes in that a pull request was opened.
    pub(crate) fn update(&self, state: &RunState) {
        self.tracking.send_replace(tracking(state));
    }

    /// Waits until everything is written; returns a fact where that takes too long.
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
    /// The states of pull requests at the last look.
    states: BTreeMap<u64, PullRequestState>,
    /// The pull requests that were open then, in the order of the looks.
    open: Vec<u64>,
    /// The last reported reason why the issue could not be written.
    trouble: Option<String>,
}

impl Keeper {
    async fn keep(mut self, mut tracking: watch::Receiver<TrackingIssue>) {
        let mut shown = Vec::new();
        loop {
            let now = tracking.borrow_and_update().clone();
            if now.pull_requests != shown {
                shown.clone_from(&now.pull_requests);
                self.write(now).await;
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => self.forget(AGAIN),
                    () = closed(&mut tracking) => break,
                }
            } else if tracking.changed().await.is_err() {
                break;
            }
        }
        // Some pull requests were merged or closed meanwhile.
        self.forget(self.open.len());
        let last = tracking.borrow().clone();
        if !last.pull_requests.is_empty() {
            self.write(last).await;
        }
    }

    /// Forgets the states of so many open pull requests, which may have changed.
    fn forget(&mut self, many: usize) {
        for number in self.open.drain(..many.min(self.open.len())) {
            self.states.remove(&number);
        }
    }

    async fn write(&mut self, mut tracking: TrackingIssue) {
        for task in &mut tracking.pull_requests {
            if !self.states.contains_key(&task.number) {
                match self.forge.state(&task.reference()).await {
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
        // Without a loop that receives, the run is over.
        let _ = self.told.send(fact);
    }
}

/// Waits until no more updates can come.
async fn closed(tracking: &mut watch::Receiver<TrackingIssue>) {
    while tracking.changed().await.is_ok() {}
}
