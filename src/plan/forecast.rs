//! Forecasts how long a plan takes: with some units at once, one after another, and along its critical path.
//!
//! Pure: the caller supplies the time of each unit, from earlier runs. This file knows neither the journal nor a clock.

use super::model::Unit;
use super::order::{OrderError, needs};
use super::unit_id::UnitId;

/// Times of a whole plan, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// With as many units at once as asked for.
    pub(crate) concurrent: u64,
    /// One unit after another.
    pub(crate) serial: u64,
    /// The longest chain of units in which each needs the one before. More jobs do not make it shorter.
    pub(crate) critical_path: Vec<UnitId>,
    pub(crate) critical_path_time: u64,
}

/// Forecasts the plan. A unit starts when everything it needs is done and a job is free; of the units that could start,
/// the largest goes first. `takes` returns the time of a unit.
pub(crate) fn forecast(
    units: &[Unit],
    takes: impl Fn(&Unit) -> u64,
    jobs: usize,
) -> Result<Forecast, OrderError> {
    let needs = needs(units)?;
    let takes: Vec<u64> = units.iter().map(takes).collect();
    let mut ended = vec![false; units.len()];
    // The end of each running unit, and its place.
    let mut running: Vec<(u64, usize)> = Vec::new();
    let mut begun = vec![false; units.len()];
    let mut now = 0;
    // When the chain that ends with a unit is over, if there were a job for every unit; and the unit before it in the
    // chain.
    let mut chains: Vec<(u64, Option<usize>)> = vec![(0, None); units.len()];
    loop {
        let mut ready: Vec<usize> = (0..units.len())
            .filter(|&unit| !begun[unit])
            .filter(|&unit| needs[unit].iter().all(|&need| ended[need]))
            .collect();
        ready.sort_by_key(|&unit| std::cmp::Reverse(units[unit].size.lines));
        for unit in ready
            .into_iter()
            .take(jobs.max(1).saturating_sub(running.len()))
        {
            begun[unit] = true;
            running.push((now + takes[unit], unit));
            let before = needs[unit]
                .iter()
                .copied()
                .max_by_key(|&need| chains[need].0);
            let from = before.map_or(0, |need| chains[need].0);
            chains[unit] = (from + takes[unit], before);
        }
        running.sort_unstable();
        if running.is_empty() {
            break;
        }
        let (end, unit) = running.remove(0);
        now = end;
        ended[unit] = true;
    }
    let mut critical_path = Vec::new();
    let mut at = (0..units.len()).max_by_key(|&unit| (chains[unit].0, std::cmp::Reverse(unit)));
    let critical_path_time = at.map_or(0, |unit| chains[unit].0);
    while let Some(unit) = at {
        critical_path.insert(0, units[unit].id.clone());
        at = chains[unit].1;
    }
    // Without a circle, every unit has started.
    super::order::waves(units)?;
    Ok(Forecast {
        concurrent: now,
        serial: takes.iter().sum(),
        critical_path,
        critical_path_time,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::model::{Claim, Size};

    /// Units by number, each with the numbers of the units it needs. The lines of a unit are its time.
    fn units(all: &[(u64, &[usize])]) -> Vec<Unit> {
        let id = |number: usize| UnitId::parse(&format!("u{number}")).unwrap();
        all.iter()
            .enumerate()
            .map(|(number, (lines, needs))| Unit {
                id: id(number),
                title: String::new(),
                description: None,
                agent: None,
                needs: needs.iter().map(|&need| id(need)).collect(),
                claim: Claim::default(),
                size: Size {
                    lines: *lines,
                    bytes: 0,
                },
                owners: Vec::new(),
            })
            .collect()
    }

    fn foreseen(all: &[(u64, &[usize])], jobs: usize) -> String {
        let it = forecast(&units(all), |unit| unit.size.lines, jobs).unwrap();
        let chain: Vec<&str> = it.critical_path.iter().map(UnitId::as_str).collect();
        format!(
            "{} {} {} {}",
            it.concurrent,
            it.serial,
            chain.join(" "),
            it.critical_path_time
        )
    }

    #[test]
    fn the_largest_start_first_and_chains_bound_the_time() {
        assert_eq!(foreseen(&[(1, &[]), (1, &[]), (2, &[])], 2), "2 4 u2 2");
        assert_eq!(
            foreseen(&[(3, &[]), (4, &[0]), (5, &[]), (1, &[1, 2])], 9),
            "8 13 u0 u1 u3 8"
        );
        assert_eq!(
            foreseen(&[(3, &[]), (4, &[0]), (5, &[]), (1, &[1, 2])], 1),
            "13 13 u0 u1 u3 8"
        );
        assert_eq!(foreseen(&[], 1), "0 0  0");
    }

    #[test]
    fn units_in_a_circle_have_no_time() {
        assert!(forecast(&units(&[(1, &[1]), (1, &[0])]), |_| 1, 1).is_err());
    }

    proptest! {
        #[test]
        fn any_plan_takes_at_least_its_critical_path_and_at_most_the_sum(
            times in proptest::collection::vec(1_u64..9, 1..12),
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..12),
            jobs in 1_usize..5,
        ) {
            let mut all = units(&times.iter().map(|&time| (time, &[][..])).collect::<Vec<_>>());
            for (a, b) in edges {
                let (from, to) = (a.max(b), a.min(b));
                if from < all.len() && from != to {
                    let need = all[to].id.clone();
                    all[from].needs.push(need);
                }
            }
            let it = forecast(&all, |unit| unit.size.lines, jobs).unwrap();
            prop_assert!(it.critical_path_time <= it.concurrent && it.concurrent <= it.serial);
            prop_assert!(it.concurrent >= it.serial.div_ceil(jobs as u64));
            let everybody = forecast(&all, |unit| unit.size.lines, all.len()).unwrap();
            prop_assert_eq!(everybody.concurrent, it.critical_path_time);
        }
    }
}
