//! The lines about the check of all units together.

use crate::run::{UnionCheck, UnionEnd, UnionMember, UnionPart, UnionVerdict};
use crate::words;

/// A line names at most so many units.
const UNITS_SHOWN: usize = 3;

pub(super) fn begun(members: &[UnionMember]) -> String {
    let takes_part = |it: &&UnionMember| it.part != UnionPart::LeftOut;
    let units = members.iter().filter(takes_part).count();
    format!(
        "{} are checked together before anything is published",
        words::count(units, "unit")
    )
}

pub(super) fn checked(check: &UnionCheck) -> String {
    let verdict = match check.verdict {
        UnionVerdict::Green => "pass together",
        UnionVerdict::Red => "fail together",
        UnionVerdict::Flaky => "failed together, and passed when it ran again",
    };
    let reason = check.reason.as_deref().map(first_line);
    let reason = reason.map(|reason| format!(": {reason}"));
    format!(
        "{} {verdict} in {}{}",
        words::few(check.units.iter(), UNITS_SHOWN),
        words::duration(check.took_ms),
        reason.unwrap_or_default()
    )
}

/// Says what came of the union; `None` where the units' own lines say all of it.
pub(super) fn ended(end: &UnionEnd) -> Option<String> {
    match end {
        UnionEnd::Green { culprits, .. } if culprits.is_empty() => None,
        UnionEnd::Green { culprits, .. } => {
            let sets = culprits
                .iter()
                .map(|set| words::few(set.units.iter(), UNITS_SHOWN));
            let sets: Vec<String> = sets.collect();
            Some(format!(
                "held: {}; the others pass together",
                sets.join("; ")
            ))
        }
        UnionEnd::Unclear => Some(
            "the failure does not come down to a few units, so nothing is published".to_owned(),
        ),
        UnionEnd::NotChecked { reason } => Some(format!(
            "the units could not be checked together, so nothing is published: {}",
            first_line(reason)
        )),
    }
}

fn first_line(text: &str) -> String {
    words::line(text.lines().next().unwrap_or_default())
}
