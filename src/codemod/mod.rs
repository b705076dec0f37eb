//! Structural and regex rewrite of one file's text.
//!
//! The planner narrows by it, the built-in agent works by it. It knows text and file names, and nothing of repositories,
//! plans or runs.

mod error;
mod lang;
mod pattern;
mod probe;
mod regex;
mod splice;
mod structural;

use serde::{Deserialize, Serialize};

pub use error::CodemodError;
pub use lang::languages;
pub use probe::{Probe, Sought};

use crate::words;
use regex::RegexRewrite;
use structural::StructuralRewrite;

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

/// A recipe without faults, ready to be used on any number of files and threads.
pub struct Codemod {
    engine: Engine,
    description: String,
}

enum Engine {
    Structural(StructuralRewrite),
    Regex(RegexRewrite),
}

/// The new text of a file that a codemod changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    pub text: String,
    /// How many places were rewritten.
    pub edits: usize,
}

impl Codemod {
    /// Finds every fault of the recipe, before any file is read.
    pub fn compile(recipe: &Recipe) -> Result<Self, CodemodError> {
        let (engine, what) = match recipe {
            Recipe::Pattern { pattern, to, lang } => {
                let engine = StructuralRewrite::from_pattern(pattern, to, lang.as_deref())?;
                let within = lang.as_ref().map(|lang| format!(" in {lang}"));
                let what = format!("rewrite '{pattern}' → '{to}'{}", within.unwrap_or_default());
                (Engine::Structural(engine), what)
            }
            Recipe::Rule { text } => {
                let (engine, names) = StructuralRewrite::from_rules(text)?;
                let noun = words::plural(names.len(), "rule");
                let what = format!("apply {noun} {}", names.join(", "));
                (Engine::Structural(engine), what)
            }
            Recipe::Regex { regex, to } => {
                let engine = RegexRewrite::new(regex, to)?;
                (
                    Engine::Regex(engine),
                    format!("replace /{regex}/ with '{to}'"),
                )
            }
        };
        let what = what.replace('\r', "\\r").replace('\n', "\\n");
        Ok(Self {
            engine,
            description: format!("codemod: {what}"),
        })
    }

    /// The file's new text, or `None` where the recipe changes nothing.
    pub fn rewrite(&self, path: &str, text: &str) -> Result<Option<Rewrite>, CodemodError> {
        // A byte order mark is neither a letter of the language nor what `^` should match.
        let (bom, body) = match text.strip_prefix('\u{feff}') {
            Some(body) => ("\u{feff}", body),
            None => ("", text),
        };
        let rewrite = match &self.engine {
            Engine::Structural(engine) => engine.rewrite(path, body)?,
            Engine::Regex(engine) => engine.rewrite(body),
        };
        Ok(rewrite
            .filter(|rewrite| rewrite.text != body)
            .map(|rewrite| Rewrite {
                text: format!("{bom}{}", rewrite.text),
                ..rewrite
            }))
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        self.description.clone()
    }
}

#[cfg(test)]
mod tests;
