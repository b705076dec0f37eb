//! The check of all units together, in words that the forms of a report share. Text from outside is not cleaned here.

use serde::Serialize;

use super::view;
use crate::plan::UnitId;
use crate::run::{Culprit, RunState, Union, UnionEnd};
use crate::words;

/// At most so many units are named.
const NAMED: usize = 6;

/// What the check of all units together said.
pub(super) struct UnionWords {
    pub(super) said: String,
    /// The units that break it, a paragraph for each set of them.
    pub(super) culprits: Vec<CulpritWords>,
}

/// Units that break what passes without them.
pub(super) struct CulpritWords {
    pub(super) said: String,
    /// Why, in one or more lines.
    pub(super) reason: String,
    pub(super) tail: Option<String>,
    /// Commands that show what each changes, and the log.
    pub(super) places: Vec<String>,
}

/// Returns what the latest union of the run said, where it has ended.
pub(super) fn union(state: &RunState) -> Option<UnionWords> {
    let union = state.union.as_ref()?;
    let runs = words::count(union.checks.len(), "check run");
    let (said, culprits) = match union.end.as_ref()? {
        UnionEnd::Green { units, culprits } if culprits.is_empty() => {
            if union.checks.is_empty() {
                return None;
            }
            let units = words::count(units.len(), "unit");
            (format!("tested together: {units} pass, {runs}"), Vec::new())
        }
        UnionEnd::Green { units, culprits } => {
            let sets = culprits.iter().map(|it| culprit(union, it));
            let said = match units.len() {
                0 => format!("tested together: nothing passes, {runs}"),
                left => format!(
                    "tested together: {} pass, {runs}",
                    words::count(left, "unit")
                ),
            };
            (said, sets.collect())
        }
        UnionEnd::Unclear => {
            let said = format!(
                "tested together: it fails, and does not come down to a few units, {runs}; nothing of it is published"
            );
            (
                said,
                union
                    .checks
                    .iter()
                    .take(1)
                    .map(|check| CulpritWords {
                        said: "all together".to_owned(),
                        reason: check.reason.clone().unwrap_or_default(),
                        tail: check.tail.clone(),
                        places: check.log.iter().map(|log| view::path(log)).collect(),
                    })
                    .collect(),
            )
        }
        UnionEnd::NotChecked { reason } => {
            let said = format!("could not be tested together, so nothing is published: {reason}");
            (said, Vec::new())
        }
    };
    Some(UnionWords { said, culprits })
}

fn culprit(union: &Union, culprit: &Culprit) -> CulpritWords {
    let units = words::few(culprit.units.iter(), NAMED);
    let said = if culprit.units.len() == 1 {
        format!("{units} breaks the checks of the whole, and is held")
    } else {
        format!("{units} break together, and are held; each set without one of them passes")
    };
    let commit = |unit: &UnitId| {
        let member = union.members.iter().find(|it| it.unit == *unit)?;
        Some(format!("git show {}", member.commit))
    };
    let diffs = culprit.units.iter().filter_map(commit);
    CulpritWords {
        said,
        reason: culprit.reason.clone(),
        tail: culprit.tail.clone(),
        places: diffs
            .chain(culprit.log.iter().map(|log| view::path(log)))
            .collect(),
    }
}

/// The check of all units together, for scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct UnionReport {
    /// `running`, `green`, `unclear` or `not-checked`.
    result: &'static str,
    check_runs: usize,
    /// The units that passed together.
    units: Vec<String>,
    culprits: Vec<CulpritReport>,
    reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CulpritReport {
    units: Vec<String>,
    reason: String,
    tail: Option<String>,
    log: Option<String>,
}

impl UnionReport {
    pub(super) fn of(union: &Union) -> Self {
        let ids = |units: &[UnitId]| units.iter().map(ToString::to_string).collect();
        let mut report = Self {
            result: "running",
            check_runs: union.checks.len(),
            units: Vec::new(),
            culprits: Vec::new(),
            reason: None,
        };
        match &union.end {
            None => {}
            Some(UnionEnd::Green { units, culprits }) => {
                report.result = "green";
                report.units = ids(units);
                let culprits = culprits.iter().map(|it| CulpritReport {
                    units: ids(&it.units),
                    reason: it.reason.clone(),
                    tail: it.tail.clone(),
                    log: view::optional_path(it.log.as_ref()),
                });
                report.culprits = culprits.collect();
            }
            Some(UnionEnd::Unclear) => report.result = "unclear",
            Some(UnionEnd::NotChecked { reason }) => {
                report.result = "not-checked";
                report.reason = Some(reason.clone());
            }
        }
        report
    }
}
