//! What tools and agents leave behind in a checkout: caches and backups, notes about the work, one-off scripts. It is
//! no unit's work, where the base has nothing of the kind.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::check::Instruction;
use crate::git::{ChangeKind, Changes};

/// What tools leave behind, as in a `.gitignore`.
const OF_TOOLS: &str = include_str!("leftovers.gitignore");

/// What agents leave behind, as in a `.gitignore`.
const OF_AGENTS: &str = include_str!("scratch.gitignore");

static TOOLS: LazyLock<Gitignore> = LazyLock::new(|| compile(OF_TOOLS.lines()));

/// Returns the new files among the changes that tools left behind. `tracked` are the paths of the base, and `claims`
/// tells which paths a claim names.
pub(crate) fn leftovers<'a>(
    changes: &Changes,
    tracked: impl Iterator<Item = &'a str>,
    claims: impl Fn(&str) -> bool,
) -> Vec<String> {
    matching(&TOOLS, changes, tracked, claims)
}

/// Returns the new files among the changes that are notes and scratch files of an agent, by the rules of batch and by
/// `further` ones. What the instruction asks for is the work.
pub(crate) fn scratch<'a>(
    further: &[String],
    instruction: &Instruction,
    changes: &Changes,
    tracked: impl Iterator<Item = &'a str>,
    claims: impl Fn(&str) -> bool,
) -> Vec<String> {
    let rules = compile(OF_AGENTS.lines().chain(further.iter().map(String::as_str)));
    let mut left = matching(&rules, changes, tracked, claims);
    left.retain(|path| !instruction.asks_for_file(path));
    left
}

fn matching<'a>(
    rules: &Gitignore,
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
        .filter_map(|path| Some((path, rule(rules, path)?)))
        .filter(|(path, _)| !claims(path))
        .collect();
    if left.is_empty() {
        return Vec::new();
    }
    let used: BTreeSet<&str> = left.iter().map(|(_, rule)| *rule).collect();
    let these = compile(used.into_iter());
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

    fn changes(added: &[&str]) -> Changes {
        let change = |path: &&str| Change {
            path: path.as_bytes().to_vec(),
            kind: ChangeKind::Added,
            content: Content::File,
        };
        Changes {
            list: added.iter().map(change).collect(),
            insertions: 0,
            deletions: 0,
        }
    }

    fn left(tracked: &[&str], added: &[&str]) -> Vec<String> {
        leftovers(&changes(added), tracked.iter().copied(), |path| {
            path == "a/claimed.orig"
        })
    }

    fn scratched(instruction: &str, tracked: &[&str], added: &[&str]) -> Vec<String> {
        let instruction = Instruction::new(instruction);
        let further = ["*.plan".to_owned()];
        let tracked = tracked.iter().copied();
        scratch(&further, &instruction, &changes(added), tracked, |path| {
            path == "a/NOTES.md"
        })
    }

    #[test]
    fn notes_and_scratch_files_are_left_out_unless_they_were_asked_for() {
        let added = [
            "MIGRATION_SUMMARY.md",
            "src/a/NOTES.md",
            "src/a.js.new",
            "fix.py",
            "migrate.sh",
            "a.plan",
        ];
        assert_eq!(
            scratched("old to new", &[], &added),
            added.map(str::to_owned)
        );
        let documents = "write a summary of each module as a document";
        assert_eq!(
            scratched(documents, &[], &added),
            [added[2], added[3], added[4], added[5]].map(str::to_owned)
        );
        assert_eq!(scratched("add fix.py", &[], &added[3..4]), [""; 0]);
        assert_eq!(scratched("", &["docs/NOTES.md"], &added[1..2]), [""; 0]);
        let work = [
            "src/migrate.py",
            "a/NOTES.md",
            "README.md",
            "src/fixture.py",
        ];
        assert_eq!(scratched("old to new", &[], &work), [""; 0]);
    }

    #[test]
    fn every_rule_compiles() {
        let mut builder = GitignoreBuilder::new("");
        for rule in OF_TOOLS.lines().chain(OF_AGENTS.lines()) {
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
