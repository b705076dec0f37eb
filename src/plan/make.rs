//! Puts a plan together from a request and a base, and reads one back against the repository it is for.
//!
//! Both ends in the same promise: every file of every unit is tracked at the base, and no path has two owners.

mod cut;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use cut::Ground;

use super::base_files::{BaseFiles, commits};
use super::claim::{Ownership, default_create_folders};
use super::file::{PlanFileError, check_files, parse};
use super::graph::LazyGraph;
use super::order::waves;
use super::owners::CodeOwners;
use super::scan::{File, measured, scan};
use super::select::{SelectError, Selection};
use super::title::name_units;
use super::{Claim, Plan, Research, Unit};
use crate::codemod::{Codemod, CodemodError, Probe, Sought};
use crate::config::{AgentOptions, Grouping, Order, UnitRange};
use crate::git::{Base, Entry, EntryKind, GitError, Repo};
use crate::words;

/// What the user asks for.
pub struct Request<'a> {
    pub instruction: &'a str,
    /// Globs, folders and files, as [`Selection`] reads them.
    pub globs: &'a [String],
    /// The folder in which the user stands, from the root of the repository.
    pub prefix: &'a str,
    pub base: &'a Base,
    /// Noted in the plan, not used for it.
    pub agent: AgentOptions,
    /// With one, the plan holds only files that it changes.
    pub codemod: Option<&'a Codemod>,
    /// What must be found nowhere when the change is done; files without it are no work.
    pub until: Option<Sought>,
    pub units: UnitRange,
    pub by: Option<Grouping>,
    pub order: Order,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the instruction is empty: say what is to be changed")]
    NoInstruction,
    #[error(transparent)]
    Select(#[from] SelectError),
    #[error("{0}")]
    NothingMatches(String),
    #[error(
        "{} but none can be worked on: {reasons}; choose other files",
        matches(*matched)
    )]
    AllLeftOut { matched: usize, reasons: String },
    /// `reasons` tells of those left out for something else.
    #[error(
        "{} but the codemod changes none{}; correct the codemod, or choose other files",
        matches(*matched),
        beside(reasons)
    )]
    NothingChanges { matched: usize, reasons: String },
    #[error(
        "{} but none holds what is to be gone{}: the change is done there, or --until looks for something else",
        matches(*matched),
        beside(reasons)
    )]
    NothingToDo { matched: usize, reasons: String },
    #[error(
        "units cannot be made by owner, because the base has no rules in {}: add some, or leave out --by owner",
        super::owners::PLACES.join(", ")
    )]
    NoOwners,
    #[error("the base {0} of this plan is not in this repository: fetch it, or plan again")]
    BaseGone(String),
    #[error("no file of the plan is left in the later base: plan again")]
    NothingLeft,
    #[error(transparent)]
    File(#[from] PlanFileError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Codemod(#[from] CodemodError),
    #[error("the plan that was made does not hold together, which is a fault of batch itself: {0}")]
    Unsound(String),
}

fn matches(files: usize) -> String {
    let verb = if files == 1 { "matches" } else { "match" };
    format!("{} {verb},", words::count(files, "file"))
}

fn beside(reasons: &str) -> String {
    if reasons.is_empty() {
        String::new()
    } else {
        format!(" (left out: {reasons})")
    }
}

/// Makes the plan of a request, and gives what was read for it. The same base and request always make the same plan.
pub fn make(repo: &Repo, request: &Request<'_>) -> Result<(Plan, BaseFiles), PlanError> {
    if request.instruction.trim().is_empty() {
        return Err(PlanError::NoInstruction);
    }
    let selection = Selection::parse(request.globs, request.prefix)?;
    let entries: Rc<[Entry]> = repo.entries(&request.base.id)?.into();
    let probe = request.until.as_ref().map(Probe::compile).transpose()?;
    let scan = scan(repo, &entries, &selection, request.codemod, probe.as_ref())?;
    let (matched, reasons) = (scan.matched(), scan.reasons());
    if matched == 0 {
        let near = selection.suggest(paths(&entries));
        return Err(PlanError::NothingMatches(
            near.unwrap_or_else(|| "no tracked file matches".to_owned()),
        ));
    }
    if scan.files.is_empty() {
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
        return Err(PlanError::NoOwners);
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
        commits: commits(repo, &request.base.id),
    };
    let mut units = units(&base.files, &base, request.units)?;
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
        left_out,
    };
    prove(&plan, &entries)?;
    Ok((plan, base))
}

