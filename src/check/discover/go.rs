//! Go: `go test` for the claimed packages of each module.

use std::collections::BTreeSet;
use std::path::Path;

use super::packages::Packages;
use super::tree::{Tree, from, join, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "go.mod";

/// Beyond so many folders the whole module is as clear.
const MANY: usize = 12;

pub(super) fn owns(tree: &Tree<'_>, dir: &str) -> bool {
    tree.has(dir, MANIFEST)
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    packages
        .iter()
        .map(|(&module, folders)| {
            let tested: BTreeSet<&str> = folders
                .iter()
                .filter_map(|folder| from(module, folder))
                .map(|folder| package(tree, module, folder))
                .collect();
            let words = ["go", "test"].map(String::from);
            let patterns: Vec<String> = if tested.contains("") || tested.len() > MANY {
                vec!["./...".to_owned()]
            } else {
                tested
                    .iter()
                    .filter(|folder| !upward(folder).skip(1).any(|above| tested.contains(above)))
                    .map(|folder| format!("./{folder}/..."))
                    .collect()
            };
            Check::found(
                words.into_iter().chain(patterns),
                module,
                source(MANIFEST, [module]),
            )
        })
        .collect()
}

/// The nearest folder from `folder` upward that holds a package; `""` is the whole module.
fn package<'f>(tree: &Tree<'_>, module: &str, folder: &'f str) -> &'f str {
    upward(folder)
        .find(|dir| !is_ignored(dir) && holds_go(tree, &join(module, dir)))
        .unwrap_or_default()
}

/// What `...` never matches: `go help packages`.
fn is_ignored(dir: &str) -> bool {
    dir.split('/')
        .any(|part| matches!(part, "testdata" | "vendor") || part.starts_with(['_', '.']))
}

fn holds_go(tree: &Tree<'_>, dir: &str) -> bool {
    tree.below(dir)
        .any(|path| !path.contains('/') && Path::new(path).extension().is_some_and(|e| e == "go"))
}
