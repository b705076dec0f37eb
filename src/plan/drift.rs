//! Compares a plan with a later base: which of its files were changed, renamed or deleted there, and which files are
//! new.
//!
//! [`Drift::between`] finds the differences. [`Drift::adapt`] makes the plan fit the later base and says what it did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::base_files::BaseFiles;
use super::claim::Ownership;
use super::edit::measure;
use super::error::PlanError;
use super::model::{LeftOut, Plan, Unit};
use super::order::waves;
use super::scan::scan;
use super::select::Selection;
use super::unit_id::UnitId;
use crate::codemod::{Codemod, OldUseCounter};
use crate::config::{AgentSpec, Order};
use crate::git::{Base, EntryKind, FileChange, Repo};
use crate::words;

/// Why a new file may be in no unit.
const LATER: &str = "new since the plan was made, in a folder of no unit";

/// The changes of the plan's files in the repository since the plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Drift {
    /// How many commits the later base has that the plan's base lacks, and the reverse.
    pub(crate) ahead: usize,
    pub(crate) behind: usize,
    pub(crate) changed: Vec<Claimed>,
    pub(crate) renamed: Vec<Renamed>,
    /// Paths that are gone, or are no longer files.
    pub(crate) deleted: Vec<Claimed>,
    /// Paths that a unit was to create, and that exist now.
    pub(crate) created: Vec<Claimed>,
    /// Files that match the plan's globs and are in no unit.
    pub(crate) new: Vec<String>,
}

/// A file with the unit that claims it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Claimed {
    pub(crate) unit: UnitId,
    pub(crate) path: String,
}

/// A file that was renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Renamed {
    pub(crate) unit: UnitId,
    pub(crate) from: String,
    pub(crate) to: String,
}

impl Drift {
    /// Finds what happened to the plan's files between its base and a later one.
    pub(crate) fn between(repo: &Repo, plan: &Plan, later: &Base) -> Result<Self, PlanError> {
        if plan.existing_work().is_some() {
            return Err(PlanError::ExistingWork);
        }
        let (ahead, behind) = repo.ahead_behind(&later.id, &plan.base)?;
        let mut drift = Self {
            ahead,
            behind,
            ..Self::default()
        };
        if later.id == plan.base {
            return Ok(drift);
        }
        let entries = repo.entries(&later.id)?;
        let is_file: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
            .filter_map(|entry| str::from_utf8(&entry.path).ok())
            .collect();
        let mut owner: HashMap<&str, &UnitId> = HashMap::new();
        for unit in &plan.units {
            owner.extend(
                unit.claim
                    .files
                    .iter()
                    .map(|file| (file.as_str(), &unit.id)),
            );
            for path in unit.claim.create.iter().filter(|path| !path.ends_with('/')) {
                if is_file.contains(path.as_str()) {
                    drift.created.push(claimed(&unit.id, path));
                }
            }
        }
        let left_out: BTreeSet<&str> = plan
            .left_out
            .iter()
            .flat_map(|it| it.files.iter().map(String::as_str))
            .collect();
        let mut fresh: BTreeSet<String> = BTreeSet::new();
        for since in repo.file_changes(&plan.base, &later.id)? {
            match since {
                FileChange::Added(path) => {
                    fresh.insert(path);
                }
                FileChange::Changed(path) => match owner.get(path.as_str()) {
                    Some(unit) if is_file.contains(path.as_str()) => {
                        drift.changed.push(claimed(unit, &path));
                    }
                    Some(unit) => drift.deleted.push(claimed(unit, &path)),
                    // The change may have brought work into the file.
                    None if left_out.contains(path.as_str()) => {
                        fresh.insert(path);
                    }
                    None => {}
                },
                FileChange::Deleted(path) => {
                    let unit = owner.get(path.as_str());
                    drift.deleted.extend(unit.map(|unit| claimed(unit, &path)));
                }
                FileChange::Renamed { from, to, changed } => match owner.get(from.as_str()) {
                    Some(unit) if is_file.contains(to.as_str()) => {
                        if changed {
                            drift.changed.push(claimed(unit, &to));
                        }
                        drift.renamed.push(Renamed {
                            unit: (*unit).clone(),
                            from,
                            to,
                        });
                    }
                    Some(unit) => drift.deleted.push(claimed(unit, &from)),
                    // A file that was left out under its old name stays left out under the new one.
                    None if left_out.contains(from.as_str()) && !changed => {}
                    None => {
                        fresh.insert(to);
                    }
                },
            }
        }
        for created in &drift.created {
            fresh.remove(&created.path);
        }
        if !fresh.is_empty() && !plan.globs.is_empty() {
            drift.new = files_with_work(repo, plan, later)?;
            drift.new.retain(|path| fresh.contains(path));
        }
        Ok(drift)
    }

