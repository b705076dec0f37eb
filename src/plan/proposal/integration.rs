//! Takes out of a proposal the unit that is to start from the work of all others: the files of the change are divided
//! among the others.

use super::format::{Proposal, ProposedUnit};
use super::repair::Repair;
use crate::plan::model::{Claim, Size, Unit};
use crate::plan::title::name_titled_units;
use crate::words;

/// The title of a unit that has none.
const TITLE: &str = "Join all parts";

/// Returns the proposal without the first unit that integrates, and that unit. Others that claim to integrate are units
/// like any other.
pub(super) fn take(
    proposal: &Proposal,
    repairs: &mut Vec<Repair>,
) -> (Proposal, Option<ProposedUnit>) {
    let mut rest = proposal.clone();
    let place = rest.units.iter().position(|unit| unit.integrates);
    let last = place.map(|place| rest.units.remove(place));
    for unit in rest.units.iter_mut().filter(|unit| unit.integrates) {
        unit.integrates = false;
        repairs.push(Repair::SecondIntegration(unit.title.clone()));
    }
    (rest, last)
}

/// Makes the unit of a plan with these units.
pub(super) fn unit(proposed: &ProposedUnit, units: &[Unit]) -> Unit {
    let title = match words::line(&proposed.title) {
        none if none.is_empty() => TITLE.to_owned(),
        title => title,
    };
    let mut titles: Vec<String> = units.iter().map(|unit| unit.title.clone()).collect();
    titles.push(title.clone());
    let (id, title) = name_titled_units(&titles)
        .pop()
        .unwrap_or_else(|| (units[0].id.clone(), title));
    Unit {
        id,
        title,
        description: proposed.description.clone(),
        agent: None,
        needs: Vec::new(),
        claim: Claim::default(),
        size: Size::default(),
        owners: Vec::new(),
    }
}
