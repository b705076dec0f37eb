//! Describes the files in question to the agent that is asked for a plan, grouped as in the plan without the proposal.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::git::GitError;
use crate::plan::base_files::BaseFiles;
use crate::plan::model::{Plan, Size, Unit};
use crate::words;

/// With more files than this, folders are listed instead.
const FILES: usize = 1_500;
/// The maximum number of listed folders of one unit.
const FOLDERS: usize = 40;

/// The files in question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outline {
    pub(crate) files: usize,
    pub(crate) clusters: Vec<Cluster>,
    /// Matching files that are already left out: how many, and why.
    pub(crate) left_out: Vec<String>,
}

/// Files that belong together by their imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Cluster {
    pub(crate) title: String,
    pub(crate) files: usize,
    pub(crate) size: String,
    /// Its files, or its folders if there are very many files.
    pub(crate) lines: Vec<String>,
    /// The titles of the clusters whose files it imports, except where they import each other.
    pub(crate) imports: Vec<String>,
}

impl Outline {
    /// Describes a plan made without a proposal.
    pub(crate) fn of(plan: &Plan, base: &BaseFiles) -> Result<Self, GitError> {
        let files = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
        let lines = if files > FILES { folders } else { each };
        let needs = base.graph()?.needs(&plan.units);
        let clusters = plan.units.iter().zip(needs).map(|(unit, needs)| Cluster {
            title: words::line(&unit.title),
            files: unit.claim.files.len(),
            size: words::bytes(unit.size.bytes),
            lines: lines(unit, base),
            imports: needs
                .into_iter()
                .map(|need| words::line(&plan.units[need].title))
                .collect(),
        });
        Ok(Self {
            files,
            clusters: clusters.collect(),
            left_out: plan
                .left_out
                .iter()
                .map(|it| {
                    let files = words::count(it.files.len(), "file");
                    format!("{files}: {}", words::line(&it.reason))
                })
                .collect(),
        })
    }
}

/// Returns a path that cannot pass for anything else.
fn shown(path: &str) -> String {
    if path.chars().any(char::is_control) {
        format!("{path:?}")
    } else {
        path.to_owned()
    }
}

fn each(unit: &Unit, base: &BaseFiles) -> Vec<String> {
    let line = |path: &String| {
        let size = base.size(path).unwrap_or_default();
        format!("{} ({})", shown(path), words::bytes(size.bytes))
    };
    unit.claim.files.iter().map(line).collect()
}

fn folders(unit: &Unit, base: &BaseFiles) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<Size>> = BTreeMap::new();
    for path in &unit.claim.files {
        let folder = path.rfind('/').map_or("", |at| &path[..=at]);
        let sizes = folders.entry(folder).or_default();
        sizes.push(base.size(path).unwrap_or_default());
    }
    let more = folders.len().saturating_sub(FOLDERS);
    let mut lines: Vec<String> = folders
        .into_iter()
        .take(FOLDERS)
        .map(|(folder, sizes)| {
            let folder = if folder.is_empty() { "./" } else { folder };
            let files = words::count(sizes.len(), "file");
            let bytes = sizes.into_iter().sum::<Size>().bytes;
            format!("{} ({files}, {})", shown(folder), words::bytes(bytes))
        })
        .collect();
    if more > 0 {
        lines.push(format!("… and {} more", words::count(more, "folder")));
    }
    lines
}
