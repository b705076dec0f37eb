//! Keeps the import graphs of whole trees from one plan to the next, in `<git common dir>/batch/cache/graphs`.
//!
//! A graph depends only on its tree, and a tree never changes. So a cached graph stays valid until the code that makes
//! graphs changes.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::SystemTime;

use super::cache_file;
use super::import_graph::ImportGraph;
use crate::git::{Repo, TreeId};

/// How many graphs are kept; the newest stay.
const MAX_GRAPHS: usize = 4;

pub(super) struct GraphCache {
    folder: PathBuf,
}

impl GraphCache {
    pub(super) fn of(repo: &Repo) -> Self {
        let folder = repo.state_dir().join("cache/graphs");
        Self { folder }
    }

    pub(super) fn load(&self, tree: &TreeId) -> Option<ImportGraph> {
        let (of, graph): (TreeId, ImportGraph) = cache_file::read(&self.path(tree))?;
        (of == *tree && graph.is_sound()).then_some(graph)
    }

    pub(super) fn store(&self, tree: &TreeId, graph: &ImportGraph) {
        cache_file::write(&self.path(tree), &(tree, graph));
        self.trim();
    }

    fn path(&self, tree: &TreeId) -> PathBuf {
        self.folder.join(tree.as_str())
    }

    /// Removes all but the newest files, and with them files that another process left half written.
    fn trim(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let mut youngest_first: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
            })
            .collect();
        youngest_first.sort_by_key(|(time, _)| Reverse(*time));
        for (_, path) in youngest_first.into_iter().skip(MAX_GRAPHS) {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::info!("{} cannot be removed: {error}", path.display());
            }
        }
    }
}
