//! The units that a run adds to its plan, because only the run can know of what they are made: one that takes away what
//! no unit needs any more, and one that joins all finished work.
//!
//! Their places follow the places of the plan's units. A run that needs neither never shows them, so their ids have no
//! numbers.

use crate::plan::{Claim, Plan, Size, Unit, UnitId};

/// The kinds of units that a run adds, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateKind {
    /// It makes the removals that other units had to leave out, because work that was not theirs still needed what they
    /// took away.
    Removals,
    /// It starts from all finished work, may change everything, and has an instruction of its own.
    Integration,
    /// It does a part of a unit that was too much for its agent.
    Part,
}

/// A unit that a run may add.
#[derive(Debug, Clone)]
pub(crate) struct LateUnit {
    pub(crate) kind: LateKind,
    pub(crate) unit: Unit,
}

/// Returns the units that a run of the plan may add; `integrate` is the instruction of the integration, where the plan
/// itself has none.
pub(crate) fn late_units(plan: &Plan, integrate: Option<&str>) -> Vec<LateUnit> {
    let removals = LateUnit {
        kind: LateKind::Removals,
        unit: unit(plan, "removals", "Take away what is no longer used", None),
    };
    let asked =
        integrate.map(|instruction| unit(plan, "integration", "Join all parts", Some(instruction)));
    let integration = plan.integration.clone().or(asked);
    let integration = integration.map(|unit| LateUnit {
        kind: LateKind::Integration,
        unit,
    });
    std::iter::once(removals).chain(integration).collect()
}

fn unit(plan: &Plan, name: &str, title: &str, description: Option<&str>) -> Unit {
    let taken = |id: &UnitId| {
        let mut units = plan.units.iter().chain(&plan.integration);
        units.any(|unit| unit.id == *id)
    };
    let names = (0..).map(|more: usize| match more {
        0 => name.to_owned(),
        more => format!("{name}-{more}"),
    });
    let ids = names.filter_map(|name| UnitId::parse(&name).ok());
    let id = ids.take(plan.units.len() + 2).find(|id| !taken(id));
    Unit {
        // A plan of so many units cannot hold one name more than it has units.
        id: id.unwrap_or_else(|| plan.units[0].id.clone()),
        title: title.to_owned(),
        description: description.map(str::to_owned),
        agent: None,
        needs: Vec::new(),
        claim: Claim::default(),
        size: Size::default(),
        owners: Vec::new(),
    }
}
