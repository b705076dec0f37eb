//! JavaScript and TypeScript: the `test` script of package.json, run by the package manager of the lock file.

use serde_json::Value;

use super::packages::{Packages, folders_to_test};
use super::tree::{Tree, source, upward};
use crate::check::command::Check;

const MANIFEST: &str = "package.json";

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
            let words = upward(dir).find_map(|folder| manager(tree, folder));
            let words = words.unwrap_or(NPM).iter().copied();
            Check::found(words, dir, source(MANIFEST, [dir]))
        })
        .collect()
}

/// Returns the command of the package manager that `dir` names or has a lock file of.
fn manager(tree: &Tree<'_>, dir: &str) -> Option<&'static [&'static str]> {
    let manifest = manifest(tree, dir);
    let named = manifest
        .as_ref()
        .and_then(|manifest| manifest.get("packageManager")?.as_str()?.split('@').next());
    MANAGERS
        .iter()
        .find(|(name, _, _)| named == Some(name))
        .or_else(|| MANAGERS.iter().find(|(_, lock, _)| tree.has(dir, lock)))
        .map(|(_, _, words)| *words)
}

fn manifest(tree: &Tree<'_>, dir: &str) -> Option<Value> {
    serde_json::from_str(&tree.text(dir, MANIFEST)?).ok()
}
