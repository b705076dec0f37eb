//! A recipe for a rewrite, and the codemod that it compiles to.
//!
//! Every fault of a recipe is found when it is compiled, before any file is read.

use serde::{Deserialize, Serialize};

use super::error::CodemodError;
use super::regex::RegexRewrite;
use super::rewrite::Rewrite;
use super::structural::StructuralRewrite;
use crate::words;

/// A rewrite as the user describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recipe {
    /// An ast-grep pattern and its replacement, in the language `lang`, or else in the language of each file.
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

/// A compiled recipe, which any number of threads may apply to files.
pub struct Codemod {
    engine: Engine,
    description: String,
}

enum Engine {
    Structural(StructuralRewrite),
    Regex(RegexRewrite),
}

impl Codemod {
    /// Compiles a recipe; every fault of the recipe is an error here.
    pub fn compile(recipe: &Recipe) -> Result<Self, CodemodError> {
        let (engine, description) = match recipe {
            Recipe::Pattern { pattern, to, lang } => {
                let engine = StructuralRewrite::from_pattern(pattern, to, lang.as_deref())?;
                let within = lang.as_ref().map(|lang| format!(" in {lang}"));
                let description =
                    format!("rewrite '{pattern}' → '{to}'{}", within.unwrap_or_default());
                (Engine::Structural(engine), description)
            }
            Recipe::Rule { text } => {
                let (engine, names) = StructuralRewrite::from_rules(text)?;
                let noun = words::plural(names.len(), "rule");
                let description = format!("apply {noun} {}", names.join(", "));
                (Engine::Structural(engine), description)
            }
            Recipe::Regex { regex, to } => {
                let engine = RegexRewrite::new(regex, to)?;
                (
                    Engine::Regex(engine),
                    format!("replace /{regex}/ with '{to}'"),
                )
            }
        };
        let description = description.replace('\r', "\\r").replace('\n', "\\n");
        Ok(Self {
            engine,
            description: format!("codemod: {description}"),
        })
    }

    /// Returns the new text of the file at `path`, or `None` if the recipe changes nothing.
    pub fn rewrite(&self, path: &str, text: &str) -> Result<Option<Rewrite>, CodemodError> {
        // A byte order mark is not code, and `^` should match behind it.
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

    /// Describes the rewrite in one line for people.
    pub fn describe(&self) -> String {
        self.description.clone()
    }
}
