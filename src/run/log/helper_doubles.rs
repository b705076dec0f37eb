//! Helpers that several units wrote with the same body under different names.

use serde::{Deserialize, Serialize};

use crate::plan::UnitId;

/// One helper, at each of its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelperDouble {
    /// In the order of the plan.
    pub places: Vec<HelperPlace>,
}

/// Where a unit wrote the helper, and how it named it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HelperPlace {
    pub unit: UnitId,
    pub path: String,
    pub name: String,
}

impl HelperDouble {
    /// Checks whether the unit wrote the helper.
    pub(crate) fn is_in(&self, unit: &UnitId) -> bool {
        self.places.iter().any(|place| place.unit == *unit)
    }
}
