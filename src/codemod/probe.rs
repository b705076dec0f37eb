//! What must not be found any more when a change is done, and how often a text still holds it.

use serde::{Deserialize, Serialize};

use super::{Codemod, CodemodError, Recipe};

/// An old way of writing, as a pattern or a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sought {
    /// An ast-grep pattern, looked for in each file's own language.
    Pattern(String),
    /// A regular expression, in any text file.
    Regex(String),
}

/// A sound [`Sought`], ready to count.
pub struct Probe {
    // What would be rewritten is what is found, one inside another included.
    finder: Codemod,
}

impl Probe {
    /// Finds every fault of what is sought before any file is read.
    pub fn compile(sought: &Sought) -> Result<Self, CodemodError> {
        let to = String::new();
        let recipe = match sought.clone() {
            Sought::Pattern(pattern) => Recipe::Pattern {
                pattern,
                to,
                lang: None,
            },
            Sought::Regex(regex) => Recipe::Regex { regex, to },
        };
        Ok(Self {
            finder: Codemod::compile(&recipe)?,
        })
    }

    /// How many places of the text hold what is sought. A place inside another is part of it.
    pub fn count(&self, path: &str, text: &str) -> Result<usize, CodemodError> {
        let found = self.finder.rewrite(path, text)?;
        Ok(found.map_or(0, |found| found.edits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(sought: &Sought, path: &str, text: &str) -> usize {
        Probe::compile(sought).unwrap().count(path, text).unwrap()
    }

    #[test]
    fn places_are_counted_by_syntax_or_by_letters() {
        let calls = Sought::Pattern("old($A)".into());
        assert_eq!(count(&calls, "a.js", "old(1); old(2); // old(3)\n"), 2);
        assert_eq!(count(&calls, "a.txt", "old(1)"), 0);
        let words = Sought::Regex(r"\bold\b".into());
        assert_eq!(count(&words, "a.txt", "old older old\n"), 2);
        assert_eq!(count(&words, "a.txt", ""), 0);
    }

    #[test]
    fn a_faulty_one_is_refused() {
        assert!(Probe::compile(&Sought::Regex("(".into())).is_err());
        assert!(Probe::compile(&Sought::Pattern("f($A".into())).is_err());
    }
}
