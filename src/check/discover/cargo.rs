//! Rust: `cargo test` for the claimed packages of each workspace.
//! <https://doc.rust-lang.org/cargo/reference/workspaces.html>

use std::collections::BTreeMap;

use globset::GlobBuilder;
use toml::{Table, Value};

use super::packages::Packages;
use super::tree::{Tree, relative_to, resolve, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "Cargo.toml";

/// Checks whether cargo can test `dir`: a workspace, a member of one, or a package outside of any.
///
/// Cargo refuses a package inside a workspace that does not list it, which is mostly a fixture of a test.
pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    target(tree, dir).is_some()
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    let mut workspaces: BTreeMap<&str, Vec<(&str, Scope)>> = BTreeMap::new();
    for &dir in packages.keys() {
        if let Some((root, scope)) = target(tree, dir) {
            workspaces.entry(root).or_default().push((dir, scope));
        }
    }
    workspaces
        .into_iter()
        .map(|(root, members)| {
            // Without this flag cargo stops at the first test program that fails.
            let mut words = vec![
                "cargo".to_owned(),
                "test".to_owned(),
                "--no-fail-fast".to_owned(),
            ];
            if members.iter().any(|(_, scope)| *scope == Scope::Workspace) {
                words.push("--workspace".to_owned());
            } else {
                for (_, scope) in &members {
                    if let Scope::Member(name) = scope {
                        words.extend(["-p".to_owned(), name.clone()]);
                    }
                }
            }
            let dirs = members.iter().map(|(dir, _)| *dir);
            Check::found(words, root, source(MANIFEST, dirs))
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Scope {
    /// The whole workspace, whose root is not a package.
    Workspace,
    /// One package of a workspace, by name.
    Member(String),
    /// A package that belongs to no workspace.
    Alone,
}

/// Returns the folder to run `cargo test` in for the package in `dir`, and what to test there.
fn target<'d>(tree: &Tree<'_>, dir: &'d str) -> Option<(&'d str, Scope)> {
    let manifest = manifest(tree, dir)?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str);
    let Some(name) = name else {
        return manifest
            .contains_key("workspace")
            .then_some((dir, Scope::Workspace));
    };
    let workspace = upward(dir).find_map(|folder| {
        let table = self::manifest(tree, folder)?;
        table.contains_key("workspace").then_some((folder, table))
    });
    let Some((root, table)) = workspace else {
        return Some((dir, Scope::Alone));
    };
    // An exclusion wins over a pattern of the members.
    if root != dir && lists(&table, root, dir, "exclude") {
        return Some((dir, Scope::Alone));
    }
    let listed = root == dir || lists(&table, root, dir, "members") || depends(&table, root, dir);
    listed.then(|| (root, Scope::Member(name.to_owned())))
}

fn manifest(tree: &Tree<'_>, dir: &str) -> Option<Table> {
    tree.text(dir, MANIFEST)?.parse().ok()
}

/// Checks whether the workspace's `members` or `exclude` (`key`) covers `dir`.
fn lists(workspace: &Table, root: &str, dir: &str, key: &str) -> bool {
    let listed = workspace
        .get("workspace")
        .and_then(|table| table.get(key))
        .and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(|pattern| resolve(root, pattern))
        .any(|pattern| {
            // An excluded folder excludes everything below it.
            if key == "exclude" && relative_to(&pattern, dir).is_some() {
                return true;
            }
            GlobBuilder::new(&pattern)
                .literal_separator(true)
                .build()
                .is_ok_and(|glob| glob.compile_matcher().is_match(dir))
        })
}

/// Checks whether the workspace's own manifest depends on `dir` by path, which makes `dir` a member.
fn depends(workspace: &Table, root: &str, dir: &str) -> bool {
    let shared = workspace
        .get("workspace")
        .and_then(|table| table.get("dependencies"));
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|key| workspace.get(key))
        .chain(shared)
        .filter_map(Value::as_table)
        .flat_map(Table::values)
        .filter_map(|dependency| dependency.get("path")?.as_str())
        .any(|path| resolve(root, path).as_deref() == Some(dir))
}
