//! The processes that a killed run has left working, in one line.

use std::collections::BTreeMap;

use crate::run::UnitProcess;
use crate::words;

/// A line names at most so many processes of a unit, and so many units.
const NAMED: usize = 6;

/// Returns the processes by their units: `01-api (processes 4711, 4712)`.
#[must_use]
pub(crate) fn render(processes: &[UnitProcess]) -> String {
    let mut units: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for process in processes {
        units.entry(&process.unit).or_default().push(process.pid);
    }
    let named = units.iter().map(|(unit, pids)| {
        let label = match pids.len() {
            1 => "process",
            _ => "processes",
        };
        format!(
            "{} ({label} {})",
            words::line(unit),
            words::few(pids.iter(), NAMED)
        )
    });
    words::few(named, NAMED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_named_by_their_units() {
        let process = |pid, unit: &str| UnitProcess {
            pid,
            unit: unit.to_owned(),
        };
        let all = [process(7, "02-b"), process(5, "01-a"), process(9, "02-b")];
        assert_eq!(render(&all), "01-a (process 5), 02-b (processes 7, 9)");
    }
}
