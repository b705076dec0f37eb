//! A run together with the place of its pull requests.

use serde::Serialize;

use crate::forge::{
    ChecksStatus, ForgeError, ForgeSession, PullRequestRef, PullRequestState, PullRequestStatus,
    WaitReporter,
};
use crate::git::{BranchName, CommitId, GitError, Landed, Repo};
use crate::plan::{self, PlanError, UnitId};
use crate::run::{
    self, Delivery, DeliveryError, Destination, Goal, KnownRun, Places, Regenerator,
    RegeneratorError, RunId, RunState, SavedRunError, UnitState,
};

/// A run whose pull requests can be reached.
pub(crate) struct PrSession {
    pub(super) repo: Repo,
    pub(super) state: RunState,
    pub(super) forge: Box<dyn ForgeSession>,
    pub(super) location: Location,
    pub(super) places: Places,
    /// The remote with the branch that pull requests go to, where branches are pushed to another remote.
    pub(super) upstream: Option<String>,
    /// The branch that the run's pull requests go to.
    pub(super) base_branch: BranchName,
    /// Makes files again that commands make from others.
    pub(super) regenerator: Regenerator,
    /// Whether the settings ask for a tracking issue.
    pub(super) wants_tracking: bool,
}

/// Where the pull requests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    Server,
    /// Pages in this repository.
    Repository,
}

/// The state of a unit's pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PrStatus {
    pub(crate) unit: UnitId,
    #[serde(flatten)]
    pub(crate) standing: PullRequestStatus,
}

/// Why the pull requests of a run cannot be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("run {run} has no pull requests")]
    NoPullRequests { run: RunId },
    #[error("run {run} was for commits only")]
    CommitsOnly { run: RunId },
    #[error("the pull requests of run {run} are on {forge}, which cannot be reached now: {now}")]
    Elsewhere {
        run: RunId,
        forge: String,
        now: String,
    },
    #[error(transparent)]
    Saved(#[from] SavedRunError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error(transparent)]
    Regenerator(#[from] RegeneratorError),
}

impl PrSession {
    /// Finds the present place of the run's pull requests.
    pub(crate) fn open(known: KnownRun, waits: WaitReporter) -> Result<Self, SessionError> {
        let run = known.state.id.clone();
        let units = &known.state.units;
        if units
            .iter()
            .all(|unit| unit.publication.pull_request.is_none())
        {
            return Err(SessionError::NoPullRequests { run });
        }
        let (repo, config) = (&known.repo, known.settings()?);
        let plan = plan::file::parse(&known.plan_text()?).map_err(PlanError::from)?;
        let base = run::base_of_plan(repo, &config, &plan)?;
        let pages = known.places.pages(&run);
        let delivery = Delivery::choose(repo, &config, &base, Goal::PullRequests, pages)?;
        let now = delivery.words();
        let repo = delivery.reach(known.repo);
        let Delivery::PullRequest(Destination {
            forge,
            why_local,
            upstream,
            base_branch,
            ..
        }) = delivery
        else {
            return Err(SessionError::CommitsOnly { run });
        };
        if forge.place() != known.state.header.forge {
            let forge = known.state.header.forge;
            return Err(SessionError::Elsewhere { run, forge, now });
        }
        let settings = config.clone();
        let regenerator = Regenerator::new(&repo, &run, settings, known.state.units.len())?;
        Ok(Self {
            regenerator,
            repo,
            upstream,
            state: known.state,
            forge: forge.session(waits),
            location: match why_local {
                Some(_) => Location::Repository,
                None => Location::Server,
            },
            places: known.places,
            base_branch,
            wants_tracking: config.publish.tracking_issue == Some(true),
        })
    }

    /// Returns the units with a pull request, each after its needs, and then the reverts in the form of units.
    pub(super) fn all(&self) -> Vec<(UnitState, PullRequestRef)> {
        let units = self.state.needs_first().into_iter().cloned();
        units
            .chain(self.state.reverts())
            .filter_map(|unit| pull_request(&unit).map(|pr| (unit, pr)))
            .collect()
    }

    /// Checks whether the unit's pull request builds on the work of other units.
    pub(super) fn is_stacked(&self, unit: &UnitState) -> bool {
        // A revert is merged after others, but does not build on them.
        let is_unit = self.state.unit(&unit.header.id).is_some();
        is_unit && !unit.header.needs.is_empty()
    }

    /// Reads the state of a unit's pull request.
    pub(super) async fn status(
        &self,
        unit: &UnitState,
        pr: &PullRequestRef,
    ) -> Result<PrStatus, ForgeError> {
        let mut standing = self.forge.status(pr).await?;
        if self.location == Location::Repository {
            self.complete(unit, &mut standing);
        }
        Ok(PrStatus {
            unit: unit.header.id.clone(),
            standing,
        })
    }

    /// Returns the needs of the unit that have a pull request.
    pub(super) fn needs_of(&self, unit: &UnitState) -> Vec<(UnitState, PullRequestRef)> {
        let mut needed = self.all();
        needed.retain(|(other, _)| unit.header.needs.contains(&other.header.id));
        needed
    }

    /// Returns the tip of a branch that pull requests go to, and fetches its history.
    pub(super) fn tip(&self, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        let remote = self.upstream.as_ref().or(self.state.header.remote.as_ref());
        match (&self.location, remote) {
            (Location::Server, Some(remote)) => self.repo.fetch_branch(remote, branch),
            _ => self.repo.branch_tip(branch),
        }
    }

    /// Returns how the unit's work came into a branch of this repository; `None` where it is not there.
    pub(super) fn landed(
        &self,
        unit: &UnitState,
        branch: &BranchName,
    ) -> Result<Option<Landed>, GitError> {
        let work = unit.attempt.start().zip(unit.attempt.commit.as_ref());
        let (Some((start, commit)), Some(tip)) = (work, self.repo.branch_tip(branch)?) else {
            return Ok(None);
        };
        self.repo.landed(&tip, start, commit)
    }

    /// Adds the facts that a page in this repository does not hold.
    fn complete(&self, unit: &UnitState, standing: &mut PullRequestStatus) {
        standing.commit = unit.attempt.commit.as_ref().map(ToString::to_string);
        if !standing.state.is_open() {
            return;
        }
        // A new failure would have prevented the pull request.
        if !unit.attempt.checks.is_empty() && !unit.attempt.is_unverified() {
            standing.checks = ChecksStatus::Green;
        }
        let Some(commit) = &unit.attempt.commit else {
            return;
        };
        let branch = BranchName::new(&standing.base);
        match self.landed(unit, &branch) {
            // Somebody merged the branch without the page.
            Ok(Some(_)) => {
                standing.state = PullRequestState::Merged;
                return;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!("{error}"),
        }
        let made = unit.regenerated_files();
        let is_made = |path: &str| made.contains(path);
        match self.repo.merge_state(&branch, commit, &is_made) {
            Ok(against) => {
                standing.behind = against.map(|against| against.behind);
                standing.mergeable = against.map(|against| against.mergeable);
            }
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

/// Returns the reference to the unit's pull request, where it has one.
pub(super) fn pull_request(unit: &UnitState) -> Option<PullRequestRef> {
    let link = unit.publication.pull_request.as_ref()?;
    Some(PullRequestRef {
        unit: unit.header.id.to_string(),
        number: link.number,
    })
}
