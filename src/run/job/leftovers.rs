//! What tools leave behind in a checkout, such as caches and backups: no unit's work, where the base has nothing of the
//! kind.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::git::{ChangeKind, Changes};

/// The rules, as in a `.gitignore`.
const RULES: &str = include_str!("leftovers.gitignore");

static ALL: LazyLock<Gitignore> = LazyLock::new(|| compile(RULES.lines()));

/// Returns the new files among the changes that tools left behind. `tracked` are the paths of the base, and `claims`
/// tells which paths a claim names.
pub(crate) fn leftovers<'a>(
    changes: &Changes,
    tracked: impl Iterator<Item = &'a str>,
    claims: impl Fn(&str) -> bool,
) -> Vec<String> {
    let added = changes
        .list
        .iter()
        .filter(|change| change.kind == ChangeKind::Added)
        .filter_map(|change| str::from_utf8(&change.path).ok());
    let mut left: Vec<(&str, &str)> = added
        .filter_map(|path| Some((path, rule(&ALL, path)?)))
        .filter(|(path, _)| !claims(path))
        .collect();
    if left.is_empty() {
        return Vec::new();
    }
    let rules: BTreeSet<&str> = left.iter().map(|(_, rule)| *rule).collect();
    let these = compile(rules.into_iter());
    let in_use: BTreeSet<&str> = tracked.filter_map(|path| rule(&these, path)).collect();
    left.retain(|(_, rule)| !in_use.contains(rule));
    left.into_iter().map(|(path, _)| path.to_owned()).collect()
}

/// Returns the rule that matches the path or a folder that holds it.
fn rule<'r>(rules: &'r Gitignore, path: &str) -> Option<&'r str> {
    let found = rules.matched_path_or_any_parents(Path::new(path), false);
    found.inner().map(|rule| rule.original())
}

fn compile<'a>(rules: impl Iterator<Item = &'a str>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for rule in rules {
        // A test proves that every rule compiles.
        let _ = builder.add_line(None, rule);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{Change, Content};

    fn left(tracked: &[&str], added: &[&str]) -> Vec<String> {
        let change = |path: &&str| Change {
            path: path.as_bytes().to_vec(),
            kind: ChangeKind::Added,
            content: Content::File,
        };
        let changes = Changes {
            list: added.iter().map(change).collect(),
            insertions: 0,
            deletions: 0,
        };
        leftovers(&changes, tracked.iter().copied(), |path| {
            path == "a/claimed.orig"
        })
    }

    #[test]
    fn every_rule_compiles() {
        let mut builder = GitignoreBuilder::new("");
        for rule in RULES.lines() {
            builder.add_line(None, rule).unwrap();
        }
        builder.build().unwrap();
    }

    #[test]
    fn caches_and_backups_are_left_out_and_sources_are_not() {
        let added = [
            "a/__pycache__/x.cpython-312.pyc",
            ".pytest_cache/v/cache/lastfailed",
            "a/b.js.orig",
            "a/claimed.orig",
            "web/node_modules/p/index.js",
            "src/target/model.rs",
            "src/build/x.js",
            "a/core.js",
        ];
        assert_eq!(
            left(&[], &added),
            [added[0], added[1], added[2], added[4]].map(str::to_owned)
        );
    }

    #[test]
    fn a_rule_does_not_count_where_the_base_tracks_such_files() {
        let added = ["fixtures/new.orig", "x/__pycache__/y.pyc"];
        assert_eq!(
            left(&["fixtures/one.orig"], &added),
            ["x/__pycache__/y.pyc".to_owned()]
        );
    }
}
