//! Finds which file of the base imports which, and how strongly imports tie files and units together.
//!
//! This folder reads the base's blobs, never a checkout. A hub that everything imports says little about which files
//! belong together, so an import weighs less the more files import the same target. An import that may mean several
//! files, such as the import of a package, is divided among them.

mod cache_file;
mod dot;
mod format;
mod graph_cache;
mod import_graph;
mod json;
mod lazy;
mod load;
mod needs;
mod outline_cache;
mod picture;
mod svg;
mod texts;
mod ties;

pub(crate) use format::GraphFormat;
pub use import_graph::ImportGraph;
pub(super) use lazy::LazyGraph;

#[cfg(test)]
mod tests;
