//! Compares each unit with its siblings: finished units whose change, time or cost is far from all others, and units
//! that work much longer than the finished ones did.

use crate::plan::UnitId;
use crate::run::{Phase, RunState, UnitState};
use crate::words;

/// A unit is compared with at least so many siblings.
const FEWEST_SIBLINGS: usize = 5;
/// An outlier is more than so many times as large as three quarters of its siblings, in all and by its own size.
const TIMES: f64 = 5.0;

/// A straggler works so many times as long as its finished siblings did in the median.
const STRAGGLES: f64 = 3.0;
/// A straggler has at least so many finished siblings.
const FEWEST_FINISHED: usize = 3;
/// A straggler has worked for at least so many milliseconds.
const SHORTEST: f64 = 60_000.0;

/// A quantity by which units are compared.
struct Measure {
    value: fn(&UnitState) -> Option<f64>,
    /// How large the unit was planned.
    size: fn(&UnitState) -> f64,
    /// A smaller value is no outlier.
    least: f64,
    /// Says what the unit did; the argument is the median of its siblings.
    words: fn(&UnitState, f64) -> String,
}

const MEASURES: [Measure; 4] = [
    Measure {
        value: |unit| Some(float(unit.attempt.changes()?.lines())),
        size: |unit| lossy(unit.header.lines),
        least: 200.0,
        words: |unit, median| {
            let changes = unit.attempt.changes().unwrap_or_default();
            format!(
                "changes +{}/−{} lines, the other units {median:.0} in the median",
                changes.insertions, changes.deletions
            )
        },
    },
    Measure {
        value: |unit| Some(float(unit.attempt.changes()?.files)),
        size: |unit| float(unit.header.files),
        least: 20.0,
        words: |unit, median| {
            let files = unit.attempt.changes().unwrap_or_default().files;
            format!("changes {files} files, the other units {median:.0} in the median")
        },
    },
    Measure {
        value: |unit| unit.attempt.agent_took_ms.map(lossy),
        size: |unit| lossy(unit.header.lines),
        least: 600_000.0,
        words: |unit, median| {
            let took = words::duration(unit.attempt.agent_took_ms.unwrap_or_default());
            let median = milliseconds(median);
            format!("its agent took {took}, those of the other units {median} in the median")
        },
    },
    Measure {
        value: cost,
        size: |unit| lossy(unit.header.lines),
        least: 2.0,
        words: |unit, median| {
            let cost = cost(unit).unwrap_or_default();
            format!("cost ${cost:.2}, the other units ${median:.2} in the median")
        },
    },
];

/// Returns the units that are far from their siblings, each with a sentence without its subject.
pub(super) fn remarks(state: &RunState, now: i64) -> Vec<(&UnitId, String)> {
    let finished: Vec<&UnitState> = state
        .units
        .iter()
        .filter(|unit| unit.attempt.commit.is_some())
        .collect();
    let mut remarks = Vec::new();
    for unit in &state.units {
        let is_finished = unit.attempt.commit.is_some();
        let outliers = MEASURES.iter().filter(|_| is_finished);
        let outliers = outliers.filter_map(|measure| outlier(unit, &finished, measure));
        let all = outliers.chain(straggler(unit, &finished, now));
        remarks.extend(all.map(|said| (&unit.header.id, said)));
    }
    remarks
}

/// Says that a finished unit is far from its siblings, where it is.
fn outlier(unit: &UnitState, finished: &[&UnitState], measure: &Measure) -> Option<String> {
    let value = (measure.value)(unit)?;
    let by_size = |unit: &UnitState, value: f64| value / (measure.size)(unit).max(1.0);
    let siblings: Vec<(f64, f64)> = finished
        .iter()
        .filter(|other| other.header.id != unit.header.id)
        .filter_map(|other| {
            let value = (measure.value)(other)?;
            Some((value, by_size(other, value)))
        })
        .collect();
    if siblings.len() < FEWEST_SIBLINGS || value < measure.least {
        return None;
    }
    let (values, by_sizes): (Vec<f64>, Vec<f64>) = siblings.into_iter().unzip();
    let is_far = value > TIMES * upper_quartile(values.clone())?
        && by_size(unit, value) > TIMES * upper_quartile(by_sizes)?;
    let middle = median(values)?;
    is_far.then(|| (measure.words)(unit, middle))
}

