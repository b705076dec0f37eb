//! Finds which files of a repository a file imports, and which names it offers to others, from texts and file names.
//!
//! Pure over text and file names: it knows nothing of git, globs or plans.
//!
//! A full parse would be tens of times slower and would find the same, because imports have few forms. So every
//! language has a small reader that skips comments and strings and knows these forms ([`extract`]), and every family of
//! languages has a resolver that knows where the family looks for an import ([`Resolver`]). Neither ever fails: a text
//! that is not in the language of its file name has no imports, and an import from outside the repository resolves to
//! no file.

mod c;
mod csharp;
mod cursor;
mod declared_names;
mod exports;
mod family;
mod go;
mod javascript;
mod jvm;
mod language;
mod node;
mod outline;
mod paths;
mod php;
mod python;
mod resolver;
mod ruby;
mod rust;
mod rust_crates;
mod source_file;
mod tsconfig;

pub(crate) use exports::exports;
pub use language::Language;
pub use outline::{Import, ImportKind, Outline};
pub use resolver::{Resolver, is_manifest};
pub use source_file::SourceFile;

/// Reads the imports and declarations in the text of a file in `language`.
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
mod parser_comparison;
#[cfg(test)]
mod tests;
