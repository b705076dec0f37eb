//! The id of a unit, as a type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The short name of a unit, unique in its plan: part of its branch, its folder and its log's path.
///
/// Lower-case ASCII letters, digits, `-`, `_` and `.`, starting with a letter or digit, at most 64 characters, without
/// `..` and not ending in `.` or `.lock`, so that it is always a valid component of a git ref
/// (git-check-ref-format(1)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UnitId(String);

impl UnitId {
    /// Reads a unit id.
    ///
    /// # Errors
    /// The rule that the text breaks, as a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| {
                c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')
            })
            && !text.contains("..")
            && !text.ends_with('.')
            && !text.as_bytes().ends_with(b".lock");
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} cannot be a unit id: use at most 64 lower-case letters, digits, '-', '_' and '.', \
                 starting with a letter or digit"
            ))
        }
    }

    /// Makes an id from text that is known to keep the rules.
    pub(super) fn from_valid(text: String) -> Self {
        debug_assert!(Self::parse(&text).is_ok(), "{text}");
        Self(text)
    }

    /// The id for work on the base itself, which is not a unit. No unit's id begins with a point.
    pub(crate) fn base() -> Self {
        Self(".base".to_owned())
    }

    /// The id for the union of all units, which is not a unit either.
    pub(crate) fn union() -> Self {
        Self(".union".to_owned())
    }

    /// The id for research before there are units, which is not a unit either.
    pub(crate) fn research() -> Self {
        Self(".research".to_owned())
    }

    /// Returns the id with a suffix, for follow-up work on a unit. It may be longer than the ids in a plan.
    pub(crate) fn with_suffix(&self, more: &str) -> Self {
        Self(format!("{}{more}", self.0))
    }

    /// Returns the id as text.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for UnitId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