/// Reads a plan, checks it against the repository and fills in the sizes.
pub fn load(repo: &Repo, text: &str) -> Result<Plan, PlanError> {
    let mut plan = parse(text)?;
    if !repo.has_commit(&plan.base)? {
        return Err(PlanError::BaseGone(plan.base));
    }
    let entries = repo.entries(&plan.base)?;
    let by_path: HashMap<&str, &Entry> = entries
        .iter()
        .filter_map(|entry| Some((str::from_utf8(&entry.path).ok()?, entry)))
        .collect();
    // Nothing tracked may be created anew, and of what is tracked only files can be worked on.
    check_files(text, |path| by_path.contains_key(path))?;
    let is_file = |path: &str| {
        by_path
            .get(path)
            .is_some_and(|entry| entry.kind == EntryKind::File)
    };
    check_files(text, is_file)?;
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

/// All paths that the base tracks, but for those that are not UTF-8.
pub fn tracked(repo: &Repo, base: &str) -> Result<BTreeSet<String>, PlanError> {
    let entries = repo.entries(base)?;
    Ok(paths(&entries).map(str::to_owned).collect())
}

pub(super) fn paths(entries: &[Entry]) -> impl Iterator<Item = &str> {
    entries
        .iter()
        .filter_map(|entry| str::from_utf8(&entry.path).ok())
}

/// Cuts these files into units, which may create files in their folders, and puts the units in order.
pub(super) fn units(
    files: &[File],
    base: &BaseFiles,
    range: UnitRange,
) -> Result<Vec<Unit>, GitError> {
    let all = files.iter().map(|file| file.path.as_str());
    let groups = base.owners.groups(all.clone());
    let cut = Ground {
        files,
        groups: &groups,
        graph: base.deciding_graph(all)?,
        packages: &base.packages,
        by: base.by,
    }
    .cut(range, &base.commits);
    let paths = |units: &[Vec<usize>]| -> Vec<Vec<&str>> {
        let path = |&file: &usize| files[file].path.as_str();
        units
            .iter()
            .map(|unit| unit.iter().map(path).collect())
            .collect()
    };
    let (own, shared) = (paths(&cut.units), paths(&cut.shared));
    let names = name_units(&own, &shared);
    let paths = [own, shared].concat();
    let create = default_create_folders(&paths);
    let mut units: Vec<Unit> = names
        .into_iter()
        .zip(&paths)
        .zip(cut.units.iter().chain(&cut.shared))
        .zip(create)
        .map(|((((id, title), paths), unit), create)| {
            let mut owned: Vec<String> = paths.iter().map(ToString::to_string).collect();
            owned.sort();
            Unit {
                id,
                title,
                description: None,
                agent: None,
                needs: Vec::new(),
                owners: base.owners.of_all(&owned),
                claim: Claim {
                    files: owned,
                    create,
                },
                size: unit.iter().map(|&file| files[file].size).sum(),
            }
        })
        .collect();
    if base.order == Order::Deps {
        base.graph()?.order(&mut units);
    }
    Ok(units)
}

/// The folders that hold a manifest: what is built, tested and reviewed as one.
pub(super) fn packages(entries: &[Entry]) -> BTreeSet<String> {
    const MANIFESTS: &[&str] = &[
        "BUILD.bazel",
        "CMakeLists.txt",
        "Cargo.toml",
        "Gemfile",
        "Package.swift",
        "build.gradle",
        "build.gradle.kts",
        "build.sbt",
        "composer.json",
        "go.mod",
        "mix.exs",
        "package.json",
        "pom.xml",
        "pubspec.yaml",
        "pyproject.toml",
        "setup.py",
    ];
    const ENDINGS: &[&str] = &[".cabal", ".csproj", ".fsproj", ".gemspec", ".vbproj"];
    paths(entries)
        .map(|path| path.rsplit_once('/').unwrap_or(("", path)))
        .filter(|(_, name)| {
            MANIFESTS.contains(name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
        })
        .map(|(folder, _)| folder.to_owned())
        .collect()
}

/// Holds the finished plan against the promises once more, with other code than made it.
fn prove(plan: &Plan, entries: &[Entry]) -> Result<(), PlanError> {
    Ownership::prove(&plan.units, paths(entries))
        .map_err(|error| PlanError::Unsound(error.to_string()))?;
    waves(&plan.units).map_err(|error| PlanError::Unsound(error.to_string()))?;
    Ok(())
}

#[cfg(test)]
mod tests;
