//! A run with the place where its pull requests are.

use serde::Serialize;

use crate::forge::{Checks, ForgeError, ForgeSession, PullRequestRef, Standing};
use crate::git::{GitError, Repo};
use crate::plan::UnitId;
use crate::run::{Places, RunState, UnitState};

/// A run whose pull requests are looked after.
pub struct Desk {
    pub repo: Repo,
    pub state: RunState,
    pub forge: Box<dyn ForgeSession>,
    pub home: Home,
    pub places: Places,
    /// The remote with the branch that pull requests go to, where branches are pushed to another one.
    pub upstream: Option<String>,
    /// The branch that the run is for.
    pub base_branch: String,
    /// One issue is to list them.
    pub wants_tracking: bool,
}

/// Who keeps the pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Server,
    /// They are pages in this repository.
    Here,
}

/// A unit, and how its pull request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub unit: UnitId,
    #[serde(flatten)]
    pub standing: Standing,
}

impl Desk {
    /// The units with a pull request, each after those that it needs; then what takes their work back, told like units.
    #[must_use]
    pub fn all(&self) -> Vec<(UnitState, PullRequestRef)> {
        let mut all = self.units();
        let inverses = self.state.reverts().into_iter();
        all.extend(inverses.filter_map(|unit| which(&unit).map(|which| (unit, which))));
        all
    }

    /// The units with a pull request, each after those that it needs.
    pub(super) fn units(&self) -> Vec<(UnitState, PullRequestRef)> {
        let ordered = self.state.needs_first().into_iter();
        ordered
            .filter_map(|unit| which(unit).map(|which| (unit.clone(), which)))
            .collect()
    }

    /// Whether a unit's pull request stands on the work of others.
    pub(super) fn is_stacked(&self, unit: &UnitState) -> bool {
        // What takes work back only comes after others.
        let is_unit = self.state.unit(&unit.header.id).is_some();
        is_unit && !unit.header.needs.is_empty()
    }

    /// How the pull request of a unit stands.
    pub async fn look(&self, unit: &UnitState, which: &PullRequestRef) -> Result<Row, ForgeError> {
        let mut standing = self.forge.standing(which).await?;
        if self.home == Home::Here {
            self.complete(unit, &mut standing);
        }
        Ok(Row {
            unit: unit.header.id.clone(),
            standing,
        })
    }

    /// Those among the units with a pull request that a unit needs.
    pub(super) fn needs_of(&self, unit: &UnitState) -> Vec<(UnitState, PullRequestRef)> {
        let mut needed = self.all();
        needed.retain(|(other, _)| unit.header.needs.contains(&other.header.id));
        needed
    }

    /// Where a branch stands that pull requests go to, with all that belongs to it.
    pub(super) fn tip(&self, branch: &str) -> Result<Option<String>, GitError> {
        let remote = self.upstream.as_ref().or(self.state.header.remote.as_ref());
        match (&self.home, remote) {
            (Home::Server, Some(remote)) => self.repo.fetch_branch(remote, branch),
            _ => self.repo.branch_tip(branch),
        }
    }

    /// Adds what a page in this repository does not know of itself.
    fn complete(&self, unit: &UnitState, standing: &mut Standing) {
        standing.commit = unit.attempt.commit.as_ref().map(ToString::to_string);
        if !standing.state.is_open() {
            return;
        }
        // A new failure would have kept it from being opened.
        if !unit.attempt.checks.is_empty() {
            standing.checks = Checks::Green;
        }
        let Some(commit) = &unit.attempt.commit else {
            return;
        };
        match self.repo.merge_state(&standing.base, commit) {
            Ok(against) => {
                standing.behind = against.map(|against| against.behind);
                standing.mergeable = against.map(|against| against.mergeable);
            }
            Err(error) => tracing::warn!("{error}"),
        }
    }
}

pub(super) fn which(unit: &UnitState) -> Option<PullRequestRef> {
    let link = unit.publication.pull_request.as_ref()?;
    Some(PullRequestRef {
        unit: unit.header.id.to_string(),
        number: link.number,
    })
}
