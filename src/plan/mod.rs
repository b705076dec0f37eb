//! Glob and instruction in, a proven plan out: which units, which files each of them owns, and in what order.
//!
//! Pure but for reading the base: the same base and the same request always make the same plan. This room knows git
//! objects and the codemod (a plan holds only files that a codemod really changes); it knows nothing of runs, agents,
//! forges or the terminal.

mod anew;
mod base_files;
pub mod claim;
mod content;
mod drift;
mod edit;
pub mod file;
mod forecast;
pub mod graph;
mod hot;
mod make;
mod near;
pub mod order;
pub mod owners;
pub mod partition;
mod proposal;
mod scan;
pub mod select;
mod spread;
pub mod title;

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

pub use anew::anew;
pub use base_files::BaseFiles;
pub use drift::Drift;
pub use edit::{Edit, EditError};
pub use forecast::{Forecast, forecast};
pub use make::{PlanError, Request, load, make, tracked};
pub use proposal::{
    Cluster, KeyFile, Outline, Proposal, ProposalError, ProposedLeftOut, ProposedUnit, Repair,
    SCHEMA as PROPOSAL_SCHEMA, Why, from_proposal,
};

use crate::codemod::Sought;
use crate::config::AgentOptions;

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
    pub fn parse(text: &str) -> Result<Self, String> {
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
                "{text:?} cannot be a unit id: use at most 64 lower-case letters, digits, '-', '_' and '.', starting with a letter or digit"
            ))
        }
    }

    /// No unit, but what all of them start from, where it is worked on like one. No unit's id begins with a point.
    pub(crate) fn base() -> Self {
        Self(".base".to_owned())
    }

    /// No unit either, but whoever reads the base before there are units.
    pub(crate) fn research() -> Self {
        Self(".research".to_owned())
    }

    /// The id with more behind it: what comes of a unit later is called by it. It may be longer than a plan's own.
    pub(crate) fn followed_by(&self, more: &str) -> Self {
        Self(format!("{}{more}", self.0))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
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

/// Instruction, base, units and order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What the user wants changed, in their own words.
    pub instruction: String,
    /// The full id of the commit that the plan was made for.
    pub base: String,
    /// How the user knows the base: `origin/main`, `HEAD`, `v1.2`.
    pub base_name: String,
    /// The globs and folders that were asked for, relative to the repository's root.
    pub globs: Vec<String>,
    /// The agent that the plan was made with, if one was named.
    pub agent: AgentOptions,
    /// Further agents, by the names that units call them by.
    pub agents: BTreeMap<String, AgentOptions>,
    /// What must be found nowhere in the claimed files when the change is done, if anything.
    pub until: Option<Sought>,
    /// What was found out for all units before.
    pub research: Research,
    /// In the order they are shown and, where nothing else decides, started.
    pub units: Vec<Unit>,
    /// Matched files that are in no unit, with the reason.
    pub left_out: Vec<LeftOut>,
}

/// What somebody who has looked at the base before the work begins can tell everybody who takes part in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Research {
    /// Who looked, and what that took, in words. A record only.
    pub by: Option<String>,
    /// What everybody must heed, a sentence each.
    pub conventions: Vec<String>,
    /// How to show that the change works from end to end.
    pub recipe: Option<String>,
}

/// One slice of the change.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub id: UnitId,
    pub title: String,
    /// What is to be done in it, where somebody has said it.
    pub description: Option<String>,
    /// Who of the plan's further agents works on it; the plan's own where none is named.
    pub agent: Option<String>,
    pub needs: Vec<UnitId>,
    pub claim: Claim,
    pub size: Size,
    /// Who owns its files, who owns most of them first: the reviewers to suggest.
    pub owners: Vec<String>,
}

/// What a unit owns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Tracked files, as paths from the repository's root, sorted.
    pub files: Vec<String>,
    /// Where it may create files: `dir/` stands for all below that folder which no other unit's deeper folder covers
    /// (`./` is the root); anything else for one exact path.
    pub create: Vec<String>,
}

/// How much work a unit is. Lines are newline characters, as `wc -l` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    pub lines: u64,
    pub bytes: u64,
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), |sum, size| Self {
            lines: sum.lines + size.lines,
            bytes: sum.bytes + size.bytes,
        })
    }
}

/// Files that match but are not worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// A short reason: `binary`, `generated`, `symlink`, `submodule`, …
    pub reason: String,
    /// Paths; bytes that are not UTF-8 are shown as `\xNN`.
    pub files: Vec<String>,
}
