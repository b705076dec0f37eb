//! From proven work to a pull request: commit, push, open.

use std::mem::discriminant;
use std::time::Duration;

use crate::forge::{
    Checks, Forge, ForgeSession, PullRequest, PullRequestFacts, PullRequestRef, TextError,
    WaitReporter,
};
use crate::plan::UnitId;
use crate::run::job::pull_request::{FinishedNeed, UnitResult, extras, story};
use crate::run::log::event::{Outcome, PullRequestLink, Step, UnitFact};
use crate::run::log::record::now;
use crate::run::schedule::publish_gate::GateState;
use crate::run::schedule::publish_limiter::{PublishBlock, PublishPermit};
use crate::run::unit::context::{Checkout, Failure, Halt, Pipeline, ProvenChange, failure};
use crate::run::workspace::places::worktree_name;
use crate::words;

/// How soon it is looked whether an open pull request still is; doubles each time.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_mins(1);

const BY_FORK: &str =
    "with --fork, branches go to a fork of yours; for what is committed: batch publish --fork";

/// A pull request that nothing checks after so many milliseconds has no checks.
const UNCHECKED: i64 = 30_000;

impl Pipeline {
    pub(crate) async fn commit(
        &self,
        ground: &Checkout,
        proven: &ProvenChange,
        told: &UnitResult<'_>,
    ) -> Result<(), Halt> {
        let step = Step::Commit;
        self.begin(step, None).await?;
        let (templates, story) = (&self.job.templates, story(&self.job, self.number, told));
        let message = match &self.known.round {
            None => templates.commit(&story),
            Some(round) => Ok(templates.mending(&story, &round.mending.reason)),
        };
        let message = message.map_err(|error| failure(step, error.to_string()))?;
        let (branch, start, tree) = (
            ground.branch.clone(),
            ground.start.clone(),
            proven.tree.clone(),
        );
        let unit = self.unit().id.clone();
        let commit = self
            .git(step, move |job| {
                // A process that was killed may have made it without saying so.
                let commit = match job.repo.commit_on(&branch, &start, &tree)? {
                    Some(made) => made,
                    None => job.repo.commit(&branch, &start, &tree, &message)?,
                };
                let index = job.places.index(&job.id, &unit);
                job.repo
                    .settle_worktree(&worktree_name(&job.id, &unit), &branch, &index)?;
                Ok(commit)
            })
            .await?;
        self.say(UnitFact::Committed { commit }).await
    }

    /// Waits until the work may be published, and gives what it needs with the addresses of their pull requests; or how
    /// the unit ends where it may not.
    pub(crate) async fn cleared(&self) -> Result<Result<Vec<FinishedNeed>, Outcome>, Halt> {
        let needs = &self.unit().needs;
        let mut clearance = self.clearance.clone();
        let known = clearance.wait_for(|known| match known.gate {
            GateState::Wait => false,
            GateState::Shut => true,
            GateState::Open => needs.iter().all(|need| known.ended.contains_key(need)),
        });
        let known = tokio::select! {
            known = known => known.map_err(|_| Halt::Stopped)?.clone(),
            () = self.cancel.cancelled() => return Err(Halt::Stopped),
        };
        if known.gate == GateState::Shut {
            return Ok(Err(Outcome::Withheld));
        }
        let failed = |need: &&UnitId| known.ended.get(*need).is_some_and(|ended| !ended.well);
        if let Some(by) = needs.iter().find(failed) {
            return Ok(Err(Outcome::Blocked { by: by.clone() }));
        }
        let with_address = |need: &FinishedNeed| {
            let unit = &self.job.plan.units[need.unit].id;
            let url = known.ended.get(unit).and_then(|ended| ended.url.clone());
            FinishedNeed {
                url,
                ..need.clone()
            }
        };
        Ok(Ok(self.needs.iter().map(with_address).collect()))
    }

