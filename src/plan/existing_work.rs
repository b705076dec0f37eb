//! Plans work that exists already: the files are those that the work changes, and the planner cuts them into units as
//! it cuts the files of any change.
//!
//! The plan names the commit that holds the work in place of an agent.

use std::collections::BTreeMap;

use super::base_files::BaseFiles;
use super::claim::Ownership;
use super::error::PlanError;
use super::files_of_work::FilesOfWork;
use super::model::{LeftOut, Plan, Research};
use super::units::cut_into_units;
use crate::config::{AgentOptions, Grouping, Order, UnitRange};
use crate::git::{Base, CommitId, Content, EntryKind, GitError, Repo};

/// What the user wants to have cut into units.
pub(crate) struct SplitRequest<'a> {
    pub(crate) instruction: &'a str,
    pub(crate) base: &'a Base,
    /// The commit that holds the base with the work.
    pub(crate) work: &'a CommitId,
    /// The name by which the user knows the work.
    pub(crate) from: &'a str,
    pub(crate) units: UnitRange,
    pub(crate) by: Option<Grouping>,
    pub(crate) order: Order,
}

/// Makes the plan of work that exists already.
pub(crate) fn split(repo: &Repo, request: &SplitRequest<'_>) -> Result<Plan, PlanError> {
    if request.instruction.trim().is_empty() {
        return Err(PlanError::NoInstruction);
    }
    let (paths, left_out) = changed(repo, &request.base.id, request.work)?;
    if paths.is_empty() {
        let reasons: Vec<&str> = left_out.iter().map(|it| it.reason.as_str()).collect();
        return Err(PlanError::NothingToSplit(reasons.join(", ")));
    }
    let files = FilesOfWork {
        repo,
        base: &request.base.id,
        work: request.work,
    };
    let base = BaseFiles::of_work(&files, &paths, request.by, request.order)?;
    if request.by == Some(Grouping::Owner) && base.owners.rules() == 0 {
        return Err(PlanError::NoOwners);
    }
    let plan = Plan {
        instruction: request.instruction.to_owned(),
        base: request.base.id.clone(),
        base_name: request.base.name.clone(),
        globs: Vec::new(),
        agent: AgentOptions::of_existing(request.work.as_str(), request.from),
        agents: BTreeMap::new(),
        until: None,
        research: Research::default(),
        units: cut_into_units(&base.files, &base, request.units)?,
        integration: None,
        left_out,
    };
    Ownership::prove(&plan.units, base.tracked())
        .map_err(|error| PlanError::Unsound(error.to_string()))?;
    Ok(plan)
}

/// Returns the paths that the work changes and units can hold, and the others with the reason.
fn changed(
    repo: &Repo,
    base: &CommitId,
    work: &CommitId,
) -> Result<(Vec<String>, Vec<LeftOut>), GitError> {
    let (mut paths, mut odd, mut modules) = (Vec::new(), Vec::new(), Vec::new());
    let before = repo.entries(base)?;
    let was_module = |path: &[u8]| {
        let place = before.binary_search_by(|entry| (*entry.path).cmp(path));
        place.is_ok_and(|place| before[place].kind == EntryKind::Submodule)
    };
    for change in repo.changes(base, work)?.list {
        let shown = String::from_utf8_lossy(&change.path).into_owned();
        if change.content == Content::Submodule || was_module(&change.path) {
            modules.push(shown);
        } else if str::from_utf8(&change.path).is_ok() {
            paths.push(shown);
        } else {
            odd.push(shown);
        }
    }
    let reasons = [("submodule", modules), ("name is not UTF-8", odd)];
    let left_out = reasons.into_iter().filter(|(_, files)| !files.is_empty());
    let left_out = left_out.map(|(reason, files)| LeftOut {
        reason: reason.to_owned(),
        files,
    });
    paths.sort();
    Ok((paths, left_out.collect()))
}
