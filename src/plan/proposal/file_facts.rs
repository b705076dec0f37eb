//! What each file weighs, and who owns it.

use std::collections::HashMap;

use super::draft::Draft;
use super::files::PlannedFiles;
use crate::config::Grouping;
use crate::plan::base_files::BaseFiles;
use crate::plan::claim::fold;
use crate::plan::partition::cost;

pub(super) struct FileFacts<'a> {
    pub(super) files: &'a PlannedFiles<'a>,
    /// What each file weighs.
    weights: Vec<u64>,
    /// Who owns each file, where owners are not to be mixed.
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

/// Who owns each file. PlannedFiles whose names some file system takes for one have the owner of the first, as they stay together.
fn owners(files: &PlannedFiles<'_>, base: &BaseFiles) -> Vec<Option<u32>> {
    let paths = (0..files.len()).map(|file| files.path(file));
    let mut first: HashMap<String, Option<u32>> = HashMap::new();
    let owners = base.owners.groups(paths.clone()).into_iter();
    owners
        .zip(paths)
        .map(|(owner, path)| *first.entry(fold(path)).or_insert(owner))
        .collect()
}
