//! Makes drafts of the proposed units, with the paths that each may create.

use std::collections::HashSet;

use super::assignment::{Assigned, PlannedUnit};
use super::draft::Draft;
use super::files::PlannedFiles;
use super::format::Proposal;
use super::needs::key;
use super::paths::normalized;
use super::repair::{DropReason, Repair};
use crate::plan::base_files::BaseFiles;
use crate::plan::claim::fold;
use crate::plan::file::check_file;

/// Returns the units with their files and the paths that they create. A unit that only creates files becomes part of
/// one that needs it.
pub(super) fn drafts(
    files: &PlannedFiles<'_>,
    assigned: &Assigned,
    proposal: &Proposal,
    base: &BaseFiles,
    repairs: &mut Vec<Repair>,
) -> Vec<Draft> {
    let Assigned {
        unit_of, beyond, ..
    } = assigned;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); proposal.units.len() + beyond.len()];
    for (file, unit) in unit_of.iter().enumerate() {
        if let Some(unit) = unit {
            members[*unit].push(file);
        }
    }
    let mut create = creatable(proposal, base, repairs);
    let mut drafts: Vec<Draft> = Vec::new();
    let mut only_new = Vec::new();
    for (number, members) in members.into_iter().enumerate() {
        let Some(unit) = proposal.units.get(number) else {
            let PlannedUnit(planned) = beyond[number - proposal.units.len()];
            drafts.push(Draft::planned(files.title(planned), members));
            continue;
        };
        let create = std::mem::take(&mut create[number]);
        match (members.is_empty(), create.is_empty()) {
            (false, _) => drafts.push(Draft::proposed(number, unit, members, create)),
            (true, false) => only_new.push(Draft::proposed(number, unit, members, create)),
            (true, true) => repairs.push(Repair::Empty(unit.title.clone())),
        }
    }
    for draft in only_new {
        let title = draft.known_as();
        let wants = |it: &Draft| {
            let mut units = it.proposed_units();
            units.any(|number| needs(proposal, number, &title))
        };
        // If no unit needs it, the first unit takes it: any would be as good.
        let place = drafts.iter().position(wants);
        let Some(into) = drafts.get_mut(place.unwrap_or(0)) else {
            continue;
        };
        repairs.push(Repair::Absorbed {
            unit: title,
            into: into.known_as(),
        });
        into.absorb_new(draft);
    }
    drafts
}

fn needs(proposal: &Proposal, number: usize, title: &str) -> bool {
    let title = key(title);
    let own = proposal.units[number].needs.iter();
    own.chain(&proposal.prerequisite)
        .any(|need| key(need) == title)
}

/// Returns for each unit the paths that it may create.
fn creatable(proposal: &Proposal, base: &BaseFiles, repairs: &mut Vec<Repair>) -> Vec<Vec<String>> {
    if proposal.units.iter().all(|unit| unit.create.is_empty()) {
        return vec![Vec::new(); proposal.units.len()];
    }
    let mut there: HashSet<String> = HashSet::new();
    let mut folders: HashSet<String> = HashSet::new();
    for path in base.tracked() {
        let folded = fold(path);
        folders.extend(above(&folded).map(str::to_owned));
        there.insert(folded);
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut judge = |written: &str| -> Result<String, DropReason> {
        let path = normalized(written)?;
        if written.ends_with('/') || check_file(&path).is_err() {
            return Err(DropReason::NoPath);
        }
        let folded = fold(&path);
        if there.contains(&folded) {
            return Err(DropReason::Exists);
        }
        if folders.contains(&folded)
            || above(&folded).any(|above| there.contains(above) || taken.contains(above))
        {
            return Err(DropReason::InTheWay);
        }
        if !taken.insert(folded.clone()) {
            return Err(DropReason::Taken);
        }
        folders.extend(above(&folded).map(str::to_owned));
        Ok(path)
    };
    proposal
        .units
        .iter()
        .map(|unit| {
            let mut seen = HashSet::new();
            let mut create = Vec::new();
            for written in unit.create.iter().filter(|path| seen.insert(path.as_str())) {
                match judge(written) {
                    Ok(path) => create.push(path),
                    Err(why) => repairs.push(Repair::Dropped {
                        of: unit.title.clone(),
                        path: written.clone(),
                        why,
                    }),
                }
            }
            create
        })
        .collect()
}

/// Returns the folders above a path, except the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}
