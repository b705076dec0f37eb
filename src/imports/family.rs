//! Families of languages: the languages that can import each other, and the trait that each family's resolver
//! implements.

use super::language::Language;
use super::outline::Import;
use super::source_file::{FileIndex, SourceFile};

/// Languages that can import each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    C,
    CSharp,
    Go,
    Jvm,
    Node,
    Php,
    Python,
    Ruby,
    Rust,
}

impl Family {
    pub(super) fn of(language: Language) -> Self {
        match language {
            Language::C => Self::C,
            Language::CSharp => Self::CSharp,
            Language::Go => Self::Go,
            Language::Java | Language::Kotlin => Self::Jvm,
            Language::JavaScript | Language::Component => Self::Node,
            Language::Php => Self::Php,
            Language::Python => Self::Python,
            Language::Ruby => Self::Ruby,
            Language::Rust => Self::Rust,
        }
    }
}

/// Resolves imports by the rules of one family of languages.
pub(super) trait FamilyResolver: Send + Sync {
    /// Adds the files that `import` in the file `from` refers to.
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>);
}
