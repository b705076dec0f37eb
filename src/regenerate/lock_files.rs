//! The lock files whose tools batch knows, with the commands that bring them up to date and keep the versions that they
//! already hold. Tools that would choose all versions anew are not among them.

use std::collections::BTreeSet;

use super::rule::{Origin, Outputs, Reach, Rule, Sources, is_named, is_within};
use crate::git::Changes;

/// A kind of lock file.
struct Kind {
    file: &'static str,
    program: &'static str,
    run: &'static str,
    manifests: &'static [&'static str],
    reach: Reach,
    /// Another command, for a lock file that holds this text.
    variant: Option<(&'static str, &'static str)>,
}

const KINDS: [Kind; 12] = [
    Kind {
        file: "package-lock.json",
        program: "npm",
        run: "npm install --package-lock-only --ignore-scripts --no-audit --no-fund",
        manifests: &["package.json"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "npm-shrinkwrap.json",
        program: "npm",
        run: "npm install --package-lock-only --ignore-scripts --no-audit --no-fund",
        manifests: &["package.json"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "pnpm-lock.yaml",
        program: "pnpm",
        run: "pnpm install --lockfile-only --no-frozen-lockfile --ignore-scripts",
        manifests: &["package.json", "pnpm-workspace.yaml"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "yarn.lock",
        program: "yarn",
        // Yarn 1 cannot write its lock file alone.
        run: "yarn install --ignore-scripts --non-interactive",
        manifests: &["package.json"],
        reach: Reach::Below,
        variant: Some((
            "__metadata:",
            "yarn install --mode=update-lockfile --no-immutable",
        )),
    },
    Kind {
        file: "bun.lock",
        program: "bun",
        run: "bun install --lockfile-only --ignore-scripts",
        manifests: &["package.json"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "Cargo.lock",
        program: "cargo",
        // Without a network, what is on this machine may be enough.
        run: "cargo update --workspace || cargo update --workspace --offline",
        manifests: &["Cargo.toml"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "go.sum",
        program: "go",
        run: "go mod tidy",
        manifests: &["go.mod"],
        reach: Reach::Folder,
        variant: None,
    },
    Kind {
        file: "uv.lock",
        program: "uv",
        run: "uv lock",
        manifests: &["pyproject.toml"],
        reach: Reach::Below,
        variant: None,
    },
    Kind {
        file: "poetry.lock",
        program: "poetry",
        // Poetry 1 needs the flag, and Poetry 2 does not know it.
        run: "poetry lock --no-update --no-interaction || poetry lock --no-interaction",
        manifests: &["pyproject.toml"],
        reach: Reach::Folder,
        variant: None,
    },
    Kind {
        file: "pdm.lock",
        program: "pdm",
        run: "pdm lock --update-reuse",
        manifests: &["pyproject.toml"],
        reach: Reach::Folder,
        variant: None,
    },
    Kind {
        file: "Gemfile.lock",
        program: "bundle",
        run: "bundle lock",
        manifests: &["Gemfile", "*.gemspec"],
        reach: Reach::Folder,
        variant: None,
    },
    Kind {
        file: "composer.lock",
        program: "composer",
        run: "composer update --minimal-changes --no-install --no-scripts --no-interaction",
        manifests: &["composer.json"],
        reach: Reach::Folder,
        variant: None,
    },
];

/// Returns the lock files among the changes of which no manifest changed.
pub(crate) fn lone_lock_files(changes: &Changes) -> BTreeSet<String> {
    let paths: Vec<&str> = changes
        .list
        .iter()
        .filter_map(|change| str::from_utf8(&change.path).ok())
        .collect();
    let alone = paths.iter().filter(|path| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut kinds = KINDS.iter().filter(|kind| kind.file == name).peekable();
        kinds.peek().is_some() && !kinds.any(|kind| kind.follows_any(folder, &paths))
    });
    alone.map(|path| (*path).to_owned()).collect()
}

impl Kind {
    /// Checks whether a lock file of this kind in a folder follows from any of these paths.
    fn follows_any(&self, folder: &str, paths: &[&str]) -> bool {
        paths.iter().any(|path| {
            let (at, name) = path.rsplit_once('/').unwrap_or(("", path));
            let is_in_reach = match self.reach {
                Reach::Folder => at == folder,
                Reach::Below => is_within(at, folder),
            };
            is_in_reach && self.manifests.iter().any(|it| is_named(name, it))
        })
    }
}

/// Returns the rules of all lock files among the tracked files. `read` returns the text of a file, and `find` tells
/// whether a program is there.
pub(super) fn find(
    tracked: &BTreeSet<String>,
    read: &dyn Fn(&str) -> Option<String>,
    find: &dyn Fn(&str) -> bool,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for kind in &KINDS {
        let folders: Vec<&str> = tracked
            .iter()
            .filter_map(|path| match path.rsplit_once('/') {
                Some((folder, name)) => (name == kind.file).then_some(folder),
                None => (path == kind.file).then_some(""),
            })
            .filter(|folder| !folder.split('/').any(|part| part == "node_modules"))
            .collect();
        for dir in &folders {
            let path = match *dir {
                "" => kind.file.to_owned(),
                dir => format!("{dir}/{}", kind.file),
            };
            let other = kind.variant.filter(|(mark, _)| {
                let text = read(&path);
                text.is_some_and(|text| text.contains(mark))
            });
            let below = folders.iter().filter(|it| *it != dir && is_within(it, dir));
            rules.push(Rule {
                run: other.map_or(kind.run, |(_, run)| run).to_owned(),
                dir: (*dir).to_owned(),
                origin: Origin::LockFile,
                obstacle: (!find(kind.program))
                    .then(|| format!("'{}' is not on PATH", kind.program)),
                outputs: Outputs::File(path),
                sources: Sources::Manifests {
                    dir: (*dir).to_owned(),
                    names: kind.manifests,
                    reach: kind.reach,
                    apart: below.map(|it| (*it).to_owned()).collect(),
                },
            });
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{Change, ChangeKind, Content};

    fn alone(paths: &[&str]) -> Vec<String> {
        let change = |path: &&str| Change {
            path: path.as_bytes().to_vec(),
            kind: ChangeKind::Modified,
            content: Content::File,
        };
        let changes = Changes {
            list: paths.iter().map(change).collect(),
            insertions: 0,
            deletions: 0,
        };
        lone_lock_files(&changes).into_iter().collect()
    }

    #[test]
    fn a_lock_file_is_alone_without_a_change_of_its_manifest() {
        assert_eq!(alone(&["a/Cargo.lock", "b/Cargo.toml"]), ["a/Cargo.lock"]);
        assert_eq!(alone(&["Cargo.lock", "b/Cargo.toml"]), [""; 0]);
        assert_eq!(alone(&["go.sum", "b/go.mod"]), ["go.sum"]);
        assert_eq!(alone(&["Gemfile.lock", "a.gemspec"]), [""; 0]);
        assert_eq!(alone(&["package.json", "yarn.lock"]), [""; 0]);
    }
}
