//! What a run checks all its units together with, and what people are told of that beforehand.

use crate::check::Check;
use crate::config::{Config, PublishWhen};
use crate::run::job::run_spec::UnitSpec;
use crate::run::schedule::narrowing::most_checks;
use crate::words;

/// Returns the checks of all units together: those of the settings, or the distinct checks of the units.
pub(crate) fn union_checks(config: &Config, units: &[UnitSpec]) -> Vec<Check> {
    if let Some(lines) = &config.checks.union {
        let given = lines.iter().map(|line| Check::given(line, "--union-check"));
        return given.collect();
    }
    let mut checks: Vec<Check> = Vec::new();
    for check in units.iter().flat_map(|unit| &unit.checks) {
        if !checks.contains(check) {
            checks.push(check.clone());
        }
    }
    checks
}

/// Returns when the run publishes: after a union only where there is something to check, and more than one unit.
pub(crate) fn publish_when(config: &Config, checks: &[Check], units: usize) -> PublishWhen {
    match config.publish.when.unwrap_or_default() {
        PublishWhen::AfterUnion if checks.is_empty() || units < 2 => PublishWhen::AsReady,
        when => when,
    }
}

/// Returns a sentence about the time that the union takes.
pub(crate) fn union_note(config: &Config, checks: &[Check], units: usize) -> Option<String> {
    let is_due = publish_when(config, checks, units) == PublishWhen::AfterUnion;
    is_due.then(|| {
        format!(
            "before anything is published, all that succeeded is checked together: {}, up to {} where one unit breaks \
             the others, up to {} where two do",
            words::count(1, "check run"),
            most_checks(units, 1),
            most_checks(units, 2)
        )
    })
}
