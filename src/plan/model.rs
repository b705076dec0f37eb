//! A plan as data: instruction, base, units and their claims.

use std::collections::BTreeMap;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

use super::unit_id::UnitId;
use crate::codemod::Sought;
use crate::config::AgentOptions;

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
