//! Finds the commands that test the files of a claim: for every file the nearest package upward, and for every package
//! the command of its build tool, limited to the claim. It reads only tracked files and executes nothing, so the result
//! is the same in every checkout of the base.

mod cargo;
mod go;
mod gradle;
mod make;
mod maven;
mod node;
mod packages;
mod python;
mod python_runner;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::command::Check;
use packages::Packages;
use tree::{Tree, parent, upward};

/// Returns the checks for the files of a claim, always in the same order; none where no build tool is recognised.
///
/// `tracked` has the paths of all files of the base; `read` returns the text of one file.
pub(crate) fn discover(
    tracked: &BTreeSet<String>,
    read: &dyn Fn(&str) -> Option<String>,
    claim: &[String],
) -> Vec<Check> {
    let tree = Tree::new(tracked, read);
    let folders: BTreeSet<(&str, &[Tool])> = claim
        .iter()
        .map(|file| (parent(file), Tool::of_language(file)))
        .collect();
    let mut found: BTreeMap<Tool, Packages<'_>> = BTreeMap::new();
    for (folder, preferred) in folders {
        for (tool, package) in packages_above(&tree, folder, preferred) {
            let packages = found.entry(tool).or_default();
            packages.entry(package).or_default().insert(folder);
        }
    }
    found
        .iter()
        .flat_map(|(tool, packages)| tool.checks(&tree, packages))
        .collect()
}

/// Returns the nearest packages for the files of `folder`: of the preferred tools if there is one upward, else of any
/// tool.
fn packages_above<'a>(
    tree: &Tree<'_>,
    folder: &'a str,
    preferred: &[Tool],
) -> Vec<(Tool, &'a str)> {
    nearest(tree, folder, preferred)
        .or_else(|| nearest(tree, folder, &Tool::ALL))
        .unwrap_or_default()
}

fn nearest<'a>(tree: &Tree<'_>, folder: &'a str, tools: &[Tool]) -> Option<Vec<(Tool, &'a str)>> {
    upward(folder).find_map(|dir| {
        let mut here: Vec<Tool> = tools
            .iter()
            .copied()
            .filter(|tool| tool.can_test(tree, dir))
            .collect();
        // A Makefile beside a build tool mostly calls that tool. Gradle beside Maven builds the same code.
        if here.len() > 1 {
            here.retain(|tool| *tool != Tool::Make);
        }
        if here.contains(&Tool::Maven) {
            here.retain(|tool| *tool != Tool::Gradle);
        }
        (!here.is_empty()).then(|| here.into_iter().map(|tool| (tool, dir)).collect())
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tool {
    Cargo,
    Go,
    Gradle,
    Maven,
    Node,
    Pytest,
    Make,
}

impl Tool {
    const ALL: [Self; 7] = [
        Self::Cargo,
        Self::Go,
        Self::Gradle,
        Self::Maven,
        Self::Node,
        Self::Pytest,
        Self::Make,
    ];

    /// Returns the tools that usually test a file of this name; none where its language has no tool.
    fn of_language(file: &str) -> &'static [Self] {
        let extension = Path::new(file)
            .extension()
            .and_then(|extension| extension.to_str());
        match extension.unwrap_or_default() {
            "rs" => &[Self::Cargo],
            "go" => &[Self::Go],
            "java" | "kt" | "kts" | "scala" | "groovy" => &[Self::Gradle, Self::Maven],
            "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" | "vue" | "svelte" => {
                &[Self::Node]
            }
            "py" | "pyi" | "pyx" => &[Self::Pytest],
            _ => &[],
        }
    }

    /// Checks whether `dir` is a package that this tool can test.
    fn can_test(self, tree: &Tree<'_>, dir: &str) -> bool {
        match self {
            Self::Cargo => cargo::can_test(tree, dir),
            Self::Go => go::can_test(tree, dir),
            Self::Gradle => gradle::can_test(tree, dir),
            Self::Maven => maven::can_test(tree, dir),
            Self::Node => node::can_test(tree, dir),
            Self::Pytest => python::can_test(tree, dir),
            Self::Make => make::can_test(tree, dir),
        }
    }

    fn checks(self, tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
        match self {
            Self::Cargo => cargo::checks(tree, packages),
            Self::Go => go::checks(tree, packages),
            Self::Gradle => gradle::checks(tree, packages),
            Self::Maven => maven::checks(tree, packages),
            Self::Node => node::checks(tree, packages),
            Self::Pytest => python::checks(tree, packages),
            Self::Make => make::checks(tree, packages),
        }
    }
}
