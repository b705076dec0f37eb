//! Which file is in which proposed unit: every file in question in exactly one, or left out with a reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::draft::Draft;
use super::needs::key;
use super::repair::{Repair, Why};
use super::{Proposal, ProposalError};
use crate::git::GitError;
use crate::plan::Plan;
use crate::plan::base_files::BaseFiles;
use crate::plan::claim::fold;
use crate::plan::file::check_file;
use crate::words;

/// Over more imports than this, one after another, nothing is tied to anything.
const STEPS: usize = 32;

/// A longer reason is an essay.
const REASON: usize = 200;

/// The files in question.
pub(super) struct Files<'a> {
    paths: Vec<&'a str>,
    /// For each file the unit that its ties alone put it into.
    usual: Vec<usize>,
    /// What those units are called.
    titles: Vec<&'a str>,
    /// For each file what it is tied to, and how strongly.
    ties: Vec<Vec<(usize, u32)>>,
    left_out: HashSet<&'a str>,
}

impl<'a> Files<'a> {
    pub(super) fn of(plan: &'a Plan, base: &BaseFiles) -> Result<Self, GitError> {
        let mut all: Vec<(&str, usize)> = plan
            .units
            .iter()
            .enumerate()
            .flat_map(|(unit, it)| it.claim.files.iter().map(move |path| (path.as_str(), unit)))
            .collect();
        all.sort_unstable();
        let paths: Vec<&str> = all.iter().map(|(path, _)| *path).collect();
        let mut ties = vec![Vec::new(); paths.len()];
        let graph = base.deciding_graph(paths.iter().copied())?;
        for tie in graph.map_or_else(Vec::new, |graph| graph.ties(&paths)) {
            ties[tie.a].push((tie.b, tie.weight));
            ties[tie.b].push((tie.a, tie.weight));
        }
        Ok(Self {
            usual: all.into_iter().map(|(_, unit)| unit).collect(),
            titles: plan.units.iter().map(|unit| unit.title.as_str()).collect(),
            left_out: plan
                .left_out
                .iter()
                .flat_map(|it| it.files.iter().map(String::as_str))
                .collect(),
            paths,
            ties,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    pub(super) fn path(&self, file: usize) -> &'a str {
        self.paths[file]
    }

    pub(super) fn ties(&self, file: usize) -> &[(usize, u32)] {
        &self.ties[file]
    }

    fn find(&self, path: &str) -> Option<usize> {
        self.paths.binary_search(&path).ok()
    }

    fn has_below(&self, folder: &str) -> bool {
        let first = self.paths.partition_point(|path| *path < folder);
        self.paths
            .get(first)
            .is_some_and(|path| path.starts_with(folder))
    }

    /// What a written path means.
    fn place(&self, written: &str, base: &BaseFiles) -> Result<Place, Why> {
        let path = clean(written)?;
        let folder = match path.as_str() {
            "" => String::new(),
            path => format!("{path}/"),
        };
        match self.find(&path) {
            Some(file) if !written.ends_with('/') => Ok(Place::File(file)),
            _ if self.has_below(&folder) => Ok(Place::Folder(folder)),
            _ if self.left_out.contains(path.as_str()) => Err(Why::LeftOut),
            _ if base.tracks(&path) || base.has_below(&folder) => Err(Why::NotAsked),
            _ => Err(Why::NotThere),
        }
    }
}

enum Place {
    File(usize),
    /// Closed by a slash, and nothing for the root.
    Folder(String),
}

/// A path without what means nothing in it.
pub(super) fn clean(written: &str) -> Result<String, Why> {
    if written.starts_with('/') || written.trim().is_empty() || written.contains('\0') {
        return Err(Why::NoPath);
    }
    let parts: Vec<&str> = written
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err(Why::NoPath);
    }
    Ok(parts.join("/"))
}

/// Where the files are.
pub(super) struct Settled {
    pub(super) drafts: Vec<Draft>,
    /// By reason.
    pub(super) left_out: BTreeMap<String, Vec<usize>>,
}

/// Who names what.
struct Named<T> {
    files: HashMap<usize, Vec<T>>,
    folders: HashMap<String, Vec<T>>,
}

impl<T: Copy + PartialEq> Named<T> {
    fn new() -> Self {
        Self {
            files: HashMap::new(),
            folders: HashMap::new(),
        }
    }

    fn add(&mut self, place: Place, by: T) {
        let all = match place {
            Place::File(file) => self.files.entry(file).or_default(),
            Place::Folder(folder) => self.folders.entry(folder).or_default(),
        };
        // One after another names its own: what it named before stands last.
        if all.last() != Some(&by) {
            all.push(by);
        }
    }

