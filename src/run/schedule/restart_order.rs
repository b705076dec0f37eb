//! Decides behind which units a unit starts again that changed what they changed.

use crate::plan::UnitId;
use crate::run::log::outcome::Outcome;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::{Sharing, StandsOn};
use crate::run::log::unit_state::UnitState;

/// Puts a unit behind the units that wait for the same one already, where all of them take the next number of a
/// sequence: else each of them would take the same number again, and all but one would have worked in vain.
pub(crate) fn behind_others(state: &RunState, unit: &UnitId, mut other: StandsOn) -> StandsOn {
    if other.why == Sharing::SameNumber {
        for need in &mut other.units {
            while let Some(next) = waits_behind(state, need, unit) {
                *need = next;
            }
        }
        other.units.sort();
        other.units.dedup();
    }
    other
}

/// Returns the unit that takes the number after `unit`, where there is one that `late` may stand on.
fn waits_behind(state: &RunState, unit: &UnitId, late: &UnitId) -> Option<UnitId> {
    let waits = |it: &&UnitState| {
        it.sharing == Some(Sharing::SameNumber)
            && it.stands_on.contains(unit)
            && it.header.id != *late
            // Two units that stood on each other would wait for ever.
            && !state.stands_on(&it.header.id).contains(late)
            && it.outcome().is_none_or(Outcome::is_success)
    };
    state
        .units
        .iter()
        .find(waits)
        .map(|it| it.header.id.clone())
}
