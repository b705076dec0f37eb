//! Orders units by `needs`: which units must be finished before which, and whether that is possible at all.
//!
//! This file knows only ids and `needs`, and nothing of claims or scheduling.

use std::collections::{HashMap, HashSet};

use super::model::Unit;
use super::unit_id::UnitId;

/// Why the units of a plan cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("two units have the id '{0}': give one of them another")]
    Duplicate(UnitId),
    #[error("unit '{unit}' needs '{need}', but no unit has this id")]
    Unknown { unit: UnitId, need: UnitId },
    #[error("unit '{0}' needs itself: remove it from its 'needs'")]
    Itself(UnitId),
    #[error(
        "units need each other in a circle: {}; remove one of these needs",
        .0.iter().map(UnitId::as_str).collect::<Vec<_>>().join(" → ")
    )]
    Cycle(Vec<UnitId>),
}

/// Sorts the units into waves. Each unit needs only units of earlier waves; inside a wave, units keep the plan's order.
pub(crate) fn waves(units: &[Unit]) -> Result<Vec<Vec<usize>>, OrderError> {
    let needs = needs(units)?;
    let mut done = vec![false; units.len()];
    let mut waves = Vec::new();
    loop {
        let wave: Vec<usize> = (0..units.len())
            .filter(|&unit| !done[unit] && needs[unit].iter().all(|&need| done[need]))
            .collect();
        if wave.is_empty() {
            break;
        }
        for &unit in &wave {
            done[unit] = true;
        }
        waves.push(wave);
    }
    match done.iter().position(|done| !done) {
        None => Ok(waves),
        Some(stuck) => Err(OrderError::Cycle(cycle(units, &needs, &done, stuck))),
    }
}

/// Returns the `needs` of each unit as places in the plan.
pub(super) fn needs(units: &[Unit]) -> Result<Vec<Vec<usize>>, OrderError> {
    let mut places = HashMap::new();
    for (place, unit) in units.iter().enumerate() {
        if places.insert(&unit.id, place).is_some() {
            return Err(OrderError::Duplicate(unit.id.clone()));
        }
    }
    let place_of = |unit: &Unit, need: &UnitId| match places.get(need) {
        _ if *need == unit.id => Err(OrderError::Itself(unit.id.clone())),
        Some(&place) => Ok(place),
        None => Err(OrderError::Unknown {
            unit: unit.id.clone(),
            need: need.clone(),
        }),
    };
    units
        .iter()
        .map(|unit| {
            unit.needs
                .iter()
                .map(|need| place_of(unit, need))
                .collect::<Result<_, _>>()
        })
        .collect()
}

/// Follows unfinished needs from a stuck unit until a unit repeats. Every stuck unit has such a need.
fn cycle(units: &[Unit], needs: &[Vec<usize>], done: &[bool], stuck: usize) -> Vec<UnitId> {
    let mut path = vec![stuck];
    let mut seen = HashSet::from([stuck]);
    let mut at = stuck;
    while let Some(&next) = needs[at].iter().find(|&&need| !done[need]) {
        path.push(next);
        if !seen.insert(next) {
            break;
        }
        at = next;
    }
    let last = path[path.len() - 1];
    let start = path.iter().position(|&unit| unit == last).unwrap_or(0);
    path[start..]
        .iter()
        .map(|&unit| units[unit].id.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::model::{Claim, Size};

    fn units(needs: &[(&str, &[&str])]) -> Vec<Unit> {
        needs
            .iter()
            .map(|(id, needs)| Unit {
                id: UnitId::parse(id).unwrap(),
                title: String::new(),
                description: None,
                agent: None,
                needs: needs.iter().map(|id| UnitId::parse(id).unwrap()).collect(),
                claim: Claim::default(),
                size: Size::default(),
                owners: Vec::new(),
            })
            .collect()
    }

    #[test]
    fn a_unit_is_in_the_first_wave_after_its_needs() {
        let plan = units(&[("a", &["d"]), ("b", &[]), ("c", &["a", "b"]), ("d", &[])]);
        assert_eq!(waves(&plan), Ok(vec![vec![1, 3], vec![0], vec![2]]));
        assert_eq!(waves(&[]), Ok(vec![]));
    }

    #[test]
    fn a_circle_is_reported_without_the_path_to_it() {
        let plan = units(&[("x", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
        insta::assert_snapshot!(
            waves(&plan).unwrap_err(),
            @"units need each other in a circle: a → b → c → a; remove one of these needs"
        );
    }

    #[test]
    fn needs_name_other_units_of_the_plan() {
        let id = |text| UnitId::parse(text).unwrap();
        assert_eq!(
            waves(&units(&[("a", &["a"])])),
            Err(OrderError::Itself(id("a")))
        );
        assert_eq!(
            waves(&units(&[("a", &["z"])])),
            Err(OrderError::Unknown {
                unit: id("a"),
                need: id("z")
            })
        );
        assert_eq!(
            waves(&units(&[("a", &[]), ("a", &[])])),
            Err(OrderError::Duplicate(id("a")))
        );
    }
}