    /// Who names a file most exactly, and how exactly: by so many letters.
    fn of(&self, file: usize, path: &str) -> (usize, &[T]) {
        if let Some(all) = self.files.get(&file) {
            return (usize::MAX, all);
        }
        let above = path.rmatch_indices('/').map(|(at, _)| at + 1);
        above
            .chain([0])
            .find_map(|length| Some((length, self.folders.get(&path[..length])?.as_slice())))
            .unwrap_or((0, &[]))
    }
}

/// Puts every file into a unit, or leaves it out.
pub(super) fn settle(
    files: &Files<'_>,
    proposal: &Proposal,
    base: &BaseFiles,
    repairs: &mut Vec<Repair>,
) -> Result<Settled, ProposalError> {
    let mut read = |paths: &[String], of: &str, take: &mut dyn FnMut(Place)| {
        let mut seen = HashSet::new();
        for path in paths.iter().filter(|path| seen.insert(path.as_str())) {
            match files.place(path, base) {
                Ok(place) => take(place),
                Err(why) => repairs.push(Repair::Dropped {
                    of: of.to_owned(),
                    path: path.clone(),
                    why,
                }),
            }
        }
    };
    let (mut units, mut reasons) = (Named::new(), Named::new());
    for (number, unit) in proposal.units.iter().enumerate() {
        read(&unit.files, &unit.title, &mut |place| {
            units.add(place, number);
        });
    }
    for (number, left_out) in proposal.left_out.iter().enumerate() {
        read(&left_out.files, "left out", &mut |place| {
            reasons.add(place, number);
        });
    }
    let mut unit_of: Vec<Option<usize>> = vec![None; files.len()];
    let mut left_out: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let (mut contested, mut open, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (file, unit) in unit_of.iter_mut().enumerate() {
        let path = files.path(file);
        let ((exactly, named), (less, reason)) = (units.of(file, path), reasons.of(file, path));
        match (named, reason) {
            (_, &[reason, ..]) if named.is_empty() || less > exactly => {
                let said = words::line(&proposal.left_out[reason].reason);
                let reason = match shortened(&said, REASON) {
                    empty if empty.is_empty() => "nothing to do".to_owned(),
                    reason => reason,
                };
                left_out.entry(reason).or_default().push(file);
                continue;
            }
            ([], _) => open.push(file),
            (&[only], _) => *unit = Some(only),
            (several, _) => contested.push((file, several)),
        }
        if !reason.is_empty() && less == exactly {
            wanted.push(path.to_owned());
        }
    }
    if !wanted.is_empty() {
        repairs.push(Repair::Wanted(wanted));
    }
    let title = |unit: usize| proposal.units[unit].title.clone();
    for (file, several) in contested {
        let votes = votes(files, &unit_of, file);
        let most = |unit: &usize| votes.get(unit).copied().unwrap_or(0);
        let best = several.iter().rev().copied().max_by_key(most);
        unit_of[file] = best;
        repairs.push(Repair::Contested {
            path: files.path(file).to_owned(),
            units: several.iter().map(|unit| title(*unit)).collect(),
            to: best.map(title).unwrap_or_default(),
        });
    }
    if unit_of.iter().all(Option::is_none) {
        return Err(ProposalError::NoFiles);
    }
    let apart = take_in(files, &mut unit_of, open, proposal.units.len(), repairs);
    keep_names_together(files, &mut unit_of, repairs);
    let drafts = drafts(files, &unit_of, proposal, &apart, base, repairs);
    Ok(Settled { drafts, left_out })
}

/// How strongly a file is tied to each unit.
fn votes(files: &Files<'_>, unit_of: &[Option<usize>], file: usize) -> BTreeMap<usize, u64> {
    let mut votes = BTreeMap::new();
    for &(other, weight) in files.ties(file) {
        if let Some(unit) = unit_of[other] {
            *votes.entry(unit).or_default() += u64::from(weight);
        }
    }
    votes
}

/// Puts files that nobody named into the unit that they are tied to most, then into that of most files with which they
/// would be otherwise. Gives the units, beyond those proposed, that the others make.
fn take_in(
    files: &Files<'_>,
    unit_of: &mut [Option<usize>],
    mut open: Vec<usize>,
    proposed: usize,
    repairs: &mut Vec<Repair>,
) -> Vec<UnitOf> {
    let (mut joined, mut apart) = (Vec::new(), Vec::new());
    for _ in 0..STEPS {
        // All of one round look at the same, so that it does not matter who comes first.
        let found: Vec<(usize, Option<usize>)> = open
            .iter()
            .map(|&file| {
                let votes = votes(files, unit_of, file);
                let best = votes.iter().rev().max_by_key(|(_, weight)| **weight);
                (file, best.map(|(unit, _)| *unit))
            })
            .collect();
        let before = open.len();
        open.clear();
        for (file, unit) in found {
            match unit {
                Some(_) => {
                    unit_of[file] = unit;
                    joined.push(files.path(file).to_owned());
                }
                None => open.push(file),
            }
        }
        if open.len() == before || open.is_empty() {
            break;
        }
    }
    let mut company: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    for (file, unit) in unit_of.iter().enumerate() {
        if let Some(unit) = unit {
            let usual = company.entry(files.usual[file]).or_default();
            *usual.entry(*unit).or_default() += 1;
        }
    }
    let mut own: BTreeMap<usize, usize> = BTreeMap::new();
    let mut beyond = Vec::new();
    for file in open {
        let usual = files.usual[file];
        let most = company
            .get(&usual)
            .and_then(|units| units.iter().rev().max_by_key(|(_, files)| **files));
        let unit = most.map_or_else(
            || {
                *own.entry(usual).or_insert_with(|| {
                    beyond.push(UnitOf(usual));
                    proposed + beyond.len() - 1
                })
            },
            |(unit, _)| *unit,
        );
        unit_of[file] = Some(unit);
        apart.push(files.path(file).to_owned());
    }
    if !joined.is_empty() {
        joined.sort();
        repairs.push(Repair::Joined(joined));
    }
    if !apart.is_empty() {
        repairs.push(Repair::Apart(apart));
    }
    beyond
}

/// A unit that stays as the files' own ties have it, by its place there.
struct UnitOf(usize);

/// Puts files whose names some file system takes for one into the unit of the first.
fn keep_names_together(
    files: &Files<'_>,
    unit_of: &mut [Option<usize>],
    repairs: &mut Vec<Repair>,
) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for file in (0..files.len()).filter(|file| unit_of[*file].is_some()) {
        alike.entry(fold(files.path(file))).or_default().push(file);
    }
    for names in alike.into_values() {
        let first = unit_of[names[0]];
        if names.iter().any(|file| unit_of[*file] != first) {
            let paths = names.iter().map(|file| files.path(*file).to_owned());
            repairs.push(Repair::SameName(paths.collect()));
            for file in names {
                unit_of[file] = first;
            }
        }
    }
}

/// The units with their files and what they create; one that only creates is part of one that needs it.
fn drafts(
    files: &Files<'_>,
    unit_of: &[Option<usize>],
    proposal: &Proposal,
    beyond: &[UnitOf],
    base: &BaseFiles,
    repairs: &mut Vec<Repair>,
) -> Vec<Draft> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); proposal.units.len() + beyond.len()];
    for (file, unit) in unit_of.iter().enumerate() {
        if let Some(unit) = unit {
            members[*unit].push(file);
        }
    }
    let mut create = creatable(proposal, base, repairs);
    let mut drafts: Vec<Draft> = Vec::new();
    let mut only_new = Vec::new();
    for (number, members) in members.into_iter().enumerate() {
        let Some(unit) = proposal.units.get(number) else {
            let UnitOf(usual) = beyond[number - proposal.units.len()];
            drafts.push(Draft::usual(files.titles[usual], members));
            continue;
        };
        let create = std::mem::take(&mut create[number]);
        match (members.is_empty(), create.is_empty()) {
            (false, _) => drafts.push(Draft::proposed(number, unit, members, create)),
            (true, false) => only_new.push(Draft::proposed(number, unit, members, create)),
            (true, true) => repairs.push(Repair::Empty(unit.title.clone())),
        }
    }
    for draft in only_new {
        let title = draft.known_as();
        let wants = |it: &Draft| {
            let mut units = it.proposed_units();
            units.any(|number| needs(proposal, number, &title))
        };
        // Without anybody who needs it, the first of all: it may be as good as any.
        let place = drafts.iter().position(wants);
        let Some(into) = drafts.get_mut(place.unwrap_or(0)) else {
            continue;
        };
        repairs.push(Repair::Absorbed {
            unit: title,
            into: into.known_as(),
        });
        into.absorb_new(draft);
    }
    drafts
}

