//! A recipe for a rewrite, and the codemod that it compiles to.
//!
//! Every fault of a recipe is found when it is compiled, before any file is read.

use serde::{Deserialize, Serialize};

use super::error::CodemodError;
use super::regex::RegexRewrite;
use super::rewrite::{Applied, Rewrite, Unchanged};
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
    /// Several recipes; each works on what the recipe before it made.
    Sequence(Vec<Recipe>),
}

/// How every description begins.
const KIND: &str = "codemod: ";

/// A compiled recipe, which any number of threads may apply to files.
pub struct Codemod {
    engine: Engine,
    description: String,
}

enum Engine {
    Structural(StructuralRewrite),
    Regex(RegexRewrite),
    Sequence(Vec<Codemod>),
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
            Recipe::Sequence(recipes) => {
                let all = recipes.iter().map(Self::compile);
                let all = all.collect::<Result<Vec<Self>, _>>()?;
                let described: Vec<&str> = all
                    .iter()
                    .map(|codemod| codemod.description.trim_start_matches(KIND))
                    .collect();
                let description = described.join(", then ");
                (Engine::Sequence(all), description)
            }
        };
        let description = description.replace('\r', "\\r").replace('\n', "\\n");
        Ok(Self {
            engine,
            description: format!("{KIND}{description}"),
        })
    }

    /// Returns the new text of the file at `path`, or `None` if the recipe changes nothing.
    pub fn rewrite(&self, path: &str, text: &str) -> Result<Option<Rewrite>, CodemodError> {
        Ok(match self.apply(path, text)? {
            Applied::Rewritten(rewrite) => Some(rewrite),
            Applied::Unchanged(_) => None,
        })
    }

    /// Returns the new text of the file at `path`, or why the recipe changes nothing.
    pub fn apply(&self, path: &str, text: &str) -> Result<Applied, CodemodError> {
        // A byte order mark is not code, and `^` should match behind it.
        let (bom, body) = match text.strip_prefix('\u{feff}') {
            Some(body) => ("\u{feff}", body),
            None => ("", text),
        };
        Ok(match self.apply_to_body(path, body)? {
            Applied::Rewritten(rewrite) if rewrite.text == body => {
                Applied::Unchanged(Unchanged::NoMatch)
            }
            Applied::Rewritten(rewrite) => Applied::Rewritten(Rewrite {
                text: format!("{bom}{}", rewrite.text),
                ..rewrite
            }),
            unchanged @ Applied::Unchanged(_) => unchanged,
        })
    }

    fn apply_to_body(&self, path: &str, body: &str) -> Result<Applied, CodemodError> {
        let all = match &self.engine {
            Engine::Structural(engine) => return engine.apply(path, body),
            Engine::Regex(engine) => return Ok(engine.apply(body)),
            Engine::Sequence(all) => all,
        };
        let mut now: Option<Rewrite> = None;
        let mut reason = Unchanged::NoLanguage;
        for codemod in all {
            let text = now.as_ref().map_or(body, |rewrite| rewrite.text.as_str());
            match codemod.apply_to_body(path, text)? {
                Applied::Rewritten(next) => {
                    let edits = next.edits + now.map_or(0, |rewrite| rewrite.edits);
                    now = Some(Rewrite { edits, ..next });
                }
                Applied::Unchanged(of_one) => reason = reason.max(of_one),
            }
        }
        Ok(now.map_or(Applied::Unchanged(reason), Applied::Rewritten))
    }

    /// Checks whether a text contains the words of the pattern, wherever they stand; `None` where the codemod has no
    /// pattern.
    pub fn holds_words(&self, text: &str) -> Option<bool> {
        match &self.engine {
            Engine::Structural(engine) => engine.holds_words(text),
            Engine::Regex(_) => None,
            Engine::Sequence(all) => all.iter().filter_map(|it| it.holds_words(text)).max(),
        }
    }

    /// Returns what is wrong with the pattern as code of the language of this file, if anything is.
    pub fn fault_in(&self, path: &str) -> Option<CodemodError> {
        match &self.engine {
            Engine::Structural(engine) => engine.fault_in(path),
            Engine::Regex(_) => None,
            Engine::Sequence(all) => all.iter().find_map(|codemod| codemod.fault_in(path)),
        }
    }

    /// Describes the rewrite in one line for people.
    pub fn describe(&self) -> String {
        self.description.clone()
    }
}
