//! The weight and the owners of each file in question.

use std::collections::HashMap;

use super::draft::Draft;
use super::files::PlannedFiles;
use crate::config::Grouping;
use crate::plan::base_files::BaseFiles;
use crate::plan::claim::fold;
use crate::plan::partition::cost;

pub(super) struct FileFacts<'a> {
    pub(super) files: &'a PlannedFiles<'a>,
    /// The weight of each file.
    weights: Vec<u64>,
    /// The owner group of each file, if owners are kept apart.
    owners: Vec<Option<u32>>,
}

impl<'a> FileFacts<'a> {
    pub(super) fn new(files: &'a PlannedFiles<'a>, base: &BaseFiles) -> Self {
        let paths = (0..files.len()).map(|file| files.path(file));
        let bytes = |path| base.size(path).unwrap_or_default().bytes;
        Self {
            weights: paths.map(|path| cost(bytes(path))).collect(),
            owners: match base.by {
                Some(Grouping::Owner) => owners(files, base),
                Some(Grouping::Folder) | None => vec![None; files.len()],
            },
            files,
        }
    }

    pub(super) fn weight(&self, draft: &Draft) -> u64 {
        draft.files.iter().map(|&file| self.weights[file]).sum()
    }

    pub(super) fn owner(&self, file: usize) -> Option<u32> {
        self.owners[file]
    }
}

/// Returns the owner group of each file. Files whose names some file system treats as equal stay together, so they have
/// the owners of the first.
fn owners(files: &PlannedFiles<'_>, base: &BaseFiles) -> Vec<Option<u32>> {
    let paths = (0..files.len()).map(|file| files.path(file));
    let mut first: HashMap<String, Option<u32>> = HashMap::new();
    let owners = base.owners.groups(paths.clone()).into_iter();
    owners
        .zip(paths)
        .map(|(owner, path)| *first.entry(fold(path)).or_insert(owner))
        .collect()
}
