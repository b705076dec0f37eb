//! Counts the outcomes of units, and writes the sentence at the end of every report.

use std::fmt::Write as _;

use serde::Serialize;

use super::view;
use crate::run::{Liveness, Outcome, Phase, RunState, StopReason};
use crate::words;

/// The number of units in each state; the parts add up to `units`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub units: usize,
    pub published: usize,
    pub committed: usize,
    pub no_change: usize,
    pub failed: usize,
    pub withheld: usize,
    pub blocked: usize,
    pub stopped: usize,
    pub skipped: usize,
    pub left_out: usize,
    pub running: usize,
    pub waiting: usize,
}

impl Totals {
    #[must_use]
    pub fn of(state: &RunState) -> Self {
        let mut totals = Self::default();
        for unit in &state.units {
            totals.units += 1;
            let part = match &unit.phase {
                Phase::Waiting => &mut totals.waiting,
                Phase::Running { .. } => &mut totals.running,
                Phase::Ended(Outcome::Published) => &mut totals.published,
                Phase::Ended(Outcome::Committed) => &mut totals.committed,
                Phase::Ended(Outcome::NoChange { .. }) => &mut totals.no_change,
                Phase::Ended(Outcome::Failed { .. }) => &mut totals.failed,
                Phase::Ended(Outcome::Withheld { .. }) => &mut totals.withheld,
                Phase::Ended(Outcome::Blocked { .. }) => &mut totals.blocked,
                Phase::Ended(Outcome::Stopped) => &mut totals.stopped,
                Phase::Ended(Outcome::Skipped { .. }) => &mut totals.skipped,
                Phase::Ended(Outcome::LeftOut { .. }) => &mut totals.left_out,
            };
            *part += 1;
        }
        totals
    }
}

/// Returns the last line of a report: `22 of 24 units published, 2 failed · 6m12s, 5.1× faster than one unit at a
/// time`. The gain is named only where there is one.
pub(crate) fn sentence(state: &RunState, liveness: Liveness) -> String {
    let totals = Totals::of(state);
    // A dry run publishes nothing by intent, so its commits are counted.
    let (good, good_word, commits_beside) = if totals.published == 0 && totals.committed > 0 {
        (totals.committed, "committed", 0)
    } else {
        (totals.published, "published", totals.committed)
    };
    let (under_way, ahead) = match liveness {
        Liveness::Died => ("interrupted", "not started"),
        Liveness::Going | Liveness::Ended => ("running", "waiting"),
    };
    let units = words::count(totals.units, "unit");
    let mut sentence = format!("{good} of {units} {good_word}");
    let mut parts = vec![
        (commits_beside, "committed"),
        (totals.no_change, "without change"),
        (totals.failed, "failed"),
        (totals.withheld, "withheld"),
        (totals.blocked, "blocked"),
        (totals.stopped, "stopped"),
        (totals.skipped, "skipped"),
    ];
    parts.extend(left_out(state));
    parts.extend([(totals.running, under_way), (totals.waiting, ahead)]);
    for (count, word) in parts {
        if count > 0 {
            let _ = write!(sentence, ", {count} {word}");
        }
    }
    sentence
}

/// Counts the units that were not started although nobody skipped them, for each reason.
fn left_out(state: &RunState) -> Vec<(usize, &'static str)> {
    let mut parts: Vec<(usize, &str)> = Vec::new();
    for (why, units) in view::left_out(state) {
        let words = left_out_words(why);
        match parts.iter_mut().find(|(_, known)| *known == words) {
            Some((count, _)) => *count += units.len(),
            None => parts.push((units.len(), words)),
        }
    }
    parts
}

