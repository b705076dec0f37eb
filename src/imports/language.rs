//! The languages whose imports are understood, and which files are written in them.

use serde::{Deserialize, Serialize};

/// A way in which files import others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// C, C++ and what includes as they do.
    C,
    CSharp,
    Go,
    Java,
    /// JavaScript and TypeScript.
    JavaScript,
    /// A page with a script in it: Vue, Svelte.
    Component,
    Kotlin,
    Php,
    Python,
    Ruby,
    Rust,
}

impl Language {
    /// The language of a file, going by its name alone.
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
