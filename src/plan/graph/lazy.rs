//! An import graph that is read on first use, because not every plan depends on imports.

use std::cell::OnceCell;
use std::rc::Rc;

use super::import_graph::ImportGraph;
use crate::git::{CommitId, Entry, GitError, Repo};

pub(in crate::plan) struct LazyGraph {
    read: Box<dyn Fn() -> Result<ImportGraph, GitError>>,
    graph: OnceCell<ImportGraph>,
}

impl LazyGraph {
    /// Prepares the graph of a base whose entries are known.
    pub(in crate::plan) fn new(repo: &Repo, base: &CommitId, entries: &Rc<[Entry]>) -> Self {
        let (repo, base, entries) = (repo.clone(), base.clone(), Rc::clone(entries));
        Self {
            read: Box::new(move || {
                ImportGraph::cached_or_read(&repo, &base, || Ok(Rc::clone(&entries)))
            }),
            graph: OnceCell::new(),
        }
    }

    pub(in crate::plan) fn get(&self) -> Result<&ImportGraph, GitError> {
        match self.graph.get() {
            Some(graph) => Ok(graph),
            None => (self.read)().map(|graph| self.graph.get_or_init(|| graph)),
        }
    }
}

#[cfg(test)]
impl LazyGraph {
    /// A graph without files.
    pub(in crate::plan) fn empty() -> Self {
        Self {
            read: Box::new(|| Ok(ImportGraph::default())),
            graph: OnceCell::new(),
        }
    }
}