/// Why units were not started though nobody asked to skip them.
fn left_out_words(why: &StopReason) -> &'static str {
    match why {
        StopReason::Budget { .. } => "skipped (budget used up)",
        StopReason::Tokens { .. } => "skipped (tokens used up)",
        StopReason::Deadline { .. } => "skipped (deadline)",
        StopReason::Refused { .. } => "skipped (agent refused)",
        StopReason::Canary => "skipped (canary not accepted)",
        StopReason::SameFailure { .. } => "skipped (the first units failed alike)",
        StopReason::Strayed { .. } => "skipped (an agent strayed)",
    }
}

/// `22 of 24 units published, 2 failed · 6m12s, 5.1× faster than one unit at a time`; the gain is told only where there
/// is one.
pub(super) fn closing(state: &RunState, liveness: Liveness, now: i64) -> String {
    let took = state.took_ms(now);
    let mut closing = format!("{} · {}", sentence(state, liveness), words::duration(took));
    if let Some(uses) = state.old_uses {
        let old = words::count(uses.before, "old use");
        let _ = write!(closing, " · {} of {old} left", uses.left);
    }
    let worked = state
        .units
        .iter()
        .filter(|unit| unit.took_ms(now).is_some())
        .count();
    if let Some(tenths) = (state.serial_ms(now) * 10).checked_div(took)
        && state.ended_at.is_some()
        && worked > 1
        // One job is one after another; what overlaps then is only the waiting for servers.
        && state.header.jobs > 1
        && tenths > 10
    {
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let _ = write!(closing, ", {whole}.{tenth}× faster than one unit at a time");
    }
    if let Some(spent) = state.spent() {
        let _ = write!(closing, " · {spent}");
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::SampleRun;

    #[test]
    fn the_gain_is_told_only_where_there_is_one() {
        let alone = SampleRun::of(["a"]).published("a", 0, 60_000).ended(61_000);
        assert_eq!(
            closing(&alone, Liveness::Ended, 0),
            "1 of 1 unit published · 1m01s"
        );

        let in_turn = SampleRun::of(["a", "b"])
            .published("a", 0, 30_000)
            .published("b", 30_000, 60_000)
            .ended(61_000);
        assert_eq!(
            closing(&in_turn, Liveness::Ended, 0),
            "2 of 2 units published · 1m01s"
        );

        let at_once = SampleRun::of(["a", "b"])
            .published("a", 0, 60_000)
            .published("b", 0, 50_000)
            .ended(61_000);
        assert_eq!(
            closing(&at_once, Liveness::Ended, 0),
            "2 of 2 units published · 1m01s, 1.8× faster than one unit at a time"
        );
    }

    #[test]
    fn one_job_gains_nothing() {
        let mut state = SampleRun::of(["a", "b"])
            .published("a", 0, 30_000)
            .published("b", 20_000, 50_000)
            .ended(51_000);
        state.header.jobs = 1;
        assert_eq!(
            closing(&state, Liveness::Ended, 0),
            "2 of 2 units published · 51s"
        );
    }

    #[test]
    fn a_run_that_is_going_boasts_of_nothing() {
        let state = SampleRun::of(["a", "b", "c"])
            .published("a", 0, 9_000)
            .published("b", 0, 9_000)
            .step("c", 100)
            .state();
        assert_eq!(
            closing(&state, Liveness::Going, 10_000 + state.started_at),
            "2 of 3 units published, 1 running · 10s"
        );
    }

    #[test]
    fn a_dry_run_counts_its_commits() {
        let state = SampleRun::of(["a", "b"])
            .committed("a", 0, 1_000)
            .failed("b", 0, 900)
            .ended(2_000);
        assert_eq!(
            closing(&state, Liveness::Ended, 0),
            "1 of 2 units committed, 1 failed · 2.0s"
        );
    }

    #[test]
    fn every_unit_is_counted_once() {
        let totals = Totals::of(&crate::report::sample::mixed());
        let parts = totals.published
            + totals.committed
            + totals.no_change
            + totals.failed
            + totals.blocked
            + totals.withheld
            + totals.stopped
            + totals.skipped
            + totals.left_out
            + totals.running
            + totals.waiting;
        assert_eq!(parts, totals.units);
    }
}