/// Says that a unit works much longer than its finished siblings did, where it does.
fn straggler(unit: &UnitState, finished: &[&UnitState], now: i64) -> Option<String> {
    // A unit that waits for its provider or for others does not work.
    let works = matches!(&unit.phase, Phase::Running { .. })
        && unit.interruption.is_none()
        && unit.attempt.commit.is_none();
    let took = unit.took_ms(now).filter(|_| works)?;
    let times = finished.iter().filter_map(|other| other.took_ms(now));
    let times: Vec<f64> = times.map(lossy).collect();
    if times.len() < FEWEST_FINISHED || lossy(took) < SHORTEST {
        return None;
    }
    let middle = median(times)?;
    (lossy(took) > STRAGGLES * middle).then(|| {
        format!(
            "works for {} already, the finished units took {} in the median",
            words::duration(took),
            milliseconds(middle)
        )
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn upper_quartile(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 3 / 4).copied()
}

fn cost(unit: &UnitState) -> Option<f64> {
    let spent = unit.spent()?;
    spent.knows_cost().then(|| spent.least_cost().dollars())
}

fn milliseconds(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of floats saturates"
    )]
    words::duration(value as u64)
}

fn float(count: usize) -> f64 {
    lossy(u64::try_from(count).unwrap_or(u64::MAX))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a comparison needs no exact number"
)]
fn lossy(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::SampleRun;
    use crate::run::{ChangeCount, Outcome, Step, UnitFact};

    const UNITS: [&str; 7] = ["01-a", "02-b", "03-c", "04-d", "05-e", "06-f", "07-g"];

    /// A run whose units were committed after so many lines changed.
    fn run(lines: &[usize]) -> RunState {
        let mut run = SampleRun::of(UNITS);
        for (unit, lines) in UNITS.iter().zip(lines) {
            let changes = ChangeCount {
                files: 1,
                insertions: *lines,
                deletions: 1,
            };
            run = run
                .fact(unit, 0, step())
                .fact(unit, 1, proven(changes))
                .fact(unit, 60_000, committed())
                .fact(
                    unit,
                    60_000,
                    UnitFact::Ended {
                        outcome: Outcome::Committed,
                    },
                );
        }
        run.state()
    }

    fn step() -> UnitFact {
        UnitFact::StepStarted {
            step: Step::Agent,
            detail: None,
        }
    }

    fn committed() -> UnitFact {
        let commit = crate::git::CommitId::new("1".repeat(40));
        UnitFact::Committed { commit }
    }

    fn proven(changes: ChangeCount) -> UnitFact {
        UnitFact::ScopeProven {
            tree: crate::git::TreeId::new("2".repeat(40)),
            changes,
            acquired: crate::run::Acquired::default(),
            left_out: Vec::new(),
            left_to_others: 0,
            claimed_changed: None,
            regenerated: Vec::new(),
        }
    }

    fn said(state: &RunState, now: i64) -> Vec<String> {
        let remarks = remarks(state, now).into_iter();
        remarks
            .map(|(unit, said)| format!("{unit} {said}"))
            .collect()
    }

    #[test]
    fn a_change_that_is_far_from_its_siblings_is_named() {
        let far = run(&[1, 1, 2, 1, 1, 1601]);
        let words = "06-f changes +1601/−1 lines, the other units 2 in the median";
        assert_eq!(said(&far, 0), [words]);
        // Few siblings, a small change, and siblings that differ among themselves say nothing.
        for lines in [
            &[1, 1, 1, 1, 1601][..],
            &[1, 1, 1, 1, 1, 150],
            &[10, 900, 40, 2000, 1, 2500],
        ] {
            assert_eq!(said(&run(lines), 0), [""; 0], "{lines:?}");
        }
    }

    #[test]
    fn a_unit_that_works_three_times_as_long_as_the_finished_ones_is_named() {
        let mut state = run(&[1, 1, 1]);
        state.units[4].phase = Phase::Running {
            step: Step::Agent,
            detail: None,
        };
        state.units[4].started_at = Some(0);
        assert_eq!(said(&state, 170_000), [""; 0]);
        let words = "05-e works for 3m20s already, the finished units took 1m00s in the median";
        assert_eq!(said(&state, 200_000), [words]);
    }
}
