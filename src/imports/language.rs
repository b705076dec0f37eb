//! The languages whose imports can be read, and the file names that each language has.

use serde::{Deserialize, Serialize};

/// A language with its own forms of import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// C, C++ and other languages with `#include`.
    C,
    CSharp,
    Go,
    Java,
    /// JavaScript and TypeScript.
    JavaScript,
    /// A single-file component with scripts inside: Vue, Svelte.
    Component,
    Kotlin,
    Php,
    Python,
    Ruby,
    Rust,
}

impl Language {
    /// Returns the language of a file by its name alone.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if matches!(name, "Rakefile" | "Gemfile") {
            return Some(Self::Ruby);
        }
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending {
            "c" | "h" | "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "h++" | "inl"
            | "ipp" | "tcc" | "cu" | "cuh" | "m" | "mm" => Self::C,
            "cs" => Self::CSharp,
            "go" => Self::Go,
            "java" => Self::Java,
            "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" => Self::JavaScript,
            "vue" | "svelte" => Self::Component,
            "kt" | "kts" => Self::Kotlin,
            "php" => Self::Php,
            "py" | "pyi" => Self::Python,
            "rb" | "rake" | "gemspec" => Self::Ruby,
            "rs" => Self::Rust,
            _ => return None,
        })
    }
}
