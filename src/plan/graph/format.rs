//! The formats in which a graph is written.

use std::path::Path;

use super::import_graph::ImportGraph;
use super::picture::Picture;
use super::svg;
use crate::plan::model::Plan;

/// A format for the graph of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GraphFormat {
    /// The units and their links, for Graphviz.
    Dot,
    /// All files and imports, and the links between units.
    Json,
    /// The units and their links, as a drawing.
    Svg,
}

/// A file name without a known graph format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a graph is written as .dot, .json or .svg: {name:?} ends in none of them")]
pub(crate) struct UnknownGraphFormat {
    name: String,
}

impl GraphFormat {
    /// Returns the format for a file by its extension.
    pub(crate) fn of_path(path: &Path) -> Result<Self, UnknownGraphFormat> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("dot") => Ok(Self::Dot),
            Some("json") => Ok(Self::Json),
            Some("svg") => Ok(Self::Svg),
            _ => Err(UnknownGraphFormat {
                name: path.to_string_lossy().into_owned(),
            }),
        }
    }
}

impl ImportGraph {
    /// Writes what ties the units of a plan together, in the given format.
    #[must_use]
    pub(crate) fn draw(&self, plan: &Plan, format: GraphFormat) -> String {
        let picture = Picture::new(self, plan);
        match format {
            GraphFormat::Dot => picture.dot(),
            GraphFormat::Json => self.json(plan, &picture),
            GraphFormat::Svg => svg::draw(&picture),
        }
    }
}
