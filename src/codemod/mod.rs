//! Structural and regex rewrite of one file's text.
//!
//! The planner narrows by it, the built-in agent works by it. It knows text and file names, and nothing of repositories,
//! plans or runs.

use serde::{Deserialize, Serialize};

/// What to rewrite into what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recipe {
    /// An ast-grep pattern and its replacement, in `lang` or else in each file's own language.
    Pattern {
        pattern: String,
        to: String,
        lang: Option<String>,
    },
    /// The text of one or more rules in ast-grep's YAML format.
    Rule { text: String },
    /// A regular expression and its replacement (`$1`, `${name}`), in any text file.
    Regex { regex: String, to: String },
}
