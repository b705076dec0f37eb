//! A plan as data: instruction, base, units and their claims.

use std::collections::BTreeMap;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

use super::unit_id::UnitId;
use crate::codemod::OldUsePattern;
use crate::config::AgentOptions;
use crate::git::CommitId;

/// Instruction, base, units and order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The change that the user wants, in their own words.
    pub(crate) instruction: String,
    /// The full id of the commit that the plan was made for.
    pub(crate) base: CommitId,
    /// How the user knows the base: `origin/main`, `HEAD`, `v1.2`.
    pub(crate) base_name: String,
    /// The globs and folders that the user asked for, relative to the repository's root.
    pub(crate) globs: Vec<String>,
    /// The agent that the plan was made with, if the user named one.
    pub(crate) agent: AgentOptions,
    /// Further agents, by the names that units use for them.
    pub(crate) agents: BTreeMap<String, AgentOptions>,
    /// The pattern that nothing in the claimed files matches when the change is done.
    pub(crate) until: Option<OldUsePattern>,
    /// Findings for all units, made before planning.
    pub(crate) research: Research,
    /// In the order in which units are shown and, where nothing else decides, started.
    pub(crate) units: Vec<Unit>,
    /// The last unit, which starts from the work of all others together and may change everything.
    pub(crate) integration: Option<Unit>,
    /// Matching files that are in no unit, with the reason.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Plan {
    /// Returns the work of all units as one unit.
    pub(crate) fn whole(&self) -> Unit {
        let mut claim = Claim::default();
        for unit in &self.units {
            claim.files.extend_from_slice(&unit.claim.files);
            claim.create.extend_from_slice(&unit.claim.create);
        }
        for paths in [&mut claim.files, &mut claim.create] {
            paths.sort();
            paths.dedup();
        }
        Unit {
            id: UnitId::from_valid("all".to_owned()),
            title: "All files".to_owned(),
            description: None,
            agent: None,
            needs: Vec::new(),
            claim,
            size: self.units.iter().map(|unit| unit.size).sum(),
            owners: Vec::new(),
        }
    }

    /// Returns the commit that holds the work, where the work exists already.
    #[must_use]
    pub(crate) fn existing_work(&self) -> Option<CommitId> {
        let id = self.agent.existing_work()?;
        Some(CommitId::new(id.to_ascii_lowercase()))
    }
}

/// The findings of the agent that read the base before planning, for every other agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Research {
    /// The agent that did the research, and its cost, in words. They are only for the record.
    pub(crate) by: Option<String>,
    /// Rules for every agent, a sentence each.
    pub(crate) conventions: Vec<String>,
    /// How to show that the change works from end to end.
    pub(crate) recipe: Option<String>,
}

/// One slice of the change.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub(crate) id: UnitId,
    pub(crate) title: String,
    /// The task of this unit, if the plan says more than the instruction.
    pub(crate) description: Option<String>,
    /// The further agent of the plan that works on it; `None` for the plan's own agent.
    pub(crate) agent: Option<String>,
    pub(crate) needs: Vec<UnitId>,
    pub(crate) claim: Claim,
    pub(crate) size: Size,
    /// The owners of its files, the owner of most files first. Reviewers are suggested from them.
    pub(crate) owners: Vec<String>,
}

/// The paths that a unit may change or create.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Tracked files, as paths from the repository's root, sorted.
    pub(crate) files: Vec<String>,
    /// Where the unit may create files. `dir/` stands for everything below that folder, except where a deeper folder of
    /// another unit applies (`./` is the root); any other entry is one exact path.
    pub(crate) create: Vec<String>,
}

/// How much work a unit is. Lines are newline characters, as `wc -l` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
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
pub(crate) struct LeftOut {
    /// A short reason: `binary`, `generated`, `symlink`, `submodule`, …
    pub(crate) reason: String,
    /// Paths; bytes that are not UTF-8 are shown as `\xNN`.
    pub(crate) files: Vec<String>,
}
