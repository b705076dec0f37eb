//! The reverts of a run in the form of units, so that the commands for pull requests treat both alike.
//!
//! A revert needs the reverts of all units that build on the same work: the work of a need is never reverted first.

use crate::plan::UnitId;
use crate::run::log::attempt::{Attempt, UnitBranch};
use crate::run::log::ledger::Ledger;
use crate::run::log::outcome::Outcome;
use crate::run::log::publication::{Publication, Revert};
use crate::run::log::run_fact::UnitHeader;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::{Phase, UnitState};

impl RunState {
    /// Returns the id of the revert of a unit; no unit of the run has that id.
    #[must_use]
    pub fn revert_id(&self, unit: &UnitId) -> UnitId {
        let mut id = unit.with_suffix("-revert");
        while self.unit(&id).is_some() {
            id = id.with_suffix("-again");
        }
        id
    }

    /// Returns the units that need this unit, directly or through other units.
    #[must_use]
    pub fn dependents(&self, unit: &UnitId) -> Vec<&UnitState> {
        let mut found: Vec<&UnitState> = Vec::new();
        // A unit comes after the units that it needs.
        for other in self.needs_first() {
            let stands_on = |need: &UnitId| {
                need == unit || found.iter().any(|before| before.header.id == *need)
            };
            if other.header.needs.iter().any(stands_on) {
                found.push(other);
            }
        }
        found
    }

    /// Returns the reverts of the units' present work in the form of units, each after the reverts that it needs.
    #[must_use]
    pub fn reverts(&self) -> Vec<UnitState> {
        let last_first = self.needs_first().into_iter().rev();
        last_first.filter_map(|unit| self.revert_of(unit)).collect()
    }

    /// Returns the revert of a unit's present work, in the form of a unit.
    #[must_use]
    pub fn revert_of(&self, unit: &UnitState) -> Option<UnitState> {
        let Revert { made, pull_request } = unit.publication.present_revert()?;
        let needs = self.dependents(&unit.header.id).into_iter();
        let needs = needs.filter(|other| other.publication.present_revert().is_some());
        let header = UnitHeader {
            id: self.revert_id(&unit.header.id),
            title: format!("Revert {}", unit.header.title),
            needs: needs
                .map(|other| self.revert_id(&other.header.id))
                .collect(),
            files: unit.header.files,
            lines: unit.header.lines,
            owners: unit.header.owners.clone(),
            agent: None,
            candidates: Vec::new(),
            work: Vec::new(),
        };
        Some(UnitState {
            phase: Phase::Ended(Outcome::Published),
            attempt: Attempt {
                branch: Some(UnitBranch {
                    name: made.branch.clone(),
                    start: made.start.clone(),
                }),
                commit: Some(made.commit.clone()),
                ..Attempt::default()
            },
            publication: Publication {
                pushed_to: made.remote.clone(),
                pull_request: pull_request.clone(),
                ..Publication::default()
            },
            ledger: Ledger {
                earlier_commits: unit.publication.earlier_reverts.clone(),
                ..Ledger::default()
            },
            ..UnitState::new(header)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{BranchName, CommitId};
    use crate::run::log::sample;
    use crate::run::log::unit_fact::{PullRequestLink, RevertCommit, UnitFact};

    fn id(text: &str) -> UnitId {
        UnitId::parse(text).unwrap()
    }

    fn link(number: u64) -> PullRequestLink {
        PullRequestLink {
            number,
            url: "u".into(),
            existed: false,
            notes: Vec::new(),
        }
    }

    /// Makes three units that need each other in a row, with the pull requests 1 to 3.
    fn stacked() -> RunState {
        let unit = |id: &str, needs: &[&str]| UnitHeader {
            needs: needs.iter().map(|need| self::id(need)).collect(),
            ..sample::unit(id)
        };
        let units = vec![
            unit("01-a", &[]),
            unit("02-b", &["01-a"]),
            unit("03-c", &["02-b"]),
        ];
        let run = crate::run::log::run_id::RunId::from_journal("r");
        let mut state = RunState::start(run, sample::header(units), 0);
        for (number, unit) in (1..).zip(&mut state.units) {
            unit.apply(&UnitFact::PullRequestOpened(link(number)), 0);
        }
        state
    }

    fn undo(state: &mut RunState, unit: usize, undoes: u64) {
        let made = RevertCommit {
            undoes,
            commit: CommitId::new(format!("c{unit}")),
            start: CommitId::new("s"),
            branch: BranchName::new(format!("b{unit}")),
            remote: None,
        };
        state.units[unit].apply(&UnitFact::RevertCommitted(made), 0);
    }

    #[test]
    fn dependents_are_reverted_before_the_unit() {
        let mut state = stacked();
        for (unit, number) in (0..3).zip(1..) {
            undo(&mut state, unit, number);
        }
        let told: Vec<(String, usize)> = state
            .reverts()
            .iter()
            .map(|it| (it.header.id.to_string(), it.header.needs.len()))
            .collect();
        let told: Vec<(&str, usize)> = told.iter().map(|(id, n)| (&**id, *n)).collect();
        assert_eq!(
            told,
            [("03-c-revert", 0), ("02-b-revert", 1), ("01-a-revert", 2)]
        );
    }

    #[test]
    fn the_revert_of_an_earlier_attempt_does_not_count() {
        let mut state = stacked();
        undo(&mut state, 2, 3);
        state.units[2].apply(&UnitFact::RevertOpened(link(9)), 0);
        assert!(state.revert_of(&state.units[2]).is_some());
        state.units[2].apply(&UnitFact::PullRequestOpened(link(10)), 0);
        assert_eq!(state.revert_of(&state.units[2]), None);
        undo(&mut state, 2, 10);
        let now = state.revert_of(&state.units[2]).unwrap();
        assert_eq!(now.publication.pull_request, None);
        assert_eq!(now.ledger.earlier_commits, [CommitId::new("c2")]);
    }

    #[test]
    fn no_unit_has_the_id_of_a_revert() {
        let mut state = stacked();
        state.units[1].header.id = id("01-a-revert");
        assert_eq!(state.revert_id(&id("01-a")).as_str(), "01-a-revert-again");
    }
}
