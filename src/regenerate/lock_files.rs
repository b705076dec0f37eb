//! The lock files whose tools batch knows, with the commands that bring them up to date and keep the versions that they
//! already hold. Tools that would choose all versions anew are not among them.

use std::collections::BTreeSet;

use super::rule::{Origin, Outputs, Reach, Rule, Sources};

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
            let below = folders
                .iter()
                .filter(|it| *it != dir && super::rule::is_within(it, dir));
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
