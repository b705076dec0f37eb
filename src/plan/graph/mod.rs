//! Which file of the base imports which, and how strongly that ties them together.
//!
//! It reads the base's blobs, never a checkout. A hub that everything imports says little of what belongs together, so
//! an import counts the less the more files import the same. An import that may mean any of several files, as that of
//! a package does, is divided among them.

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

pub use format::{GraphFormat, UnknownGraphFormat};
pub use import_graph::ImportGraph;
pub(super) use lazy::LazyGraph;

#[cfg(test)]
mod tests;
