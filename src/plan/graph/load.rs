//! Loads the import graph of a base, from the cache if an earlier plan stored it there.

use std::ops::Deref;

use super::graph_cache::GraphCache;
use super::import_graph::ImportGraph;
use super::texts::Texts;
use crate::git::{CommitId, Entry, GitError, Repo};
use crate::imports::Resolver;

impl ImportGraph {
    /// Returns the graph of all files that the base tracks.
    pub fn of_base(repo: &Repo, base: &CommitId) -> Result<Self, GitError> {
        Self::cached_or_read(repo, base, || repo.entries(base))
    }

    /// `entries` returns the entries of the base; it is called only if the graph is not in the cache.
    pub(super) fn cached_or_read<E: Deref<Target = [Entry]>>(
        repo: &Repo,
        base: &CommitId,
        entries: impl FnOnce() -> Result<E, GitError>,
    ) -> Result<Self, GitError> {
        let (cache, tree) = (GraphCache::of(repo), repo.tree(base)?);
        if let Some(graph) = cache.load(&tree) {
            return Ok(graph);
        }
        let entries = entries()?;
        let texts = Texts::of_tree(repo, &entries)?;
        let sources = texts.sources();
        let resolver = Resolver::new(&sources, &texts.manifests());
        let graph = Self::of_sources(&sources, &resolver);
        if texts.is_whole {
            cache.store(&tree, &graph);
        }
        Ok(graph)
    }
}
