//! Orders units by their imports: an imported unit comes before the units that import it.

use super::import_graph::ImportGraph;
use crate::plan::model::Unit;
use crate::plan::unit_id::UnitId;

impl ImportGraph {
    /// Makes each unit need the units whose files it imports. Units that import each other in a circle do not need each
    /// other. A unit that is needed through another one is not named, because the other starts from its result.
    pub(crate) fn order(&self, units: &mut [Unit]) {
        let needs = self.needs(units);
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id.clone()).collect();
        for (unit, needs) in units.iter_mut().zip(needs) {
            unit.needs = needs.into_iter().map(|need| ids[need].clone()).collect();
        }
    }

    /// Returns for each unit the places of the units that it needs directly, and not only through another one.
    pub(in crate::plan) fn needs(&self, units: &[Unit]) -> Vec<Vec<usize>> {
        let rows = self.dependencies(units);
        let mut steps = vec![vec![false; units.len()]; units.len()];
        for (from, row) in rows.iter().enumerate() {
            for &to in row {
                steps[from][to] = true;
            }
        }
        let reach = closure(&steps);
        rows.iter()
            .map(|row| {
                let through = |unit: usize| row.iter().any(|&other| reach[other][unit]);
                row.iter().copied().filter(|&unit| !through(unit)).collect()
            })
            .collect()
    }

    /// Returns for each unit the places of all units that its files import, except units that import it in turn,
    /// directly or through others.
    pub(in crate::plan) fn dependencies(&self, units: &[Unit]) -> Vec<Vec<usize>> {
        let owners = self.units(units);
        let mut imports = vec![vec![false; units.len()]; units.len()];
        for (from, edges) in self.edges() {
            for edge in edges {
                if let (Some(from), Some(to)) = (owners[from], owners[edge.to as usize]) {
                    imports[from][to] = true;
                }
            }
        }
        let reach = closure(&imports);
        imports
            .iter()
            .enumerate()
            .map(|(from, row)| {
                let is_needed = |to: &usize| row[*to] && !reach[*to][from];
                (0..row.len()).filter(is_needed).collect()
            })
            .collect()
    }
}

/// Returns which unit reaches which over any number of steps.
fn closure(steps: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let mut reach = steps.to_vec();
    for by in 0..reach.len() {
        let onward = reach[by].clone();
        for row in &mut reach {
            if row[by] {
                for (reached, onward) in row.iter_mut().zip(&onward) {
                    *reached |= onward;
                }
            }
        }
    }
    reach
}
