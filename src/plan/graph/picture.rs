//! The links between the units of a plan, ready to be drawn.

use std::collections::BTreeMap;

use super::import_graph::ImportGraph;
use crate::plan::model::{Plan, Unit};

/// Files of one unit import files of another.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) weight: f32,
    /// Importing file, imported file and weight, the strongest import first.
    pub(super) imports: Vec<(String, String, f32)>,
}

/// The units of a plan and everything that ties them.
pub(super) struct Picture<'a> {
    pub(super) units: &'a [Unit],
    /// The strongest first.
    pub(super) links: Vec<Link>,
    /// The weight of imports that stay within a unit, and of all imports between claimed files.
    pub(super) inside: f32,
    pub(super) all: f32,
}

impl<'a> Picture<'a> {
    pub(super) fn new(graph: &ImportGraph, plan: &'a Plan) -> Self {
        let units = graph.units(&plan.units);
        let mut links: BTreeMap<(usize, usize), Link> = BTreeMap::new();
        let (mut inside, mut all) = (0.0, 0.0);
        for (file, edges) in graph.edges() {
            for edge in edges {
                let to = edge.to as usize;
                let (Some(from_unit), Some(to_unit)) = (units[file], units[to]) else {
                    continue;
                };
                all += edge.weight;
                if from_unit == to_unit {
                    inside += edge.weight;
                    continue;
                }
                let link = links.entry((from_unit, to_unit)).or_insert_with(|| Link {
                    from: from_unit,
                    to: to_unit,
                    ..Link::default()
                });
                link.weight += edge.weight;
                link.imports.push((
                    graph.files[file].clone(),
                    graph.files[to].clone(),
                    edge.weight,
                ));
            }
        }
        let mut links: Vec<Link> = links.into_values().collect();
        for link in &mut links {
            link.imports.sort_by(|a, b| {
                b.2.total_cmp(&a.2)
                    .then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1)))
            });
        }
        links.sort_by(|a, b| {
            b.weight
                .total_cmp(&a.weight)
                .then_with(|| (a.from, a.to).cmp(&(b.from, b.to)))
        });
        Self {
            units: &plan.units,
            links,
            inside,
            all,
        }
    }
}