fn needs(proposal: &Proposal, number: usize, title: &str) -> bool {
    let title = key(title);
    let own = proposal.units[number].needs.iter();
    own.chain(&proposal.prerequisite)
        .any(|need| key(need) == title)
}

/// For each unit the paths that it may really create.
fn creatable(proposal: &Proposal, base: &BaseFiles, repairs: &mut Vec<Repair>) -> Vec<Vec<String>> {
    if proposal.units.iter().all(|unit| unit.create.is_empty()) {
        return vec![Vec::new(); proposal.units.len()];
    }
    let mut there: HashSet<String> = HashSet::new();
    let mut folders: HashSet<String> = HashSet::new();
    for path in base.tracked() {
        let folded = fold(path);
        folders.extend(above(&folded).map(str::to_owned));
        there.insert(folded);
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut judge = |written: &str| -> Result<String, Why> {
        let path = clean(written)?;
        if written.ends_with('/') || check_file(&path).is_err() {
            return Err(Why::NoPath);
        }
        let folded = fold(&path);
        if there.contains(&folded) {
            return Err(Why::Exists);
        }
        if folders.contains(&folded)
            || above(&folded).any(|above| there.contains(above) || taken.contains(above))
        {
            return Err(Why::InTheWay);
        }
        if !taken.insert(folded.clone()) {
            return Err(Why::Taken);
        }
        folders.extend(above(&folded).map(str::to_owned));
        Ok(path)
    };
    proposal
        .units
        .iter()
        .map(|unit| {
            let mut seen = HashSet::new();
            let mut create = Vec::new();
            for written in unit.create.iter().filter(|path| seen.insert(path.as_str())) {
                match judge(written) {
                    Ok(path) => create.push(path),
                    Err(why) => repairs.push(Repair::Dropped {
                        of: unit.title.clone(),
                        path: written.clone(),
                        why,
                    }),
                }
            }
            create
        })
        .collect()
}

/// The folders above a path, but for the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// At most so many letters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