    /// Checks whether the plan still fits: no claimed file changed, and no matching file is new.
    #[must_use]
    pub(crate) fn holds(&self) -> bool {
        let Self {
            changed,
            renamed,
            deleted,
            created,
            new,
            ..
        } = self;
        changed.is_empty()
            && renamed.is_empty()
            && deleted.is_empty()
            && created.is_empty()
            && new.is_empty()
    }

    /// Returns the plan for the later base, and a line for each change that was made to it.
    pub(crate) fn adapt(
        &self,
        repo: &Repo,
        plan: &Plan,
        later: &Base,
    ) -> Result<(Plan, Vec<String>), PlanError> {
        let mut plan = plan.clone();
        let mut notes = Vec::new();
        plan.base.clone_from(&later.id);
        plan.base_name.clone_from(&later.name);
        let mut touched: BTreeSet<UnitId> = self.changed.iter().map(|it| it.unit.clone()).collect();
        for Renamed { unit, from, to } in &self.renamed {
            let files = plan.units.iter_mut().filter(|it| it.id == *unit);
            for file in files.flat_map(|unit| &mut unit.claim.files) {
                if file == from {
                    file.clone_from(to);
                }
            }
            notes.push(format!("{unit}: {from} is now {to}"));
            touched.insert(unit.clone());
        }
        for Claimed { unit, path } in &self.deleted {
            for it in plan.units.iter_mut().filter(|it| it.id == *unit) {
                it.claim.files.retain(|file| file != path);
            }
            notes.push(format!("{unit}: {path} is gone"));
            touched.insert(unit.clone());
        }
        for Claimed { unit, path } in &self.created {
            for it in plan.units.iter_mut().filter(|it| it.id == *unit) {
                it.claim.create.retain(|entry| entry != path);
                it.claim.files.push(path.clone());
            }
            notes.push(format!(
                "{unit}: {path} exists already, so the unit claims it now"
            ));
            touched.insert(unit.clone());
        }
        for path in &self.new {
            for left_out in &mut plan.left_out {
                left_out.files.retain(|file| file != path);
            }
            if let Some(place) = unit_for(&plan, path) {
                let unit = &mut plan.units[place];
                unit.claim.files.push(path.clone());
                notes.push(format!(
                    "{}: {path} is new, in a folder of this unit",
                    unit.id
                ));
                touched.insert(unit.id.clone());
            } else {
                leave_out(&mut plan, path);
                notes.push(format!("left out: {path} is new, in a folder of no unit"));
            }
        }
        plan.left_out.retain(|it| !it.files.is_empty());
        remove_emptied(&mut plan, &self.deleted, &mut notes)?;
        let base = BaseFiles::of(repo, &plan, None, Order::None)?;
        for unit in &mut plan.units {
            unit.claim.files.sort();
            unit.claim.files.dedup();
            // Owners that a person wrote stay where nothing else changed.
            if touched.contains(&unit.id) {
                measure(unit, &base);
            }
        }
        Ownership::prove(&plan.units, base.tracked())
            .map_err(|error| PlanError::Unsound(error.to_string()))?;
        waves(&plan.units).map_err(|error| PlanError::Unsound(error.to_string()))?;
        Ok((plan, notes))
    }

