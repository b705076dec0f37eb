//! What takes the merged work of units back: pull requests of their own, which are the run's as well.
//!
//! Each is told like a unit, so that whoever looks after pull requests need not tell them apart. It needs those that take
//! back what stands on the same work: nothing is taken away from below what stands on it.

use crate::plan::UnitId;
use crate::run::log::event::{Outcome, PullRequestLink, RevertCommit, UnitHeader};
use crate::run::log::state::{Phase, RunState, UnitState};

/// What takes the work of a unit back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    pub made: RevertCommit,
    pub pull_request: Option<PullRequestLink>,
}

impl RunState {
    /// The id under which a unit's work is taken back; no unit of the run has it.
    #[must_use]
    pub fn inverse_id(&self, unit: &UnitId) -> UnitId {
        let mut id = unit.followed_by("-revert");
        while self.unit(&id).is_some() {
            id = id.followed_by("-again");
        }
        id
    }

    /// The units that stand on this one's work, directly or through others.
    #[must_use]
    pub fn that_need(&self, unit: &UnitId) -> Vec<&UnitState> {
        let mut found: Vec<&UnitState> = Vec::new();
        // A unit comes after those that it needs.
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

    /// What takes back the present work of units, each after those that it needs.
    #[must_use]
    pub fn inverses(&self) -> Vec<UnitState> {
        let last_first = self.needs_first().into_iter().rev();
        last_first
            .filter_map(|unit| self.inverse_of(unit))
            .collect()
    }

    /// What takes a unit's present work back, told like a unit.
    #[must_use]
    pub fn inverse_of(&self, unit: &UnitState) -> Option<UnitState> {
        let Revert { made, pull_request } = unit.present_inverse()?;
        let needs = self.that_need(&unit.header.id).into_iter();
        let needs = needs.filter(|other| other.present_inverse().is_some());
        let header = UnitHeader {
            id: self.inverse_id(&unit.header.id),
            title: format!("Revert {}", unit.header.title),
            needs: needs
                .map(|other| self.inverse_id(&other.header.id))
                .collect(),
            files: unit.header.files,
            lines: unit.header.lines,
            owners: unit.header.owners.clone(),
            agent: None,
            rivals: Vec::new(),
        };
        Some(UnitState {
            phase: Phase::Ended(Outcome::Published),
            start: Some(made.start.clone()),
            branch: Some(made.branch.clone()),
            commit: Some(made.commit.clone()),
            pushed_to: made.remote.clone(),
            pull_request: pull_request.clone(),
            earlier_commits: unit.earlier_inverses.clone(),
            ..UnitState::new(header)
        })
    }
}

impl UnitState {
    /// The pull request that undoes what is published of it, or is to.
    #[must_use]
    pub fn undone_by(&self) -> Option<&PullRequestLink> {
        self.present_inverse()?.pull_request.as_ref()
    }

    /// What takes its work back that is published now, rather than an earlier attempt's.
    fn present_inverse(&self) -> Option<&Revert> {
        let number = self.pull_request.as_ref()?.number;
        self.inverse
            .as_ref()
            .filter(|inverse| inverse.made.undoes == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::log::event::UnitFact;
    use crate::run::log::sample;

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

    /// Three that stand on each other, with pull requests 1 to 3.
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
        let run = crate::run::RunId::from_journal("r");
        let mut state = RunState::start(run, sample::header(units), 0);
        for (number, unit) in (1..).zip(&mut state.units) {
            unit.apply(&UnitFact::PullRequestOpened(link(number)), 0);
        }
        state
    }

    fn undo(state: &mut RunState, unit: usize, undoes: u64) {
        let made = RevertCommit {
            undoes,
            commit: format!("c{unit}"),
            start: "s".into(),
            branch: format!("b{unit}"),
            remote: None,
        };
        state.units[unit].apply(&UnitFact::RevertCommitted(made), 0);
    }

    #[test]
    fn what_stands_on_a_unit_is_taken_back_before_it() {
        let mut state = stacked();
        for (unit, number) in (0..3).zip(1..) {
            undo(&mut state, unit, number);
        }
        let told: Vec<(String, usize)> = state
            .inverses()
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
    fn what_took_an_earlier_attempt_back_is_not_taken_for_this_ones() {
        let mut state = stacked();
        undo(&mut state, 2, 3);
        state.units[2].apply(&UnitFact::RevertOpened(link(9)), 0);
        assert!(state.inverse_of(&state.units[2]).is_some());
        state.units[2].apply(&UnitFact::PullRequestOpened(link(10)), 0);
        assert_eq!(state.inverse_of(&state.units[2]), None);
        undo(&mut state, 2, 10);
        let now = state.inverse_of(&state.units[2]).unwrap();
        assert_eq!(now.pull_request, None);
        assert_eq!(now.earlier_commits, ["c2"]);
    }

    #[test]
    fn no_unit_has_the_id_of_what_takes_another_back() {
        let mut state = stacked();
        state.units[1].header.id = id("01-a-revert");
        assert_eq!(state.inverse_id(&id("01-a")).as_str(), "01-a-revert-again");
    }
}
