//! Finds files that no unit claims and nearly every unit changes. Each of these units waits for the others; a plan in
//! which one unit changes the file first lets them work at the same time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::UnitId;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::{Sharing, StandsOn};
use crate::run::log::unit_state::UnitState;

/// Fewer units than this may share a file without a word.
const FEWEST: usize = 3;

/// Nearly all units are so many of ten.
const OF_TEN: usize = 8;

/// A file that nearly all units change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedFile<'a> {
    pub path: &'a str,
    /// How many units change it.
    pub units: usize,
    /// How many units have shown what they change.
    pub of: usize,
    /// How many units have not.
    pub to_come: usize,
}

impl RunState {
    /// Returns the files that nearly all units change so far, the most shared one first.
    #[must_use]
    pub fn shared_files(&self) -> Vec<SharedFile<'_>> {
        // A unit that the run adds comes after all others, whatever it changes.
        let planned: BTreeSet<&UnitId> = self.header.units.iter().map(|unit| &unit.id).collect();
        let units = self.units.iter();
        let (shown, to_come): (Vec<&UnitState>, Vec<&UnitState>) = units
            .filter(|unit| planned.contains(&unit.header.id))
            .partition(|unit| has_shown(unit));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut tracked: BTreeSet<&str> = BTreeSet::new();
        for unit in &shown {
            let own = companions(unit);
            tracked.extend(own.iter().copied());
            let is_same = unit.sharing == Some(Sharing::SamePath);
            let shared = unit.shared_paths.iter().filter(|_| is_same);
            let all: BTreeSet<&str> = own.into_iter().chain(shared.map(String::as_str)).collect();
            for path in all {
                *counts.entry(path).or_default() += 1;
            }
        }
        let of = shown.len();
        let is_shared = |path: &str, units: usize| {
            tracked.contains(path) && units >= FEWEST && units * 10 >= of * OF_TEN
        };
        let counts = counts.into_iter();
        let mut files: Vec<SharedFile<'_>> = counts
            .filter(|(path, units)| is_shared(path, *units))
            .map(|(path, units)| SharedFile {
                path,
                units,
                of,
                to_come: to_come.len(),
            })
            .collect();
        files.sort_by_key(|file| Reverse(file.units));
        files
    }

    /// Returns the file that the first units share, at the moment when a unit starts again because of it; `None` where
    /// too little is known, nothing is left to gain, or it was known before.
    #[must_use]
    pub fn shared_so_far(&self, again: &StandsOn) -> Option<SharedFile<'_>> {
        let mut files = self.shared_files().into_iter();
        files.find(|file| {
            let is_it = again.paths.iter().any(|path| path == file.path);
            // The count grows by one with each unit.
            is_it && file.units == FEWEST && file.to_come > 0
        })
    }
}

/// Checks whether it is known what the unit changes.
fn has_shown(unit: &UnitState) -> bool {
    unit.attempt.proven.is_some() || unit.sharing.is_some()
}

fn companions(unit: &UnitState) -> Vec<&str> {
    let acquired = unit.attempt.proven.as_ref().map(|proven| &proven.acquired);
    let paths = acquired.into_iter().flat_map(|it| &it.companions);
    paths.map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::TreeId;
    use crate::run::log::event::{Event, Recorded};
    use crate::run::log::run_id::RunId;
    use crate::run::log::sample;
    use crate::run::log::unit_fact::{Acquired, ChangeCount, UnitFact};

    const UNITS: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn proven(companion: &str) -> UnitFact {
        UnitFact::ScopeProven {
            tree: TreeId::new("t"),
            changes: ChangeCount::default(),
            acquired: Acquired {
                created: Vec::new(),
                companions: vec![companion.to_owned()],
            },
            left_out: Vec::new(),
            left_to_others: 0,
            claimed_changed: None,
            regenerated: Vec::new(),
        }
    }

    fn again(on: &str) -> StandsOn {
        StandsOn {
            units: vec![UnitId::parse(on).unwrap()],
            why: Sharing::SamePath,
            paths: vec!["src/core.ts".to_owned()],
            work: Vec::new(),
        }
    }

    /// The state after these facts, one of each unit.
    fn after(facts: impl IntoIterator<Item = UnitFact>) -> RunState {
        let header = sample::header(UNITS.map(sample::unit).to_vec());
        let mut state = RunState::start(RunId::from_journal("r"), header, 0);
        for (unit, fact) in UNITS.into_iter().zip(facts) {
            let event = Event::Unit(UnitId::parse(unit).unwrap(), fact);
            state.apply(&Recorded {
                seq: 1,
                at: 1,
                event,
            });
        }
        state
    }

    #[test]
    fn what_nearly_all_units_change_is_known_early_and_once() {
        let stands_on = |on: &str| UnitFact::StandsOn(again(on));
        let first = |units: usize| {
            let facts = [
                proven("src/core.ts"),
                stands_on("a"),
                stands_on("a"),
                stands_on("c"),
                proven("src/other.ts"),
            ];
            after(facts.into_iter().take(units))
        };
        let shared = |units, of, to_come| SharedFile {
            path: "src/core.ts",
            units,
            of,
            to_come,
        };
        assert_eq!(first(2).shared_so_far(&again("a")), None);
        assert_eq!(first(3).shared_so_far(&again("a")), Some(shared(3, 3, 2)));
        assert_eq!(first(4).shared_so_far(&again("c")), None);
        assert_eq!(first(5).shared_files(), [shared(4, 5, 0)]);
    }

    #[test]
    fn what_some_units_change_is_nothing_to_tell() {
        let state = after(["x", "y", "y", "y", "z"].map(proven));
        assert_eq!(state.shared_files(), []);
    }
}