    /// Describes the drift, a line for each change. The first line says how far the bases are apart.
    #[must_use]
    pub(crate) fn words(&self, plan: &Plan, later: &Base) -> String {
        let apart = match (self.ahead, self.behind) {
            (0, 0) => format!("its base is the current {}", words::line(&later.name)),
            (ahead, 0) => format!(
                "{} is {} ahead of its base",
                words::line(&later.name),
                words::count(ahead, "commit")
            ),
            (ahead, behind) => format!(
                "{} has {} that its base lacks, and lacks {} of its base",
                words::line(&later.name),
                words::count(ahead, "commit"),
                words::count(behind, "commit")
            ),
        };
        let bases = if plan.base == later.id {
            plan.base.short().to_owned()
        } else {
            format!("{} → {}", plan.base.short(), later.id.short())
        };
        let mut lines = vec![format!("{apart} ({bases})")];
        let claimed = |list: &[Claimed], what: &str| -> Vec<String> {
            let line = |it: &Claimed| format!("  {what} {} ({})", words::line(&it.path), it.unit);
            list.iter().map(line).collect()
        };
        lines.extend(claimed(&self.changed, "changed "));
        lines.extend(self.renamed.iter().map(|Renamed { unit, from, to }| {
            format!(
                "  renamed  {} → {} ({unit})",
                words::line(from),
                words::line(to)
            )
        }));
        lines.extend(claimed(&self.deleted, "gone    "));
        lines.extend(claimed(&self.created, "created "));
        let new = self.new.iter();
        lines.extend(new.map(|path| format!("  new      {} (in no unit)", words::line(path))));
        lines.join("\n")
    }
}

fn claimed(unit: &UnitId, path: &str) -> Claimed {
    Claimed {
        unit: unit.clone(),
        path: path.to_owned(),
    }
}

/// Returns the files of a base that match the plan's globs and contain work.
fn files_with_work(repo: &Repo, plan: &Plan, base: &Base) -> Result<Vec<String>, PlanError> {
    let selection = Selection::parse(&plan.globs, "")?;
    let codemod = match plan.agent.resolve() {
        Ok(AgentSpec::Codemod(recipe)) => Some(Codemod::compile(&recipe)?),
        _ => None,
    };
    let old_uses = plan
        .until
        .as_ref()
        .map(OldUseCounter::compile)
        .transpose()?;
    let entries = repo.entries(&base.id)?;
    let scan = scan(
        repo,
        &entries,
        &selection,
        codemod.as_ref(),
        old_uses.as_ref(),
    )?;
    Ok(scan.files.into_iter().map(|file| file.path).collect())
}

/// Chooses the unit for a file by its folder: the unit with most files in the folder, or else the unit that may create
/// files there, if any.
fn unit_for(plan: &Plan, path: &str) -> Option<usize> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut beside: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, unit) in plan.units.iter().enumerate() {
        let files = unit.claim.files.iter();
        let inside = files
            .filter(|file| file.rsplit_once('/').map_or("", |(folder, _)| folder) == folder)
            .count();
        if inside > 0 {
            beside.insert(place, inside);
        }
    }
    let most = beside
        .into_iter()
        .max_by_key(|&(place, files)| (files, std::cmp::Reverse(place)));
    if let Some((place, _)) = most {
        return Some(place);
    }
    let covers = |entry: &str| match entry {
        "./" => Some(0),
        entry => (entry.ends_with('/') && path.starts_with(entry)).then_some(entry.len()),
    };
    let creators = plan.units.iter().enumerate().filter_map(|(place, unit)| {
        let deepest = unit
            .claim
            .create
            .iter()
            .filter_map(|entry| covers(entry))
            .max()?;
        Some((deepest, place))
    });
    creators.max().map(|(_, place)| place)
}

fn leave_out(plan: &mut Plan, path: &str) {
    match plan.left_out.iter_mut().find(|it| it.reason == LATER) {
        Some(left_out) => left_out.files.push(path.to_owned()),
        None => plan.left_out.push(LeftOut {
            reason: LATER.to_owned(),
            files: vec![path.to_owned()],
        }),
    }
}

/// Removes units that lost all their files. A unit that needed a removed one needs what the removed one needed.
fn remove_emptied(
    plan: &mut Plan,
    deleted: &[Claimed],
    notes: &mut Vec<String>,
) -> Result<(), PlanError> {
    // A unit that only creates files never had any.
    let lost_all =
        |unit: &Unit| unit.claim.files.is_empty() && deleted.iter().any(|it| it.unit == unit.id);
    while let Some(place) = plan.units.iter().position(lost_all) {
        let gone = plan.units.remove(place);
        for unit in &mut plan.units {
            if let Some(at) = unit.needs.iter().position(|need| *need == gone.id) {
                unit.needs.remove(at);
                for need in &gone.needs {
                    if !unit.needs.contains(need) {
                        unit.needs.push(need.clone());
                    }
                }
            }
        }
        notes.push(format!(
            "{}: removed, because it has no files left",
            gone.id
        ));
    }
    if plan.units.is_empty() {
        return Err(PlanError::NothingLeft);
    }
    Ok(())
}
