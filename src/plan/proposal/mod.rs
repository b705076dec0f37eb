//! Makes a plan from a proposal by an agent that has read the base. Nothing in a proposal is trusted.
//!
//! [`Proposal::find`] finds the proposal in an agent's answer. [`from_proposal`] makes a valid plan from it and from
//! the plan without the proposal, and reports every repair. Pure: the caller decides which agent to ask, and for what.
//!
//! | proposed | result |
//! |---|---|
//! | a path that is invalid, or not among the files in question | the path is dropped |
//! | a file in several units | the file goes to the unit with the strongest tie |
//! | a file in no unit, and not left out | the file joins its strongest tie, or stays with its neighbours |
//! | too many units | the smallest unit joins the one with the strongest tie, and so on |
//! | too few units, or a unit far too large | the largest unit is split in two, and so on |
//! | several units that integrate | the first one does, and the others are ordinary units |
//! | needs in a circle, or unknown needs | the needs are dropped |

mod assignment;
mod creation;
mod draft;
mod error;
mod file_facts;
mod files;
mod format;
mod guidance;
mod integration;
mod limits;
mod merge;
mod needs;
mod outline;
mod paths;
mod read;
mod repair;
mod text;

pub(crate) use format::{Proposal, SCHEMA};
#[cfg(test)]
pub(crate) use outline::Cluster;
pub(crate) use outline::Outline;
pub(crate) use repair::Repair;

use super::base_files::BaseFiles;
use super::claim::Ownership;
use super::edit::measure;
use super::model::{Claim, LeftOut, Plan, Size, Unit};
use super::order::waves;
use super::title::name_titled_units;
use crate::config::{Order, UnitRange};
use crate::git::GitError;
use assignment::assign;
use draft::Draft;
use error::ProposalError;
use file_facts::FileFacts;
use files::PlannedFiles;
use limits::Limits;

/// Makes a plan of a proposal for the files of `plan`, which is the plan without the proposal.
///
/// # Errors
/// When too little of the proposal can be used.
pub(crate) fn from_proposal(
    plan: &Plan,
    base: &BaseFiles,
    proposal: &Proposal,
    range: UnitRange,
) -> Result<(Plan, Vec<Repair>), ProposalError> {
    if proposal.units.len() > UnitRange::MAX {
        return Err(ProposalError::TooMany(proposal.units.len()));
    }
    let mut repairs = Vec::new();
    let (proposal, last) = &integration::take(proposal, &mut repairs);
    let unreadable = |error: GitError| ProposalError::Imports(error.to_string());
    let files = PlannedFiles::of(plan, base).map_err(unreadable)?;
    let assigned = assign(&files, proposal, base, &mut repairs)?;
    let drafts = creation::drafts(&files, &assigned, proposal, base, &mut repairs);
    let facts = FileFacts::new(&files, base);
    let drafts = Limits::new(&facts, base, range).apply(drafts, &mut repairs);
    let mut units = units(&files, &drafts, base);
    let imported = match base.order {
        Order::Deps => base.graph().map_err(unreadable)?.dependencies(&units),
        Order::None => Vec::new(),
    };
    needs::set(&mut units, &drafts, proposal, imported, &mut repairs);
    let last = last.as_ref().filter(|_| units.len() > 1);
    let mut planned = Plan {
        integration: last.map(|last| integration::unit(last, &units)),
        units,
        ..plan.clone()
    };
    for (reason, left_out) in assigned.left_out {
        let left_out = left_out.into_iter().map(|file| files.path(file).to_owned());
        match planned.left_out.iter_mut().find(|it| it.reason == reason) {
            Some(known) => known.files.extend(left_out),
            None => planned.left_out.push(LeftOut {
                reason,
                files: left_out.collect(),
            }),
        }
    }
    guidance::add_guidance(&mut planned, proposal, base, &mut repairs);
    Ownership::prove(&planned.units, base.tracked())
        .map_err(|error| ProposalError::Unsound(error.to_string()))?;
    waves(&planned.units).map_err(|error| ProposalError::Unsound(error.to_string()))?;
    Ok((planned, repairs))
}

/// Makes units of the drafts, without needs.
fn units(files: &PlannedFiles<'_>, drafts: &[Draft], base: &BaseFiles) -> Vec<Unit> {
    let paths: Vec<Vec<&str>> = drafts
        .iter()
        .map(|draft| draft.files.iter().map(|&file| files.path(file)).collect())
        .collect();
    let names = name_titled_units(&draft::titles(drafts, &paths));
    drafts
        .iter()
        .zip(paths)
        .zip(names)
        .map(|((draft, paths), (id, title))| {
            let mut unit = Unit {
                id,
                title,
                description: draft.description.clone(),
                agent: None,
                needs: Vec::new(),
                claim: Claim {
                    files: paths.into_iter().map(str::to_owned).collect(),
                    create: draft.create.clone(),
                },
                size: Size::default(),
                owners: Vec::new(),
            };
            measure(&mut unit, base);
            unit
        })
        .collect()
}

#[cfg(test)]
mod tests;
