//! Any other project: the `test` or `check` target of a Makefile.

use super::packages::Packages;
use super::tree::{Tree, source};
use crate::check::command::Check;

/// The names of a Makefile, in the order of GNU make.
const MANIFESTS: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    target(tree, dir).is_some()
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    packages
        .keys()
        .filter_map(|&dir| {
            let (manifest, target) = target(tree, dir)?;
            Some(Check::found(["make", target], dir, source(manifest, [dir])))
        })
        .collect()
}

/// Returns the Makefile of `dir` and its target for tests.
fn target(tree: &Tree<'_>, dir: &str) -> Option<(&'static str, &'static str)> {
    let manifest = tree.first(dir, &MANIFESTS)?;
    let text = tree.text(dir, manifest)?;
    let target = ["test", "check"]
        .into_iter()
        .find(|target| text.lines().any(|line| defines(line, target)))?;
    Some((manifest, target))
}

/// Checks whether a line of a Makefile is the rule of `target`, and not an assignment (`test := x`).
fn defines(line: &str, target: &str) -> bool {
    if line.starts_with(['\t', ' ', '#']) {
        return false;
    }
    line.split_once(':').is_some_and(|(targets, rest)| {
        !rest.trim_start_matches(':').starts_with('=')
            && !targets.contains('=')
            && targets.split_whitespace().any(|word| word == target)
    })
}
