//! What imports what: the imports that a file's text names, and the files of a repository that they mean.
//!
//! Pure over text and file names. It knows nothing of git, of globs or of plans.
//!
//! A full parse would be tens of times slower and finds the same: imports have few forms. So every language has a
//! small reader of its own that skips comments and strings and knows these forms ([`extract`]), and a resolver that
//! knows how the language looks for what is imported ([`Resolver`]). Neither ever fails: text that is not what its
//! name says has no imports, and what is not in the repository means no file.

mod c;
mod crates;
mod csharp;
mod cursor;
mod go;
mod javascript;
mod jvm;
mod language;
mod names;
mod node;
mod paths;
mod php;
mod python;
mod resolver;
mod ruby;
mod rust;
mod tsconfig;

use serde::{Deserialize, Serialize};

pub use language::Language;
pub use resolver::{Resolver, Source, is_manifest};

/// What one file's text says of its place among others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The full names by which other files can mean this one, in languages that look for names and not for files.
    pub declares: Vec<String>,
    /// In the order of the text.
    pub imports: Vec<Import>,
}

/// One thing that a text imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Import {
    pub form: Form,
    /// As its language spells it, in one piece: `./a`, `..pkg.name`, `crate::a::b`, `com.example.Name`.
    pub name: String,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Form {
    /// What is imported itself: a module, a package, a class.
    Whole,
    /// Something that is imported itself, or a member of what the name says without its last part.
    Member,
    /// All that is directly in it.
    All,
    /// A file, as seen from the one that imports it.
    File,
}

impl Outline {
    fn import(&mut self, form: Form, name: impl Into<String>) {
        let import = Import {
            form,
            name: name.into(),
        };
        if !import.name.is_empty() && self.imports.last() != Some(&import) {
            self.imports.push(import);
        }
    }
}

/// What the text of a file in that language says of other files.
#[must_use]
pub fn extract(language: Language, text: &[u8]) -> Outline {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match language {
        Language::C => c::extract(text),
        Language::CSharp => csharp::extract(text),
        Language::Go => go::extract(text),
        Language::JavaScript => javascript::extract(text),
        Language::Component => javascript::extract_component(text),
        Language::Java => jvm::extract_java(text),
        Language::Kotlin => jvm::extract_kotlin(text),
        Language::Php => php::extract(text),
        Language::Python => python::extract(text),
        Language::Ruby => ruby::extract(text),
        Language::Rust => rust::extract(text),
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
