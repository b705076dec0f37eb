//! Units that are alike: failures with the same cause, and helpers that several units wrote. Each comes with the
//! command that does all of them again.

use serde::Serialize;

use crate::plan::UnitId;
use crate::run::{FailureCluster, HelperDouble, RunState, failure_clusters};
use crate::words;

/// At most so many units or places are named.
const NAMED: usize = 6;

/// Something that several units have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Likeness {
    /// What they have in common, on one line.
    pub(super) said: String,
    /// The command that does all of them again, where the run has ended.
    pub(super) command: Option<String>,
}

/// Returns the causes for which several units failed.
pub(super) fn failures(state: &RunState) -> Vec<Likeness> {
    let clusters = failure_clusters(state).into_iter();
    let several = clusters.filter(|cluster| cluster.units().len() > 1);
    several
        .filter_map(|cluster| {
            let count = words::count(cluster.units().len(), "unit");
            let names = words::few(cluster.units(), NAMED);
            let cause = words::line(&cluster.cause);
            Some(Likeness {
                said: format!("{count}: {cause} ({names})"),
                command: command(state, cluster.failed.first()?.as_str()),
            })
        })
        .collect()
}

/// Returns the helpers that several units wrote under different names.
pub(super) fn helpers(state: &RunState) -> Vec<Likeness> {
    let doubles = state.helper_doubles.iter();
    doubles
        .filter_map(|double| {
            let places = double.places.iter().map(|it| {
                let (path, name) = (words::line(&it.path), words::line(&it.name));
                format!("{name} in {path} ({})", it.unit)
            });
            Some(Likeness {
                said: format!(
                    "{} wrote the same helper under different names: {}",
                    words::count(units(double), "unit"),
                    words::few(places, NAMED)
                ),
                command: command(state, double.places.first()?.unit.as_str()),
            })
        })
        .collect()
}

/// A cause for which several units failed, for scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ClusterReport {
    cause: String,
    /// The units that failed.
    failed: Vec<UnitId>,
    /// The units that did not start because these had failed.
    spared: Vec<UnitId>,
    /// The command that does all of them again.
    next: Option<String>,
}

impl ClusterReport {
    /// Returns all causes for which several units failed.
    pub(super) fn all(state: &RunState) -> Vec<Self> {
        let clusters = failure_clusters(state);
        let several = clusters.iter().filter(|it| it.units().len() > 1);
        several.map(|it| Self::new(state, it)).collect()
    }

    fn new(state: &RunState, cluster: &FailureCluster) -> Self {
        Self {
            cause: cluster.cause.clone(),
            failed: cluster.failed.clone(),
            spared: cluster.spared.clone(),
            next: cluster
                .failed
                .first()
                .and_then(|unit| command(state, unit.as_str())),
        }
    }
}

/// A helper that several units wrote, for scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct DoubleReport {
    #[serde(flatten)]
    double: HelperDouble,
    /// The command that does the units again.
    next: Option<String>,
}

impl DoubleReport {
    /// Returns all helpers that several units wrote.
    pub(super) fn all(state: &RunState) -> Vec<Self> {
        let doubles = state.helper_doubles.iter();
        doubles.map(|it| Self::new(state, it)).collect()
    }

    fn new(state: &RunState, double: &HelperDouble) -> Self {
        let first = double.places.first();
        Self {
            double: double.clone(),
            next: first.and_then(|it| command(state, it.unit.as_str())),
        }
    }
}

/// Returns the command that does the units again that are like this one. A run that goes on retries nothing.
fn command(state: &RunState, unit: &str) -> Option<String> {
    state.ended_at?;
    Some(format!("batch retry --like {unit} --run {}", state.id))
}

fn units(double: &HelperDouble) -> usize {
    let mut units: Vec<_> = double.places.iter().map(|it| &it.unit).collect();
    units.dedup();
    units.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{self, SampleRun};

    #[test]
    fn what_several_units_have_in_common_comes_with_the_command_for_all_of_them() {
        let state = sample::alike().ended(20);
        let [failures] = &failures(&state)[..] else {
            panic!("one cause");
        };
        assert_eq!(
            failures.said,
            "2 units: Cannot find name 'Foo' (01-a, 02-b)"
        );
        assert_eq!(
            failures.command.as_deref(),
            Some("batch retry --like 01-a --run 20261121-k3f9")
        );
        let [helper] = &helpers(&state)[..] else {
            panic!("one helper");
        };
        assert_eq!(
            helper.said,
            "2 units wrote the same helper under different names: format in src/03-c.js (03-c), money in src/04-d.js \
             (04-d)"
        );
        assert_eq!(
            helper.command.as_deref(),
            Some("batch retry --like 03-c --run 20261121-k3f9")
        );
        assert_eq!(ClusterReport::all(&state)[0].failed.len(), 2);
        assert_eq!(DoubleReport::all(&state)[0].double.places.len(), 2);
    }

    #[test]
    fn a_run_that_goes_on_names_no_command_and_one_unit_is_no_cluster() {
        let state = sample::alike().state();
        assert_eq!(failures(&state)[0].command, None);
        assert_eq!(helpers(&state)[0].command, None);
        let one = SampleRun::of(["01-a"])
            .failed_with("01-a", 0, 10, "no", "")
            .ended(20);
        assert_eq!(failures(&one), []);
        assert_eq!(ClusterReport::all(&one), []);
    }
}
