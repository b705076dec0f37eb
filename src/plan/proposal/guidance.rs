//! Passes a proposal's findings on to the other agents: makes them safe, shortens them, and puts them where agents read
//! them.

use super::format::Proposal;
use super::paths::normalized;
use super::repair::{DropReason, Repair};
use super::text::shortened;
use crate::plan::base_files::BaseFiles;
use crate::plan::model::Plan;
use crate::words;

/// Limits in letters, and in sentences for the number of conventions.
const DESCRIPTION: usize = 2_000;
const CONVENTION: usize = 400;
const CONVENTIONS: usize = 30;
const RECIPE: usize = 4_000;

/// Adds conventions, recipe, descriptions and notes on single files to the plan.
pub(super) fn add_guidance(
    plan: &mut Plan,
    proposal: &Proposal,
    base: &BaseFiles,
    repairs: &mut Vec<Repair>,
) {
    let mut conventions: Vec<String> = proposal
        .conventions
        .iter()
        .map(|text| words::line(text))
        .collect();
    for key in &proposal.key_files {
        let why = words::line(&key.why);
        let path = match normalized(&key.path) {
            Ok(path) if base.tracks(&path) => path,
            Ok(_) => {
                repairs.push(dropped(&key.path, DropReason::NotThere));
                continue;
            }
            Err(why) => {
                repairs.push(dropped(&key.path, why));
                continue;
            }
        };
        let shown = words::line(&path);
        let unit = plan
            .units
            .iter_mut()
            .find(|unit| unit.claim.files.binary_search(&path).is_ok());
        match unit {
            Some(unit) => {
                let text = unit.description.take().unwrap_or_default();
                unit.description = Some(format!("{text}\n{shown}: {why}"));
            }
            None => conventions.push(format!("{shown}: {why}")),
        }
    }
    conventions.retain(|text| !text.is_empty());
    if conventions.len() > CONVENTIONS {
        repairs.push(Repair::TooManyConventions {
            kept: CONVENTIONS,
            of: conventions.len(),
        });
        conventions.truncate(CONVENTIONS);
    }
    let mut limited = |what: &str, text: &str, most: usize| {
        let short = shortened(text, most);
        if short != text {
            repairs.push(Repair::Shortened(what.to_owned()));
        }
        Some(short).filter(|short| !short.is_empty())
    };
    for unit in plan.units.iter_mut().chain(&mut plan.integration) {
        let what = format!("the description of {}", unit.id);
        let text = words::block(unit.description.as_deref().unwrap_or_default());
        unit.description = limited(&what, &text, DESCRIPTION);
    }
    plan.research.conventions = conventions
        .into_iter()
        .filter_map(|text| limited("a convention", &text, CONVENTION))
        .collect();
    let recipe = words::block(proposal.recipe.as_deref().unwrap_or_default());
    plan.research.recipe = limited("the recipe", &recipe, RECIPE);
}

fn dropped(path: &str, why: DropReason) -> Repair {
    Repair::Dropped {
        of: "files worth knowing".to_owned(),
        path: path.to_owned(),
        why,
    }
}
