//! What ties the units of a plan together, as a person or a program wants to look at it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use super::{Graph, svg};
use crate::plan::{Plan, Unit};
use crate::words;

/// How it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The units and their links, for Graphviz.
    Dot,
    /// All files and imports, and the links between units.
    Json,
    /// The units and their links, drawn.
    Svg,
}

/// Why a picture has no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a graph is written as .dot, .json or .svg: {name:?} ends in none of them")]
pub struct UnknownForm {
    name: String,
}

impl Form {
    /// The form of a file, going by its ending.
    pub fn of_path(path: &Path) -> Result<Self, UnknownForm> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("dot") => Ok(Self::Dot),
            Some("json") => Ok(Self::Json),
            Some("svg") => Ok(Self::Svg),
            _ => Err(UnknownForm {
                name: path.to_string_lossy().into_owned(),
            }),
        }
    }
}

/// That files of one unit import files of another.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) weight: f32,
    /// Who imports whom, the strongest first.
    pub(super) imports: Vec<(String, String, f32)>,
}

/// The units of a plan with all that ties them.
pub(super) struct Picture<'a> {
    pub(super) units: &'a [Unit],
    /// The strongest first.
    pub(super) links: Vec<Link>,
    /// How much of the weight of all imports between claimed files lies inside of units.
    pub(super) inside: f32,
    pub(super) all: f32,
}

impl<'a> Picture<'a> {
    fn new(graph: &Graph, plan: &'a Plan) -> Self {
        let units = graph.units(&plan.units);
        let mut links: BTreeMap<(usize, usize), Link> = BTreeMap::new();
        let (mut inside, mut all) = (0.0, 0.0);
        for (file, arcs) in graph.arcs() {
            for arc in arcs {
                let to = arc.to as usize;
                let (Some(from_unit), Some(to_unit)) = (units[file], units[to]) else {
                    continue;
                };
                all += arc.weight;
                if from_unit == to_unit {
                    inside += arc.weight;
                    continue;
                }
                let link = links.entry((from_unit, to_unit)).or_insert_with(|| Link {
                    from: from_unit,
                    to: to_unit,
                    ..Link::default()
                });
                link.weight += arc.weight;
                link.imports.push((
                    graph.files[file].clone(),
                    graph.files[to].clone(),
                    arc.weight,
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

    fn dot(&self) -> String {
        let mut dot = String::from(
            "// Units, and how strongly the files of one import those of another.\ndigraph plan {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=9];\n",
        );
        for unit in self.units {
            let files = words::count(unit.claim.files.len(), "file");
            let _ = writeln!(
                dot,
                "  {} [label={}];",
                quoted(unit.id.as_str()),
                quoted(&format!("{}\n{files}", unit.title))
            );
        }
        let strongest = self.links.first().map_or(1.0, |link| link.weight);
        for link in &self.links {
            let shown: Vec<String> = link
                .imports
                .iter()
                .take(5)
                .map(|(from, to, _)| format!("{from} imports {to}"))
                .collect();
            let _ = writeln!(
                dot,
                "  {} -> {} [label=\"{:.1}\", weight={:.0}, penwidth={:.2}, tooltip={}];",
                quoted(self.units[link.from].id.as_str()),
                quoted(self.units[link.to].id.as_str()),
                link.weight,
                (link.weight * 10.0).ceil(),
                0.3 + 5.0 * (link.weight / strongest).sqrt(),
                quoted(&shown.join("\n")),
            );
        }
        dot.push_str("}\n");
        dot
    }
}

impl Graph {
    /// What ties the units of a plan together, in that form.
    #[must_use]
    pub fn draw(&self, plan: &Plan, form: Form) -> String {
        let picture = Picture::new(self, plan);
        match form {
            Form::Dot => picture.dot(),
            Form::Json => self.json(plan, &picture),
            Form::Svg => svg::draw(&picture),
        }
    }

    fn json(&self, plan: &Plan, picture: &Picture<'_>) -> String {
        let id = |unit: usize| plan.units[unit].id.as_str();
        let owners = self.units(&plan.units);
        let files: Vec<_> = self
            .files
            .iter()
            .zip(owners)
            .map(|(path, unit)| json!({ "path": path, "unit": unit.map(id) }))
            .collect();
        let imports: Vec<_> = self
            .arcs()
            .flat_map(|(from, arcs)| {
                arcs.iter()
                    .map(move |arc| json!([from, arc.to, arc.weight]))
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

/// A name as Graphviz takes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
