//! Gradle: the `test` task of the claimed projects of each build.

use std::collections::BTreeMap;

use super::packages::Packages;
use super::tree::{Tree, relative_to, source, upward};
use crate::check::command::Check;

const BUILDS: [&str; 2] = ["build.gradle", "build.gradle.kts"];
const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    manifest(tree, dir).is_some()
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    let mut builds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &dir in packages.keys() {
        builds.entry(root(tree, dir)).or_default().push(dir);
    }
    builds
        .into_iter()
        .map(|(root, dirs)| {
            let program = tree
                .script(root, "gradlew")
                .unwrap_or_else(|| "gradle".to_owned());
            let tasks: Option<Vec<String>> =
                dirs.iter().map(|dir| test_task(tree, root, dir)).collect();
            let tasks = tasks.unwrap_or_else(|| vec!["test".to_owned()]);
            // A daemon would outlive the check and the worktree. Without `--continue` Gradle stops at the first task
            // that fails.
            let words = [program]
                .into_iter()
                .chain(tasks)
                .chain(["--continue", "--no-daemon"].map(String::from));
            let named = dirs.first().and_then(|dir| manifest(tree, dir));
            Check::found(words, root, source(named.unwrap_or(BUILDS[0]), dirs))
        })
        .collect()
}

fn manifest(tree: &Tree<'_>, dir: &str) -> Option<&'static str> {
    tree.first(dir, &BUILDS)
        .or_else(|| tree.first(dir, &SETTINGS))
}

/// Returns the root folder of the build that `dir` belongs to.
fn root<'d>(tree: &Tree<'_>, dir: &'d str) -> &'d str {
    upward(dir)
        .find(|folder| tree.first(folder, &SETTINGS).is_some())
        .unwrap_or(dir)
}

/// Returns the test task of the project in `dir`, if the settings name the project by its path. Settings may also
/// rename and move projects.
fn test_task(tree: &Tree<'_>, root: &str, dir: &str) -> Option<String> {
    let path = relative_to(root, dir)?.replace('/', ":");
    if path.is_empty() {
        return None;
    }
    let settings = tree.text(root, tree.first(root, &SETTINGS)?)?;
    ['"', '\'']
        .iter()
        .any(|quote| {
            settings.contains(&format!("{quote}{path}{quote}"))
                || settings.contains(&format!("{quote}:{path}{quote}"))
        })
        .then(|| format!(":{path}:test"))
}
