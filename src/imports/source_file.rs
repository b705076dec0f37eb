//! A file of the repository in a known language, together with the outline of its text.

use super::language::Language;
use super::outline::Outline;

/// The position of a file in the list of all source files, by which resolvers name files.
pub(super) type FileIndex = u32;

/// A source file with its outline.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// From the root of the repository.
    pub path: &'a str,
    pub language: Language,
    pub outline: &'a Outline,
}
