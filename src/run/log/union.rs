//! The union of a run: its green units, put together and checked before anything is published, as facts and as their
//! fold.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::git::CommitId;
use crate::plan::UnitId;
use crate::run::log::outcome::{WithheldReason, is_default};
use crate::run::log::recorded_path;

/// A unit whose commit a union was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnionMember {
    pub unit: UnitId,
    pub commit: CommitId,
    #[serde(default, skip_serializing_if = "is_default")]
    pub part: UnionPart,
}

/// The part that a unit has in a union.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnionPart {
    /// It is published if the union allows it.
    #[default]
    Candidate,
    /// It is published already, so it is in every set that is checked.
    Published,
    /// A check of it verified nothing, so it is not published and is in no set.
    LeftOut,
}

/// The result of one check of a set of units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnionCheck {
    /// The units that were put together.
    pub units: Vec<UnitId>,
    pub verdict: UnionVerdict,
    /// Why it is not green, in one or more lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub took_ms: u64,
    /// The last lines of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "recorded_path::serialize_optional"
    )]
    pub log: Option<PathBuf>,
}

/// The verdict on a set of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnionVerdict {
    Green,
    Red,
    /// A check failed, and passed when it ran again.
    Flaky,
}

/// How a union ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum UnionEnd {
    /// These units were green together.
    Green {
        units: Vec<UnitId>,
        /// The sets that were red alone, twice, one after another.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        culprits: Vec<Culprit>,
    },
    /// It was red or flaky, and did not come down to a few units.
    Unclear,
    /// It could not be checked.
    NotChecked { reason: String },
}

/// Units that break the union.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    pub units: Vec<UnitId>,
    /// Why they are red alone.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "recorded_path::serialize_optional"
    )]
    pub log: Option<PathBuf>,
}

/// The latest union of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Union {
    /// Its units in the order of needs.
    pub members: Vec<UnionMember>,
    pub checks: Vec<UnionCheck>,
    pub end: Option<UnionEnd>,
}

impl Union {
    pub(crate) fn of(members: Vec<UnionMember>) -> Self {
        Self {
            members,
            checks: Vec::new(),
            end: None,
        }
    }

    /// Checks whether the union was made for this commit of a unit.
    pub(crate) fn covers(&self, unit: &UnitId, commit: &CommitId) -> bool {
        let mut members = self.members.iter();
        members.any(|it| it.unit == *unit && it.commit == *commit)
    }

    /// Returns why the union holds a unit.
    #[must_use]
    pub fn holds(&self, unit: &UnitId) -> Option<WithheldReason> {
        let member = self.members.iter().find(|it| it.unit == *unit)?;
        if member.part != UnionPart::Candidate {
            return None;
        }
        match self.end.as_ref()? {
            UnionEnd::Green { culprits, .. } => culprits
                .iter()
                .any(|it| it.units.contains(unit))
                .then_some(WithheldReason::BreaksUnion),
            UnionEnd::Unclear | UnionEnd::NotChecked { .. } => Some(WithheldReason::UnionUnclear),
        }
    }

    /// Returns how many other units a unit was green together with; `None` where it was not.
    #[must_use]
    pub fn tested_with(&self, unit: &UnitId) -> Option<usize> {
        match self.end.as_ref()? {
            UnionEnd::Green { units, .. } if units.contains(unit) && !self.checks.is_empty() => {
                units.len().checked_sub(1)
            }
            _ => None,
        }
    }
}
