//! Decides whether an earlier run of the same plan is unfinished: it could be resumed instead of paid for again.

use crate::journal::Journal;
use crate::plan::{self, Plan};
use crate::run::engine::known_run::KnownRunError;
use crate::run::engine::liveness::Liveness;
use crate::run::log::record::load;
use crate::run::log::run_id::RunId;
use crate::run::log::run_state::RunState;
use crate::run::workspace::places::Places;

/// Finds the latest run of the same plan that was killed or stopped.
pub fn unfinished(places: &Places, plan: &Plan) -> Result<Option<RunState>, KnownRunError> {
    let Some(journal) = Journal::read(&places.journal())? else {
        return Ok(None);
    };
    for id in journal.runs()? {
        let id = RunId::from_journal(&id);
        let Ok(text) = std::fs::read_to_string(places.plan(&id)) else {
            continue;
        };
        if !plan::file::parse(&text).is_ok_and(|other| is_same(&other, plan)) {
            continue;
        }
        // A run whose start is lost must not hide the others.
        let Ok(state) = load(&journal, &id) else {
            continue;
        };
        if unsettled(&state) > 0 && Liveness::of(places, &state)? != Liveness::Going {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

/// Counts the units of the run that have not ended by themselves.
#[must_use]
pub fn unsettled(state: &RunState) -> usize {
    state.units.iter().filter(|unit| !unit.is_settled()).count()
}

/// Checks whether both plans ask for the same change of the same files.
fn is_same(one: &Plan, other: &Plan) -> bool {
    let claims =
        |plan: &Plan| -> Vec<_> { plan.units.iter().map(|unit| unit.claim.clone()).collect() };
    one.base == other.base && one.instruction == other.instruction && claims(one) == claims(other)
}
