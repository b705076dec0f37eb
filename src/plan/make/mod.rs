//! Makes a plan from a request and a base, and reads a plan back against its repository.
//!
//! Both ways end in the same promise: every file of every unit is tracked at the base, and no path has two owners.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::base_files::{BaseFiles, commits};
use super::claim::Ownership;
use super::code_owners::CodeOwners;
use super::error::PlanError;
use super::file::{AtBase, check_files, parse};
use super::files_of_work::FilesOfWork;
use super::graph::LazyGraph;
use super::model::{Plan, Research};
use super::order::waves;
use super::packages::packages;
use super::scan::{measured, scan};
use super::select::Selection;
use super::suggest::nearest_path;
use super::together::Together;
use super::tracked::utf8_paths;
use super::units::cut_into_units;
use crate::codemod::{Codemod, OldUseCounter, OldUsePattern};
use crate::config::{AgentOptions, Grouping, Order, UnitRange};
use crate::git::{Base, Entry, EntryKind, Repo};

/// The user's request for a plan.
pub(crate) struct Request<'a> {
    pub(crate) instruction: &'a str,
    /// Globs, folders and files, as [`Selection`] reads them.
    pub(crate) globs: &'a [String],
    /// The folder in which the user stands, from the root of the repository.
    pub(crate) prefix: &'a str,
    pub(crate) base: &'a Base,
    /// Recorded in the plan; planning does not use it.
    pub(crate) agent: AgentOptions,
    /// With a codemod, the plan holds only files that it changes.
    pub(crate) codemod: Option<&'a Codemod>,
    /// The pattern that nothing matches when the change is done. Files without a match are left out.
    pub(crate) until: Option<OldUsePattern>,
    pub(crate) units: UnitRange,
    pub(crate) by: Option<Grouping>,
    pub(crate) order: Order,
}

/// Makes the plan for a request, and returns what was read of the base. The same base and request always make the same
/// plan.
pub(crate) fn make(repo: &Repo, request: &Request<'_>) -> Result<(Plan, BaseFiles), PlanError> {
    if request.instruction.trim().is_empty() {
        return Err(PlanError::NoInstruction);
    }
    let selection = Selection::parse(request.globs, request.prefix)?;
    let entries: Rc<[Entry]> = repo.entries(&request.base.id)?.into();
    let old_uses = request
        .until
        .as_ref()
        .map(OldUseCounter::compile)
        .transpose()?;
    let scan = scan(
        repo,
        &entries,
        &selection,
        request.codemod,
        old_uses.as_ref(),
    )?;
    let (matched, reasons) = (scan.matched(), scan.reasons());
    if matched == 0 {
        let near = selection.suggest(utf8_paths(&entries));
        return Err(PlanError::NothingMatches(
            near.unwrap_or_else(|| "no tracked file matches".to_owned()),
        ));
    }
    if scan.files.is_empty() {
        let odd = scan.in_other_language().zip(request.codemod);
        if let Some(fault) = odd.and_then(|(path, codemod)| codemod.fault_in(path)) {
            return Err(fault.into());
        }
        return Err(if scan.unchanged() == 0 && scan.done() > 0 {
            PlanError::NothingToDo { matched, reasons }
        } else if scan.unchanged() > 0 {
            PlanError::NothingChanges { matched, reasons }
        } else {
            PlanError::AllLeftOut { matched, reasons }
        });
    }
    let owners = CodeOwners::of_tree(repo, &entries)?;
    if request.by == Some(Grouping::Owner) && owners.rules() == 0 {
        return Err(if owners.is_too_large() {
            PlanError::OwnersTooLarge(owners.path().to_owned())
        } else {
            PlanError::NoOwners
        });
    }
    let (files, left_out) = scan.into_parts();
    let base = BaseFiles {
        files,
        owners,
        graph: LazyGraph::new(repo, &request.base.id, &entries),
        packages: packages(&entries),
        entries: Rc::clone(&entries),
        by: request.by,
        order: request.order,
        together: Together::default(),
        commits: commits(repo, &request.base.id),
    };
    let mut units = cut_into_units(&base.files, &base, request.units)?;
    if request.codemod.is_some() {
        for unit in &mut units {
            unit.claim.create.clear();
        }
    }
    let plan = Plan {
        instruction: request.instruction.to_owned(),
        base: request.base.id.clone(),
        base_name: request.base.name.clone(),
        globs: selection.patterns().to_vec(),
        agent: request.agent.clone(),
        agents: BTreeMap::new(),
        until: request.until.clone(),
        research: Research::default(),
        units,
        integration: None,
        left_out,
    };
    prove(&plan, &entries)?;
    Ok((plan, base))
}

/// Reads a plan, checks it against the repository and fills in the sizes.
pub(crate) fn load(repo: &Repo, text: &str) -> Result<Plan, PlanError> {
    let mut plan = parse(text)?;
    if !repo.has_commit(&plan.base)? {
        return Err(PlanError::BaseGone(plan.base));
    }
    let work = plan.existing_work();
    let of_work = FilesOfWork::of(repo, &plan.base, work.as_ref())?;
    let entries = match &of_work {
        Some(files) => files.entries()?,
        None => repo.entries(&plan.base)?,
    };
    let by_path: HashMap<&str, &Entry> = entries
        .iter()
        .filter_map(|entry| Some((str::from_utf8(&entry.path).ok()?, entry)))
        .collect();
    check_files(text, |path| match at_base(path, &entries, &by_path) {
        // Nobody follows a symlink that exists already.
        AtBase::Symlink if of_work.is_some() => AtBase::File,
        found => found,
    })?;
    for unit in &mut plan.units {
        let files: Vec<(&str, &Entry)> = unit
            .claim
            .files
            .iter()
            .filter_map(|path| by_path.get_key_value(path.as_str()))
            .map(|(path, entry)| (*path, *entry))
            .collect();
        unit.size = measured(repo, &files)?.iter().map(|file| file.size).sum();
    }
    Ok(plan)
}

fn at_base(path: &str, entries: &[Entry], by_path: &HashMap<&str, &Entry>) -> AtBase {
    if let Some(entry) = by_path.get(path) {
        return match entry.kind {
            EntryKind::File => AtBase::File,
            EntryKind::Symlink => AtBase::Symlink,
            EntryKind::Submodule => AtBase::Submodule,
        };
    }
    let above = path.match_indices('/').map(|(end, _)| &path[..end]);
    let module = above
        .filter_map(|folder| by_path.get_key_value(folder))
        .find(|(_, entry)| entry.kind == EntryKind::Submodule);
    if let Some((module, _)) = module {
        return AtBase::InSubmodule((*module).to_owned());
    }
    let below = format!("{}/", path.trim_end_matches('/'));
    let first = entries.partition_point(|entry| *entry.path < *below.as_bytes());
    if entries
        .get(first)
        .is_some_and(|entry| entry.path.starts_with(below.as_bytes()))
    {
        return AtBase::Folder;
    }
    let files = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::File)
        .filter_map(|entry| str::from_utf8(&entry.path).ok());
    AtBase::Nothing(nearest_path(path, files).map(str::to_owned))
}

/// Checks the finished plan against the promises once more, with other code than made it.
fn prove(plan: &Plan, entries: &[Entry]) -> Result<(), PlanError> {
    Ownership::prove(&plan.units, utf8_paths(entries))
        .map_err(|error| PlanError::Unsound(error.to_string()))?;
    waves(&plan.units).map_err(|error| PlanError::Unsound(error.to_string()))?;
    Ok(())
}

#[cfg(test)]
mod tests;
