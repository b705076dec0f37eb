//! Which unit holds which paths beyond its claim at a moment of a run, and which units stand on which.

use std::collections::BTreeSet;

use crate::plan::UnitId;
use crate::plan::claim::HeldPaths;
use crate::run::job::late_units::LateKind;
use crate::run::job::run_spec::RunSpec;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::Acquired;

/// The paths that units hold beyond their claims, and the order of the units, by the units' places in the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct PathHolders {
    /// The ids of the units. A unit that was added since a pipeline started is only known here.
    ids: Vec<UnitId>,
    held: Vec<Vec<Acquired>>,
    stands_on: Vec<BTreeSet<usize>>,
}

impl PathHolders {
    /// Reads what is held from the state of the run.
    pub(crate) fn of(state: &RunState, spec: &RunSpec) -> Self {
        let places = spec.plan.units.len() + spec.late.len();
        let at = |place: usize| state.unit(&spec.unit(place).id);
        let held = |place: usize| match at(place) {
            Some(unit) => unit.acquired().into_iter().cloned().collect(),
            None => Vec::new(),
        };
        let below = |place: usize| match spec.late_kind(place) {
            // It may change everything.
            Some(LateKind::Integration) => (0..places).filter(|other| *other != place).collect(),
            _ => state
                .stands_on(&spec.unit(place).id)
                .iter()
                .filter_map(|id| spec.number(id))
                .collect(),
        };
        Self {
            ids: (0..places)
                .map(|place| spec.unit(place).id.clone())
                .collect(),
            held: (0..places).map(held).collect(),
            stands_on: (0..places).map(below).collect(),
        }
    }

    /// Returns the id of the unit at `place`.
    pub(crate) fn id(&self, place: usize) -> Option<&UnitId> {
        self.ids.get(place)
    }

    /// Returns what all units hold but the one at `unit` and those that stand on it, whose work comes after its own.
    pub(crate) fn but(&self, unit: usize) -> HeldPaths {
        let mut paths = HeldPaths::default();
        let counts = |place: usize| place != unit && !self.stands_on[place].contains(&unit);
        let others = self.held.iter().enumerate();
        for (place, held) in others.filter(|(place, _)| counts(*place)) {
            for acquired in held {
                for path in &acquired.created {
                    paths.hold_created(place, path);
                }
                for path in &acquired.companions {
                    paths.hold_companion(place, path);
                }
            }
        }
        paths
    }

    /// Returns the places of all units whose work the unit begins with.
    pub(crate) fn below(&self, unit: usize) -> BTreeSet<usize> {
        self.stands_on.get(unit).cloned().unwrap_or_default()
    }
}
