//! Sets what the units need of each other, as proposed but without circles.

use std::collections::{BTreeSet, HashMap};

use super::draft::Draft;
use super::format::Proposal;
use super::repair::Repair;
use crate::plan::model::Unit;
use crate::plan::unit_id::UnitId;
use crate::words;

/// Sets the needs of each unit: first the proposed ones, then the units that its files import. `drafts` holds the draft
/// of each unit, in the same order.
pub(super) fn set(
    units: &mut [Unit],
    drafts: &[Draft],
    proposal: &Proposal,
    imported: Vec<Vec<usize>>,
    repairs: &mut Vec<Repair>,
) {
    let titles = Titles::of(drafts, proposal);
    let mut needs = Needs::new(drafts.len());
    for (place, draft) in drafts.iter().enumerate() {
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for number in draft.proposed_units() {
            let unit = &proposal.units[number];
            for need in unit.needs.iter().filter(|need| seen.insert(need.as_str())) {
                match titles.find(need) {
                    Some(places) => wanted.extend(places),
                    None => repairs.push(Repair::UnknownNeed {
                        unit: unit.title.clone(),
                        need: need.clone(),
                    }),
                }
            }
        }
        // A unit does not need what was merged into it.
        wanted.remove(&place);
        for need in wanted {
            if !needs.add(place, need) {
                repairs.push(Repair::NeedCycle {
                    unit: draft.known_as(),
                    need: drafts[need].known_as(),
                });
            }
        }
    }
    if let Some(title) = &proposal.prerequisite {
        match titles.find(title) {
            // What the prerequisite needs itself comes before it.
            Some(first) => {
                for &first in first {
                    for place in 0..drafts.len() {
                        needs.add(place, first);
                    }
                }
            }
            None => repairs.push(Repair::NoPrerequisite(title.clone())),
        }
    }
    for (place, imported) in imported.into_iter().enumerate() {
        for need in imported {
            needs.add(place, need);
        }
    }
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id.clone()).collect();
    for (place, unit) in units.iter_mut().enumerate() {
        unit.needs = needs.direct(place).map(|need| ids[need].clone()).collect();
    }
}

/// The places of the drafts, by the titles of the proposed units.
struct Titles(HashMap<String, Vec<usize>>);

impl Titles {
    fn of(drafts: &[Draft], proposal: &Proposal) -> Self {
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); proposal.units.len()];
        for (place, draft) in drafts.iter().enumerate() {
            for number in draft.proposed_units() {
                places[number].push(place);
            }
        }
        let mut titles = HashMap::new();
        for (unit, places) in proposal.units.iter().zip(places) {
            if !places.is_empty() {
                // Of two units with one title, the first is meant.
                titles.entry(key(&unit.title)).or_insert(places);
            }
        }
        Self(titles)
    }

    fn find(&self, title: &str) -> Option<&[usize]> {
        self.0.get(&key(title)).map(Vec::as_slice)
    }
}

/// Returns the form in which titles are compared.
pub(super) fn key(title: &str) -> String {
    words::line(title).to_lowercase()
}

/// The needs between units, never in a circle.
struct Needs {
    /// The needs of each unit, directly or through others.
    reach: Vec<Vec<bool>>,
    named: Vec<BTreeSet<usize>>,
}

impl Needs {
    fn new(units: usize) -> Self {
        Self {
            reach: vec![vec![false; units]; units],
            named: vec![BTreeSet::new(); units],
        }
    }

    /// Makes one unit need another. Returns false if that would make a circle.
    fn add(&mut self, unit: usize, need: usize) -> bool {
        if unit == need || self.reach[need][unit] {
            return false;
        }
        self.named[unit].insert(need);
        if !self.reach[unit][need] {
            let onward = self.reach[need].clone();
            for (place, row) in self.reach.iter_mut().enumerate() {
                if (place == unit || row[unit]) && !row[need] {
                    row[need] = true;
                    for (reached, onward) in row.iter_mut().zip(&onward) {
                        *reached |= onward;
                    }
                }
            }
        }
        true
    }

    /// Returns what a unit needs directly. A need through another unit is not named, because the other starts from its
    /// result.
    fn direct(&self, unit: usize) -> impl Iterator<Item = usize> {
        let named = &self.named[unit];
        let through = |need: &usize| named.iter().any(|other| self.reach[*other][*need]);
        named.iter().copied().filter(move |need| !through(need))
    }
}
