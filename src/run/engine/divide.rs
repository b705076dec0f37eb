//! Makes the units that take over the rest of a unit that was too much for its agent.

use crate::plan::UnitId;
use crate::run::job::run_spec::RunSpec;
use crate::run::job::too_much::TooMuch;
use crate::run::log::division::part_of;
use crate::run::log::run_fact::{Division, UnitHeader, UnitPart};
use crate::run::log::run_state::RunState;
use crate::words;

/// A name that another is made of is cut here, so that the new name is no longer than a unit's name may be.
const LONGEST: usize = 56;

/// Describes the division of a unit; its parts get the first names after its own that are free.
pub(crate) fn division(
    state: &RunState,
    spec: &RunSpec,
    unit: &UnitId,
    too_much: TooMuch,
) -> Option<Division> {
    let whole = &state.unit(unit)?.header;
    let is_free = |id: &UnitId| state.unit(id).is_none() && spec.number(id).is_none();
    let base = &unit.as_str()[..unit.as_str().len().min(LONGEST)];
    let base = base.trim_end_matches(['-', '.']);
    // A run has fewer units than this.
    let numbers = 2..u32::MAX;
    let mut free = numbers
        .map(|number| (number, UnitId::parse(&format!("{base}-{number}"))))
        .filter_map(|(number, id)| Some((number, id.ok().filter(is_free)?)));
    let stands_on = &state.unit(unit)?.stands_on;
    let needs: Vec<UnitId> = whole
        .needs
        .iter()
        .filter(|need| !stands_on.contains(need))
        .cloned()
        .collect();
    let mut parts = Vec::new();
    for files in too_much.rest {
        let (number, id) = free.next()?;
        let count = words::count(files.len(), "file");
        parts.push(UnitPart {
            header: UnitHeader {
                id,
                title: format!("{}: part {number}, {count}", whole.title),
                needs: needs.clone(),
                files: files.len(),
                lines: part_of(whole.lines, files.len(), whole.files),
                owners: whole.owners.clone(),
                agent: whole.agent.clone(),
                candidates: Vec::new(),
                work: Vec::new(),
            },
            claims: files,
        });
    }
    Some(Division {
        unit: unit.clone(),
        reason: too_much.reason,
        keeps: too_much.keeps,
        took_ms: too_much.took_ms,
        parts,
    })
}
