//! Counts the old uses in a text that a change must remove.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::CodemodError;
use super::recipe::{Codemod, Recipe};

/// Describes the old uses that a change must remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldUsePattern {
    /// An ast-grep pattern, matched in the language of each file.
    Pattern(String),
    /// A regular expression, matched in any text file.
    Regex(String),
}

/// A compiled [`OldUsePattern`].
#[derive(Clone)]
pub struct OldUseCounter {
    // Removes every old use: the number of its edits is the count.
    remover: Arc<Codemod>,
}

impl OldUseCounter {
    /// Compiles a pattern; every fault of the pattern is an error here.
    pub fn compile(pattern: &OldUsePattern) -> Result<Self, CodemodError> {
        let to = String::new();
        let recipe = match pattern.clone() {
            OldUsePattern::Pattern(pattern) => Recipe::Pattern {
                pattern,
                to,
                lang: None,
            },
            OldUsePattern::Regex(regex) => Recipe::Regex { regex, to },
        };
        Ok(Self {
            remover: Arc::new(Codemod::compile(&recipe)?),
        })
    }

    /// Counts the old uses in the text of the file at `path`. A use inside another does not count.
    pub fn count(&self, path: &str, text: &str) -> Result<usize, CodemodError> {
        let rewrite = self.remover.rewrite(path, text)?;
        Ok(rewrite.map_or(0, |rewrite| rewrite.edits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pattern: &OldUsePattern, path: &str, text: &str) -> usize {
        let counter = OldUseCounter::compile(pattern).unwrap();
        counter.count(path, text).unwrap()
    }

    #[test]
    fn old_uses_are_counted_by_syntax_or_by_text() {
        let calls = OldUsePattern::Pattern("old($A)".into());
        assert_eq!(count(&calls, "a.js", "old(1); old(2); // old(3)\n"), 2);
        assert_eq!(count(&calls, "a.txt", "old(1)"), 0);
        let words = OldUsePattern::Regex(r"\bold\b".into());
        assert_eq!(count(&words, "a.txt", "old older old\n"), 2);
        assert_eq!(count(&words, "a.txt", ""), 0);
    }

    #[test]
    fn a_faulty_pattern_is_refused() {
        assert!(OldUseCounter::compile(&OldUsePattern::Regex("(".into())).is_err());
        assert!(OldUseCounter::compile(&OldUsePattern::Pattern("f($A".into())).is_err());
    }
}
