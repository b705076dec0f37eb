//! The files in question, as the plan without the proposal has them.

use std::collections::HashSet;

use super::paths::{Target, normalized};
use super::repair::DropReason;
use crate::git::GitError;
use crate::plan::base_files::BaseFiles;
use crate::plan::model::Plan;

/// The files in question.
pub(super) struct PlannedFiles<'a> {
    paths: Vec<&'a str>,
    /// For each file, its unit in the plan without the proposal.
    planned: Vec<usize>,
    /// The titles of those units.
    titles: Vec<&'a str>,
    /// For each file, the files that it is tied to, and the weight of each tie.
    ties: Vec<Vec<(usize, u32)>>,
    left_out: HashSet<&'a str>,
}

impl<'a> PlannedFiles<'a> {
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
            planned: all.into_iter().map(|(_, unit)| unit).collect(),
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

    pub(super) fn planned_unit(&self, file: usize) -> usize {
        self.planned[file]
    }

    /// Returns the title of the unit at this place in the plan without the proposal.
    pub(super) fn title(&self, unit: usize) -> &'a str {
        self.titles[unit]
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

    /// Finds the file or folder that a written path means.
    pub(super) fn place(&self, written: &str, base: &BaseFiles) -> Result<Target, DropReason> {
        let path = normalized(written)?;
        let folder = match path.as_str() {
            "" => String::new(),
            path => format!("{path}/"),
        };
        match self.find(&path) {
            Some(file) if !written.ends_with('/') => Ok(Target::File(file)),
            _ if self.has_below(&folder) => Ok(Target::Folder(folder)),
            _ if self.left_out.contains(path.as_str()) => Err(DropReason::LeftOut),
            _ if base.tracks(&path) || base.has_below(&folder) => Err(DropReason::NotAsked),
            _ => Err(DropReason::NotThere),
        }
    }
}
