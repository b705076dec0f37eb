//! JavaScript and TypeScript: the `test` script of package.json, run by the package manager of the lock file.

use globset::GlobBuilder;
use serde_json::Value;

use super::packages::{Packages, folders_to_test};
use super::tree::{Tree, resolve, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "package.json";
const PNPM_WORKSPACE: &str = "pnpm-workspace.yaml";

/// Package managers: the name, the lock file, and the command that runs the script.
const MANAGERS: [(&str, &str, &[&str]); 6] = [
    ("pnpm", "pnpm-lock.yaml", &["pnpm", "test"]),
    ("yarn", "yarn.lock", &["yarn", "test"]),
    // `bun test` would run bun's own test runner instead of the script.
    ("bun", "bun.lock", &["bun", "run", "test"]),
    ("bun", "bun.lockb", &["bun", "run", "test"]),
    ("npm", "package-lock.json", NPM),
    ("npm", "npm-shrinkwrap.json", NPM),
];

const NPM: &[&str] = &["npm", "test", "--silent"];

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    let Some(manifest) = manifest(tree, dir) else {
        return false;
    };
    manifest
        .pointer("/scripts/test")
        .and_then(Value::as_str)
        // The script that `npm init` writes only prints this and fails.
        .is_some_and(|script| !script.trim().is_empty() && !script.contains("no test specified"))
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    folders_to_test(packages, |dir| can_test(tree, dir))
        .into_iter()
        .map(|dir| {
            Check::found(
                manager(tree, dir).iter().copied(),
                dir,
                source(MANIFEST, [dir]),
            )
        })
        .collect()
}

/// Returns the command of the package manager of the package in `dir`: the one that a manifest names, else the one of
/// the workspace, else the one with the nearest lock file. A member of a workspace may hold a stray lock file.
fn manager(tree: &Tree<'_>, dir: &str) -> &'static [&'static str] {
    let named = upward(dir).find_map(|folder| named_manager(&manifest(tree, folder)?));
    let of_workspace = || {
        let root = upward(dir).find(|folder| is_workspace_of(tree, folder, dir))?;
        let by_file = tree.has(root, PNPM_WORKSPACE).then_some("pnpm");
        by_file
            .and_then(by_name)
            .or_else(|| locked_manager(tree, root))
    };
    named
        .or_else(of_workspace)
        .or_else(|| upward(dir).find_map(|folder| locked_manager(tree, folder)))
        .unwrap_or(NPM)
}

/// Returns the package manager that a manifest names, by either of the two fields for it.
fn named_manager(manifest: &Value) -> Option<&'static [&'static str]> {
    let field = manifest.get("packageManager").and_then(Value::as_str);
    let engine = manifest.pointer("/devEngines/packageManager/name");
    let name = field
        .and_then(|field| field.split('@').next())
        .or_else(|| engine.and_then(Value::as_str))?;
    by_name(name)
}

fn by_name(name: &str) -> Option<&'static [&'static str]> {
    let mut managers = MANAGERS.iter();
    managers
        .find(|(known, _, _)| *known == name)
        .map(|(_, _, words)| *words)
}

fn locked_manager(tree: &Tree<'_>, dir: &str) -> Option<&'static [&'static str]> {
    let mut managers = MANAGERS.iter();
    managers
        .find(|(_, lock, _)| tree.has(dir, lock))
        .map(|(_, _, words)| *words)
}

/// Checks whether `root` is a workspace that `dir` belongs to.
fn is_workspace_of(tree: &Tree<'_>, root: &str, dir: &str) -> bool {
    let patterns: Vec<String> = if let Some(text) = tree.text(root, PNPM_WORKSPACE) {
        listed_packages(&text)
    } else {
        let Some(manifest) = manifest(tree, root) else {
            return false;
        };
        let Some(listed) = manifest.get("workspaces") else {
            return false;
        };
        let listed = listed.get("packages").unwrap_or(listed).as_array();
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        listed.map(ToOwned::to_owned).collect()
    };
    let matches = |pattern: &str| {
        resolve(root, pattern).is_some_and(|pattern| {
            GlobBuilder::new(&pattern)
                .literal_separator(true)
                .build()
                .is_ok_and(|glob| glob.compile_matcher().is_match(dir))
        })
    };
    let (excluded, included): (Vec<_>, Vec<_>) = patterns
        .iter()
        .partition(|pattern| pattern.starts_with('!'));
    root == dir
        || included.iter().any(|pattern| matches(pattern))
            && !excluded.iter().any(|pattern| matches(&pattern[1..]))
}

/// Returns the patterns of a `pnpm-workspace.yaml`, whose lists are short and plain.
fn listed_packages(text: &str) -> Vec<String> {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("packages:"));
    let first = lines.next().unwrap_or_default();
    let inline = first.trim_start_matches("packages:").trim();
    let inline = inline.trim_matches(['[', ']']).split(',');
    let listed = lines
        .take_while(|line| line.trim().is_empty() || line.starts_with([' ', '-', '#']))
        .filter_map(|line| line.trim().strip_prefix('-'));
    inline
        .chain(listed)
        .map(|item| item.split(" #").next().unwrap_or_default())
        .map(|item| item.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

fn manifest(tree: &Tree<'_>, dir: &str) -> Option<Value> {
    serde_json::from_str(&tree.text(dir, MANIFEST)?).ok()
}
