//! Writes all files and imports, and the links between units, as JSON.

use serde_json::json;

use super::import_graph::ImportGraph;
use super::picture::Picture;
use crate::plan::model::Plan;

impl ImportGraph {
    pub(super) fn json(&self, plan: &Plan, picture: &Picture<'_>) -> String {
        let id = |unit: usize| plan.units[unit].id.as_str();
        let owners = self.units(&plan.units);
        let files: Vec<_> = self
            .files
            .iter()
            .zip(owners)
            .map(|(path, unit)| json!({ "path": path, "unit": unit.map(id) }))
            .collect();
        let imports: Vec<_> = self
            .edges()
            .flat_map(|(from, edges)| {
                edges
                    .iter()
                    .map(move |edge| json!([from, edge.to, edge.weight]))
            })
            .collect();
        let units: Vec<_> = plan
            .units
            .iter()
            .map(|unit| json!({ "id": unit.id, "title": unit.title, "files": unit.claim.files.len() }))
            .collect();
        let links: Vec<_> = picture
            .links
            .iter()
            .map(|link| {
                json!({
                    "from": id(link.from),
                    "to": id(link.to),
                    "weight": link.weight,
                    "imports": link.imports.len(),
                })
            })
            .collect();
        let data = json!({
            "base": plan.base,
            "units": units,
            "links": links,
            "files": files,
            "imports": imports,
        });
        format!("{data}\n")
    }
}
