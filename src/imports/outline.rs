//! The result of reading one file's text: the names it declares and its imports, before they are resolved to files.

use serde::{Deserialize, Serialize};

/// The declarations and imports in one file's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The full names that other files import, in languages that import declared names instead of files.
    pub declares: Vec<String>,
    /// In the order of the text.
    pub imports: Vec<Import>,
}

/// One import in a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Import {
    pub kind: ImportKind,
    /// As the language spells it, in one piece: `./a`, `..pkg.name`, `crate::a::b`, `com.example.Name`.
    pub name: String,
}

/// The kind of thing that an import names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ImportKind {
    /// Exactly the name: a module, a package, a class.
    Exact,
    /// Either the name itself, or a member of the name without its last part.
    Member,
    /// Everything directly inside the name.
    Wildcard,
    /// A file, relative to the importing file.
    File,
}

impl Outline {
    /// Adds an import, unless its name is empty or it repeats the previous import.
    pub(super) fn import(&mut self, kind: ImportKind, name: impl Into<String>) {
        let import = Import {
            kind,
            name: name.into(),
        };
        if !import.name.is_empty() && self.imports.last() != Some(&import) {
            self.imports.push(import);
        }
    }
}
