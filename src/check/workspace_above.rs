//! Finds workspaces above the repository. The user's checkout is a member of such a workspace; a worktree is not, and
//! some tools refuse to work in a folder that the workspace above does not list.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::command::Check;
use crate::config::CommandLine;

/// Says why `check` passes in no worktree at `place`, although it may pass in the checkout with this `root`.
pub(crate) fn workspace_above(check: &Check, root: &Path, place: &Path) -> Option<String> {
    let CommandLine::Direct(words) = &check.command else {
        return None;
    };
    let program = Path::new(words.first()?).file_name()?.to_str()?;
    let is_root: fn(&Path) -> Option<PathBuf> = match program {
        "cargo" => cargo_root,
        "go" => |dir| file(dir, &["go.work"]),
        "gradle" | "gradlew" => |dir| file(dir, &["settings.gradle", "settings.gradle.kts"]),
        // Before its second version, yarn ran in any folder.
        "yarn" => |dir| file(dir, &[".yarnrc.yml"]),
        _ => return None,
    };
    let package = root.join(&check.dir);
    let mut inside = package.ancestors().take_while(|dir| dir.starts_with(root));
    if inside.any(|dir| is_root(dir).is_some()) {
        return None;
    }
    let above = place.parent()?.ancestors().find_map(is_root);
    let above = above.filter(|manifest| program != "cargo" || !excludes(manifest, place))?;
    Some(format!(
        "'{}' (found by {}) is not run: it cannot run in a worktree, because {} is a workspace above the \
         repository that does not list the worktrees; place them elsewhere with [worktrees] dir in batch.toml, or \
         name another check",
        check.name,
        check.source,
        above.display()
    ))
}

/// Returns the first of these files that `dir` has.
fn file(dir: &Path, names: &[&str]) -> Option<PathBuf> {
    let mut files = names.iter().map(|name| dir.join(name));
    files.find(|file| file.is_file())
}

/// Returns the manifest of the cargo workspace whose root `dir` is.
fn cargo_root(dir: &Path) -> Option<PathBuf> {
    let manifest = file(dir, &["Cargo.toml"])?;
    workspace(&manifest)?;
    Some(manifest)
}

fn workspace(manifest: &Path) -> Option<Table> {
    let table: Table = std::fs::read_to_string(manifest).ok()?.parse().ok()?;
    table.get("workspace")?.as_table().cloned()
}

/// Checks whether the cargo workspace leaves out what is at `place`.
fn excludes(manifest: &Path, place: &Path) -> bool {
    let above = manifest.parent().unwrap_or(manifest);
    let workspace = workspace(manifest).unwrap_or_default();
    let excluded = workspace.get("exclude").and_then(Value::as_array);
    let mut excluded = excluded.into_iter().flatten().filter_map(Value::as_str);
    excluded.any(|dir| place.starts_with(above.join(dir)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str]) -> Check {
        Check::found(words.iter().copied(), "", "a manifest".to_owned())
    }

    #[test]
    fn a_workspace_above_the_repository_counts_where_the_tool_refuses_others() {
        for (words, file, text, is_told) in [
            (&["cargo", "test"][..], "Cargo.toml", "[workspace]\n", true),
            (
                &["cargo", "test"],
                "Cargo.toml",
                "[package]\nname = 'a'\n",
                false,
            ),
            (
                &["cargo", "test"],
                "Cargo.toml",
                "[workspace]\nexclude = ['repo.batch']\n",
                false,
            ),
            (&["go", "test", "./..."], "go.work", "", true),
            (&["./gradlew", "test"], "settings.gradle.kts", "", true),
            (&["yarn", "test"], ".yarnrc.yml", "", true),
            (&["npm", "test"], "package.json", "{}", false),
        ] {
            let above = tempfile::tempdir().unwrap();
            let (root, place) = (
                above.path().join("repo"),
                above.path().join("repo.batch/r/01"),
            );
            std::fs::create_dir(&root).unwrap();
            std::fs::write(above.path().join(file), text).unwrap();
            let told = workspace_above(&check(words), &root, &place);
            assert_eq!(told.is_some(), is_told, "{words:?} {text}");
            assert_eq!(
                workspace_above(&check(words), &root, Path::new("/else/where")),
                None
            );
            // A workspace of the repository's own is nearer.
            std::fs::write(root.join(file), text).unwrap();
            assert_eq!(workspace_above(&check(words), &root, &place), None);
        }
    }
}
