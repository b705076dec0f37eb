//! Assigns every file in question to exactly one proposed unit, or leaves it out with a reason.

use std::collections::{BTreeMap, HashSet};

use super::error::ProposalError;
use super::files::PlannedFiles;
use super::format::Proposal;
use super::paths::{Mentions, Target};
use super::repair::Repair;
use super::text::shortened;
use crate::plan::base_files::BaseFiles;
use crate::plan::claim::fold;
use crate::words;

/// A file that is more imports than this away from every named file counts as untied.
const STEPS: usize = 32;

/// A longer reason is cut.
const REASON: usize = 200;

/// The unit of every file, or the reason why it is left out.
pub(super) struct Assigned {
    /// The unit of each file: the number of a proposed unit, or a number above them for a unit of `beyond`.
    pub(super) unit_of: Vec<Option<usize>>,
    pub(super) beyond: Vec<PlannedUnit>,
    /// By reason.
    pub(super) left_out: BTreeMap<String, Vec<usize>>,
}

/// Puts every file into a unit, or leaves it out.
pub(super) fn assign(
    files: &PlannedFiles<'_>,
    proposal: &Proposal,
    base: &BaseFiles,
    repairs: &mut Vec<Repair>,
) -> Result<Assigned, ProposalError> {
    let mut read = |paths: &[String], of: &str, take: &mut dyn FnMut(Target)| {
        let mut seen = HashSet::new();
        for path in paths.iter().filter(|path| seen.insert(path.as_str())) {
            match files.place(path, base) {
                Ok(place) => take(place),
                Err(why) => repairs.push(Repair::Dropped {
                    of: of.to_owned(),
                    path: path.clone(),
                    why,
                }),
            }
        }
    };
    let (mut units, mut reasons) = (Mentions::new(), Mentions::new());
    for (number, unit) in proposal.units.iter().enumerate() {
        read(&unit.files, &unit.title, &mut |place| {
            units.add(place, number);
        });
    }
    for (number, left_out) in proposal.left_out.iter().enumerate() {
        read(&left_out.files, "left out", &mut |place| {
            reasons.add(place, number);
        });
    }
    let mut unit_of: Vec<Option<usize>> = vec![None; files.len()];
    let mut left_out: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let (mut contested, mut open, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (file, unit) in unit_of.iter_mut().enumerate() {
        let path = files.path(file);
        let ((exactly, named), (less, reason)) = (units.of(file, path), reasons.of(file, path));
        match (named, reason) {
            (_, &[reason, ..]) if named.is_empty() || less > exactly => {
                let said = words::line(&proposal.left_out[reason].reason);
                let reason = match shortened(&said, REASON) {
                    empty if empty.is_empty() => "nothing to do".to_owned(),
                    reason => reason,
                };
                left_out.entry(reason).or_default().push(file);
                continue;
            }
            ([], _) => open.push(file),
            (&[only], _) => *unit = Some(only),
            (several, _) => contested.push((file, several)),
        }
        if !reason.is_empty() && less == exactly {
            wanted.push(path.to_owned());
        }
    }
    if !wanted.is_empty() {
        repairs.push(Repair::KeptInUnit(wanted));
    }
    let title = |unit: usize| proposal.units[unit].title.clone();
    for (file, several) in contested {
        let votes = votes(files, &unit_of, file);
        let most = |unit: &usize| votes.get(unit).copied().unwrap_or(0);
        let best = several.iter().rev().copied().max_by_key(most);
        unit_of[file] = best;
        repairs.push(Repair::Contested {
            path: files.path(file).to_owned(),
            units: several.iter().map(|unit| title(*unit)).collect(),
            to: best.map(title).unwrap_or_default(),
        });
    }
    if unit_of.iter().all(Option::is_none) {
        return Err(ProposalError::NoFiles);
    }
    let beyond = place_unnamed(files, &mut unit_of, open, proposal.units.len(), repairs);
    keep_names_together(files, &mut unit_of, repairs);
    Ok(Assigned {
        unit_of,
        beyond,
        left_out,
    })
}

/// Returns how strongly a file is tied to each unit.
fn votes(files: &PlannedFiles<'_>, unit_of: &[Option<usize>], file: usize) -> BTreeMap<usize, u64> {
    let mut votes = BTreeMap::new();
    for &(other, weight) in files.ties(file) {
        if let Some(unit) = unit_of[other] {
            *votes.entry(unit).or_default() += u64::from(weight);
        }
    }
    votes
}

/// Puts each file that no unit names into the unit with the strongest tie; without a tie, into the unit that has most
/// of its neighbours from the plan without the proposal. Returns the units beyond the proposed ones that the remaining
/// files make.
fn place_unnamed(
    files: &PlannedFiles<'_>,
    unit_of: &mut [Option<usize>],
    mut open: Vec<usize>,
    proposed: usize,
    repairs: &mut Vec<Repair>,
) -> Vec<PlannedUnit> {
    let (mut joined, mut apart) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        // All files of a round see the same state, so that their order does not matter.
        let found: Vec<(usize, Option<usize>)> = open
            .iter()
            .map(|&file| {
                let votes = votes(files, unit_of, file);
                let best = votes.iter().rev().max_by_key(|(_, weight)| **weight);
                (file, best.map(|(unit, _)| *unit))
            })
            .collect();
        let before = open.len();
        open.clear();
        for (file, unit) in found {
            match unit {
                Some(_) => {
                    unit_of[file] = unit;
                    joined.push(files.path(file).to_owned());
                }
                None => open.push(file),
            }
        }
        if open.len() == before || open.is_empty() {
            break;
        }
    }
    let mut company: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for (file, unit) in unit_of.iter().enumerate() {
        if let Some(unit) = unit {
            let planned = company.entry(files.planned_unit(file)).or_default();
            *planned.entry(*unit).or_default() += 1;
        }
    }
    let mut own: BTreeMap<usize, usize> = BTreeMap::new();
    let mut beyond = Vec::new();
    for file in open {
        let planned = files.planned_unit(file);
        let most = company
            .get(&planned)
            .and_then(|units| units.iter().rev().max_by_key(|(_, files)| **files));
        let unit = most.map_or_else(
            || {
                *own.entry(planned).or_insert_with(|| {
                    beyond.push(PlannedUnit(planned));
                    proposed + beyond.len() - 1
                })
            },
            |(unit, _)| *unit,
        );
        unit_of[file] = Some(unit);
        apart.push(files.path(file).to_owned());
    }
    if !joined.is_empty() {
        joined.sort();
        repairs.push(Repair::Joined(joined));
    }
    if !apart.is_empty() {
        repairs.push(Repair::Untied(apart));
    }
    beyond
}

/// A unit that stays as in the plan without the proposal, by its place there.
pub(super) struct PlannedUnit(pub(super) usize);

/// Puts files whose names some file system treats as equal into the unit of the first.
fn keep_names_together(
    files: &PlannedFiles<'_>,
    unit_of: &mut [Option<usize>],
    repairs: &mut Vec<Repair>,
) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for file in (0..files.len()).filter(|file| unit_of[*file].is_some()) {
        alike.entry(fold(files.path(file))).or_default().push(file);
    }
    for names in alike.into_values() {
        let first = unit_of[names[0]];
        if names.iter().any(|file| unit_of[*file] != first) {
            let paths = names.iter().map(|file| files.path(*file).to_owned());
            repairs.push(Repair::SameName(paths.collect()));
            for file in names {
                unit_of[file] = first;
            }
        }
    }
}
