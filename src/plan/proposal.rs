//! A plan as somebody proposes it who has read the base: data that nothing is believed of.
//!
//! [`Proposal::find`] finds it in what an agent said; [`from_proposal`] makes of it, and of the plan that the files' own
//! ties make, one that holds together, and says what it had to mend. Pure: whom to ask, and what of, is the caller's affair.
//!
//! | proposed | becomes |
//! |---|---|
//! | a path that is not among the files in question, or is no path | is dropped |
//! | a file in several units | is in the one that it is tied to most |
//! | a file in none, and not left out | joins the unit that it is tied to most, or stays with those that it is with otherwise |
//! | too many units | the smallest joins the one that it is tied to most, and so on |
//! | too few, or a unit far too large | is cut in two, and so on |
//! | needs in a circle, or of what there is not | are dropped |

mod bounds;
mod crowd;
mod draft;
mod needs;
mod outline;
mod read;
mod repair;
mod settle;
mod told;

use serde::{Deserialize, Serialize};

pub use outline::{Cluster, Outline};
pub use repair::{Repair, Why};

use super::base_files::BaseFiles;
use super::claim::{Ownership, default_create_folders};
use super::edit::measure;
use super::order::waves;
use super::title::entitle;
use super::{Claim, LeftOut, Plan, Size, Unit};
use crate::config::{Order, UnitRange};
use crate::git::GitError;
use bounds::Bounds;
use draft::Draft;
use settle::{Files, settle};

/// What is asked for, as people and programs read it: <https://json-schema.org>.
pub const SCHEMA: &str = include_str!("../../docs/proposal.schema.json");

/// A plan as it is proposed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    pub units: Vec<ProposedUnit>,
    /// Files in which nothing is to be done.
    #[serde(default)]
    pub left_out: Vec<ProposedLeftOut>,
    /// The title of a unit that all others need.
    #[serde(default)]
    pub prerequisite: Option<String>,
    /// Files that matter most, and why; they need not be among those that are changed.
    #[serde(default)]
    pub key_files: Vec<KeyFile>,
    /// What everybody must heed, a sentence each.
    #[serde(default)]
    pub conventions: Vec<String>,
    /// How to show that the change works from end to end.
    #[serde(default)]
    pub recipe: Option<String>,
}

/// One proposed unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedUnit {
    pub title: String,
    /// Paths from the root; one closed by `/` stands for all files in question below that folder which nobody names more
    /// exactly.
    pub files: Vec<String>,
    /// What is to be done in it.
    #[serde(default)]
    pub description: Option<String>,
    /// The titles of units that must be finished before.
    #[serde(default)]
    pub needs: Vec<String>,
    /// New files that it is to create.
    #[serde(default)]
    pub create: Vec<String>,
}

/// Files in which nothing is to be done, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposedLeftOut {
    pub files: Vec<String>,
    pub reason: String,
}

/// A file worth knowing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    pub path: String,
    pub why: String,
}

/// Why a proposal cannot be made a plan. It is told to whoever made it, too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    #[error("there is no JSON object with \"units\" in the answer")]
    NoJson,
    #[error("the answer is longer than {} MB", .0 / 1_000_000)]
    TooLong(usize),
    #[error("the JSON cannot be read: {0}")]
    Syntax(String),
    #[error("the JSON does not fit the schema: {0}")]
    Shape(String),
    #[error("it has {0} units, and a plan has at most {most}", most = UnitRange::MOST)]
    TooMany(usize),
    #[error("it puts none of the files in question into any unit")]
    NoFiles,
    #[error("what the files import cannot be read: {0}")]
    Imports(String),
    #[error("the plan that comes of it does not hold together: {0}")]
    Unsound(String),
}

/// Makes a plan of a proposal for the files of `plan`, which is the one that their own ties make.
///
/// # Errors
/// When too little of the proposal can be used.
pub fn from_proposal(
    plan: &Plan,
    base: &BaseFiles,
    proposal: &Proposal,
    range: UnitRange,
) -> Result<(Plan, Vec<Repair>), ProposalError> {
    if proposal.units.len() > UnitRange::MOST {
        return Err(ProposalError::TooMany(proposal.units.len()));
    }
    let mut repairs = Vec::new();
    let unread = |error: GitError| ProposalError::Imports(error.to_string());
    let files = Files::of(plan, base).map_err(unread)?;
    let settled = settle(&files, proposal, base, &mut repairs)?;
    let bounds = Bounds::new(&files, base, range);
    let drafts = bounds.keep(settled.drafts, &mut repairs);
    let mut units = units(&files, &drafts, base);
    let imported = match base.order {
        Order::Deps => base.graph().map_err(unread)?.dependencies(&units),
        Order::None => Vec::new(),
    };
    needs::set(&mut units, &drafts, proposal, imported, &mut repairs);
    let mut planned = Plan {
        units,
        ..plan.clone()
    };
    for (reason, left_out) in settled.left_out {
        let left_out = left_out.into_iter().map(|file| files.path(file).to_owned());
        match planned.left_out.iter_mut().find(|it| it.reason == reason) {
            Some(known) => known.files.extend(left_out),
            None => planned.left_out.push(LeftOut {
                reason,
                files: left_out.collect(),
            }),
        }
    }
    told::tell(&mut planned, proposal, base, &mut repairs);
    Ownership::prove(&planned.units, base.tracked())
        .map_err(|error| ProposalError::Unsound(error.to_string()))?;
    waves(&planned.units).map_err(|error| ProposalError::Unsound(error.to_string()))?;
    Ok((planned, repairs))
}

/// The units that the drafts have become, without what they need of each other.
fn units(files: &Files<'_>, drafts: &[Draft], base: &BaseFiles) -> Vec<Unit> {
    let paths: Vec<Vec<&str>> = drafts
        .iter()
        .map(|draft| draft.files.iter().map(|&file| files.path(file)).collect())
        .collect();
    let create = default_create_folders(&paths);
    let names = entitle(&draft::titles(drafts, &paths));
    drafts
        .iter()
        .zip(paths)
        .zip(create)
        .zip(names)
        .map(|(((draft, paths), mut create), (id, title))| {
            create.extend(draft.create.iter().cloned());
            let mut unit = Unit {
                id,
                title,
                description: draft.description.clone(),
                agent: None,
                needs: Vec::new(),
                claim: Claim {
                    files: paths.into_iter().map(str::to_owned).collect(),
                    create,
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
