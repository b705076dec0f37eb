//! Go: `go test` for the claimed packages of each module.

use std::collections::BTreeSet;
use std::path::Path;

use super::packages::Packages;
use super::tree::{Tree, join, relative_to, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "go.mod";

/// With more folders than this, the whole module is tested.
const MAX_FOLDERS: usize = 12;

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    tree.has(dir, MANIFEST)
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    packages
        .iter()
        .map(|(&module, folders)| {
            let tested: BTreeSet<&str> = folders
                .iter()
                .filter_map(|folder| relative_to(module, folder))
                .map(|folder| package(tree, module, folder))
                .collect();
            let words = ["go", "test"].map(String::from);
            let patterns: Vec<String> = if tested.contains("") || tested.len() > MAX_FOLDERS {
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

/// Returns the nearest folder from `folder` upward that is a Go package; `""` is the whole module.
fn package<'f>(tree: &Tree<'_>, module: &str, folder: &'f str) -> &'f str {
    upward(folder)
        .find(|dir| !is_ignored(dir) && has_go_files(tree, &join(module, dir)))
        .unwrap_or_default()
}

/// Checks whether `...` never matches this folder (`go help packages`).
fn is_ignored(dir: &str) -> bool {
    dir.split('/')
        .any(|part| matches!(part, "testdata" | "vendor") || part.starts_with(['_', '.']))
}

fn has_go_files(tree: &Tree<'_>, dir: &str) -> bool {
    tree.below(dir)
        .any(|path| !path.contains('/') && Path::new(path).extension().is_some_and(|e| e == "go"))
}
