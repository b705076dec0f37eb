//! The formats in which a graph is written.

use std::path::Path;

use super::import_graph::Graph;
use super::picture::Picture;
use super::svg;
use crate::plan::model::Plan;

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
}
