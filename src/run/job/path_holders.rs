//! Which unit holds which paths beyond its claim at a moment of a run, and which units stand on which.

use std::collections::BTreeSet;

use crate::plan::claim::HeldPaths;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_fact::Acquired;
use crate::run::log::unit_state::UnitState;

/// The paths that units hold beyond their claims, and the order of the units, by the units' places in the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct PathHolders {
    held: Vec<Vec<Acquired>>,
    stands_on: Vec<BTreeSet<usize>>,
}

impl PathHolders {
    /// Reads what is held from the state of the run.
    pub(crate) fn of(state: &RunState) -> Self {
        let held = |unit: &UnitState| unit.acquired().into_iter().cloned().collect();
        Self {
            held: state.units.iter().map(held).collect(),
            stands_on: (0..state.units.len())
                .map(|place| state.stands_on(place))
                .collect(),
        }
    }

    /// Returns what all units but the one at `unit` hold.
    pub(crate) fn but(&self, unit: usize) -> HeldPaths {
        let mut paths = HeldPaths::default();
        for (place, held) in self.held.iter().enumerate().filter(|(it, _)| *it != unit) {
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