    pub(crate) async fn push(&self, ground: &Checkout, remote: &str) -> Result<(), Halt> {
        self.begin(Step::Push, None).await?;
        let (to, branch) = (remote.to_owned(), ground.branch.clone());
        let earlier = self.known.earlier_commits.clone();
        let looked_at = self.known.round.as_ref();
        let looked_at = looked_at.map(|round| round.mending.head.clone());
        let cancel = self.cancel.clone();
        let pushed = self
            .git(Step::Push, move |job| {
                // Only what was looked at may be replaced, or else what an earlier attempt of this very unit pushed.
                let replaced = match (looked_at, &earlier[..]) {
                    (Some(head), _) => Some(head),
                    (None, []) => None,
                    (None, _) => {
                        let stands = job.repo.remote_branch(&to, &branch)?;
                        stands.filter(|commit| earlier.contains(commit))
                    }
                };
                job.repo.push(&to, &branch, replaced.as_deref(), &cancel)
            })
            .await;
        if pushed.is_err() && self.cancel.is_cancelled() {
            return Err(Halt::Stopped);
        }
        pushed.map_err(|halt| match halt {
            Halt::Failed(failure) if self.needs_fork(&failure.reason) => Halt::Failed(Failure {
                reason: format!("{}\n{BY_FORK}", failure.reason),
                ..failure
            }),
            other => other,
        })?;
        self.say(UnitFact::Pushed {
            remote: remote.to_owned(),
        })
        .await
    }

    /// Whether a push was refused for want of the right to it, in GitHub's words, and a fork would do.
    fn needs_fork(&self, reason: &str) -> bool {
        let delivery = &self.job.delivery;
        delivery.is_on_a_server() && !delivery.is_across() && reason.contains(" denied to ")
    }

    pub(crate) async fn pull_request(
        &self,
        forge: &dyn Forge,
        branch: &str,
        target: String,
        draft: bool,
        story: &PullRequestFacts,
    ) -> Result<u64, Halt> {
        let step = Step::PullRequest;
        self.begin(step, None).await?;
        let templates = &self.job.templates;
        let words = |text: Result<String, TextError>| {
            text.map_err(|error| failure(step, error.to_string()))
        };
        let mut extras = extras(&self.job.settings.publish, &self.unit().owners);
        // It would be merged into another one's branch, or with what another one brings.
        if self.needs.iter().any(|need| need.work.is_some()) {
            extras.auto_merge = None;
        }
        let request = PullRequest {
            run: self.job.id.to_string(),
            unit: story.unit.clone(),
            ordinal: self.number as u64 + 1,
            title: words(templates.title(story))?,
            body: words(templates.body(story))?,
            head: branch.to_owned(),
            base: target,
            draft,
            extras,
        };
        let (waits, mut told) = WaitReporter::channel();
        let session = forge.session(waits);
        let open = session.open(&request);
        tokio::pin!(open);
        let opened = loop {
            tokio::select! {
                opened = &mut open => break opened,
                Some(wait) = told.recv() => self.begin(step, Some(wait.to_string())).await?,
                // A server may be waited for longer than somebody who wants to stop has patience.
                () = self.cancel.cancelled() => return Err(Halt::Stopped),
            }
        };
        let opened = opened.map_err(|error| failure(step, words::chain(&error)))?;
        self.say(UnitFact::PullRequestOpened(PullRequestLink {
            number: opened.number,
            url: opened.url,
            existed: opened.existed,
            notes: opened.notes,
        }))
        .await?;
        Ok(opened.number)
    }

    /// The unit's pull request, as a forge knows it.
    pub(crate) fn which(&self, number: u64) -> PullRequestRef {
        PullRequestRef {
            unit: self.unit().id.to_string(),
            number,
        }
    }

