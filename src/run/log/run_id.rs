//! The name of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of one execution of a plan: the date and four random letters or digits, such as `20261121-k3f9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Makes a new id for a run that starts on `date`; `random` chooses the letters.
    pub fn new(date: jiff::civil::Date, random: &mut fastrand::Rng) -> Self {
        const LETTERS: &[u8] = b"0123456789abcdefghijkmnpqrstuvwxyz";
        let tail: String = (0..4)
            .map(|_| char::from(LETTERS[random.usize(..LETTERS.len())]))
            .collect();
        Self(format!("{}-{tail}", date.strftime("%Y%m%d")))
    }

    /// Takes the text of an id from the journal.
    #[must_use]
    pub fn from_journal(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Checks whether the id is a plain name, as each id is that batch makes. A journal may hold anything.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !self.0.is_empty() && self.0.chars().all(is_plain)
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