    /// Waits until the unit may publish; nothing where all may as they come. Others wait until the turn is dropped.
    pub(crate) async fn passage(
        &self,
        forge: &dyn Forge,
    ) -> Result<Option<PublishPermit<'_>>, Halt> {
        let Some(valve) = self.valve.as_deref() else {
            return Ok(None);
        };
        let step = Step::PullRequest;
        self.begin(step, Some(format!("waits its turn ({})", valve.words())))
            .await?;
        let (owners, needs) = (&self.unit().owners, &self.unit().needs);
        let session = forge.session(WaitReporter::silent());
        let mut passage = self.unless_stopping(valve.passage(owners, needs)).await?;
        let mut look = FIRST_LOOK;
        let mut told = None;
        while let Some(hold) = passage.hold(now()) {
            let kind = discriminant(&hold);
            if let PublishBlock::For(time) = hold {
                let detail = format!("{hold} ({})", valve.words());
                self.begin(step, Some(detail)).await?;
                self.unless_stopping(tokio::time::sleep(time)).await?;
                continue;
            }
            if told.replace(kind) != Some(kind) {
                self.begin(step, Some(hold.to_string())).await?;
                look = FIRST_LOOK;
            }
            self.look_at(&*session, &hold, &mut passage, look / 2)
                .await?;
            match passage.hold(now()) {
                Some(same) if discriminant(&same) == kind => {}
                _ => continue,
            }
            if let PublishBlock::UntilOwnerIsFree(..) = hold {
                // Those of other owners pass meanwhile.
                drop(passage);
                self.unless_stopping(tokio::time::sleep(look)).await?;
                passage = self.unless_stopping(valve.passage(owners, needs)).await?;
            } else {
                self.unless_stopping(tokio::time::sleep(look)).await?;
            }
            look = (look * 2).min(LAST_LOOK);
        }
        Ok(Some(passage))
    }

    /// Looks whether what holds the unit back has come about.
    async fn look_at(
        &self,
        session: &dyn ForgeSession,
        hold: &PublishBlock,
        passage: &mut PublishPermit<'_>,
        every: Duration,
    ) -> Result<(), Halt> {
        match hold {
            PublishBlock::For(_) => {}
            PublishBlock::UntilClosed(open) => {
                for which in open {
                    if self.is_closed(session, which).await? {
                        passage.closed(which);
                    }
                }
            }
            PublishBlock::UntilOwnerIsFree(_, open) => {
                for which in open {
                    if passage.is_due(which, now(), every) && self.is_closed(session, which).await?
                    {
                        passage.closed(which);
                    }
                }
            }
            PublishBlock::UntilChecked(pending) => {
                for (which, opened_at) in pending {
                    if self.is_checked(session, which, *opened_at).await? {
                        passage.checked(which);
                    }
                }
            }
        }
        Ok(())
    }

    async fn is_closed(
        &self,
        session: &dyn ForgeSession,
        which: &PullRequestRef,
    ) -> Result<bool, Halt> {
        match self.unless_stopping(session.state(which)).await? {
            Ok(state) => Ok(!state.is_open()),
            // It is asked again soon, and a run that waits for days must not end by one bad minute.
            Err(error) => {
                tracing::warn!("{}", words::chain(&error));
                Ok(false)
            }
        }
    }

    /// Whether nothing checks the pull request any longer. Where nothing does at all, that is believed after a while:
    /// checks are begun a moment after it was opened.
    async fn is_checked(
        &self,
        session: &dyn ForgeSession,
        which: &PullRequestRef,
        opened_at: i64,
    ) -> Result<bool, Halt> {
        match self.unless_stopping(session.standing(which)).await? {
            Ok(standing) => Ok(match standing.checks {
                Checks::Running => !standing.state.is_open(),
                Checks::None => now().saturating_sub(opened_at) > UNCHECKED,
                Checks::Green | Checks::Red | Checks::Unknown => true,
            }),
            Err(error) => {
                tracing::warn!("{}", words::chain(&error));
                Ok(false)
            }
        }
    }

    /// What may take hours is given up as soon as the run is to end before its time; a resumed one goes on with it.
    async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let mut clearance = self.clearance.clone();
        let stopping = clearance.wait_for(|known| known.stopping);
        tokio::select! {
            done = work => Ok(done),
            _ = stopping => Err(Halt::Stopped),
            () = self.cancel.cancelled() => Err(Halt::Stopped),
        }
    }

    /// The branch the pull request goes to: that of the one unit it needs, so that the two stack, else the base's. The
    /// branch of a fork is none that a pull request can go to.
    pub(crate) fn target(&self, base_branch: &str) -> String {
        let branches: Vec<&String> = self
            .needs
            .iter()
            .filter_map(|need| need.work.as_ref())
            .map(|(branch, _)| branch)
            .collect();
        match branches[..] {
            [one] if !self.job.delivery.is_across() => one.clone(),
            _ => base_branch.to_owned(),
        }
    }
}
