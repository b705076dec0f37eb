//! Finds shared files: files that nearly every change touches, or that follow another file. These are lock files,
//! changelogs, files that only re-export, CI settings, snapshots, and files that history shows changing together with
//! everything.
//!
//! Split over units like other files, shared files would be where pull requests conflict. So they are treated
//! separately:
//!
//! | kind | result |
//! |---|---|
//! | lock file | left out, because its own tool writes it, unless the user asked for it by its path |
//! | snapshot | part of the unit that has its test, or else shared |
//! | file that only re-exports, if several units have files of its folder | shared |
//! | changelog, CI settings, file that changes with everything | shared |
//!
//! Shared files make one unit of their own, the last (one for each group of owners if these are kept apart). If most of
//! the files are of such a kind, the change is about them, and none is set apart.
//!
//! Pure over names, contents and the given history.

mod reexport;

use std::collections::{BTreeSet, HashMap};

/// Why many changes touch a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SharedKind {
    Changelog,
    Ci,
    /// The file only re-exports what other files hold.
    Reexports,
    /// A test tool recorded it; the test is in one of these files.
    Snapshot(Vec<String>),
}

/// How many commits are searched for files that change together.
pub(super) const COMMITS: usize = 1_000;

/// Fewer commits than this are not a habit.
const HABIT: usize = 10;

/// Of the commits that change any of the files, one in this many must change a file together with files of other units.
const ONE_IN: usize = 5;

/// With fewer units, "everything" would mean too little.
const FEWEST_UNITS: usize = 3;

const LOCK_FILES: &[&str] = &[
    "Cargo.lock",
    "Gemfile.lock",
    "Package.resolved",
    "Pipfile.lock",
    "Podfile.lock",
    "bun.lock",
    "cabal.project.freeze",
    "composer.lock",
    "deno.lock",
    "flake.lock",
    "go.sum",
    "go.work.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pixi.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pubspec.lock",
    "stack.yaml.lock",
    "uv.lock",
    "yarn.lock",
];

/// Folders and files where common CI systems look for their settings.
const CI: &[&str] = &[
    ".buildkite/",
    ".circleci/",
    ".drone.yml",
    ".forgejo/workflows/",
    ".gitea/workflows/",
    ".github/actions/",
    ".github/workflows/",
    ".gitlab-ci.yml",
    ".gitlab/ci/",
    ".travis.yml",
    ".woodpecker.yml",
    ".woodpecker/",
    "Jenkinsfile",
    "appveyor.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
];

const CHANGELOGS: &[&str] = &["changelog", "changes", "history", "news", "releases"];

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Checks whether a package manager writes the file.
pub(super) fn is_lock_file(path: &str) -> bool {
    LOCK_FILES.contains(&name_of(path))
}

/// Returns the kind of shared file by name and content, if it is one.
pub(super) fn kind(path: &str, content: &[u8]) -> Option<SharedKind> {
    let is_ci = |place: &&str| match place.strip_suffix('/') {
        Some(folder) => path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/')),
        None => path == *place,
    };
    if CI.iter().any(is_ci) {
        return Some(SharedKind::Ci);
    }
    if is_changelog(name_of(path)) {
        return Some(SharedKind::Changelog);
    }
    if let Some(tests) = tests_of_snapshot(path, content) {
        return Some(SharedKind::Snapshot(tests));
    }
    reexport::only_reexports(name_of(path), content).then_some(SharedKind::Reexports)
}

fn is_changelog(name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    CHANGELOGS.contains(&stem.to_ascii_lowercase().as_str())
        && ["", "md", "txt", "rst", "adoc", "markdown"]
            .contains(&ending.to_ascii_lowercase().as_str())
}

/// Returns where the test of a snapshot may be, the likeliest place first; `None` if the file is not a snapshot.
///
/// Jest and vitest name a snapshot after its test and put it into a folder beside it, syrupy does the same for Python,
/// and insta writes the test's path into the head.
fn tests_of_snapshot(path: &str, content: &[u8]) -> Option<Vec<String>> {
    let (folder, name) = (folder_of(path), name_of(path));
    let stem = name.strip_suffix(".snap");
    if name_of(folder) == "__snapshots__" {
        let above = match folder_of(folder) {
            "" => String::new(),
            above => format!("{above}/"),
        };
        if let Some(test) = stem {
            return Some(vec![format!("{above}{test}")]);
        }
        if let Some(test) = name.strip_suffix(".ambr") {
            return Some(vec![format!("{above}{test}.py")]);
        }
    }
    stem?;
    let head = String::from_utf8_lossy(&content[..content.len().min(1_000)]);
    let source = head
        .strip_prefix("---\n")?
        .lines()
        .find_map(|line| line.strip_prefix("source: "))?
        .trim_matches('"');
    // The path starts at the root of the workspace, which may differ from the root of the repository.
    let roots = std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| folder_of(folder))
    });
    Some(
        roots
            .map(|root| match root {
                "" => source.to_owned(),
                root => format!("{root}/{source}"),
            })
            .collect(),
    )
}

/// Returns the files that follow others: the place of each, and the place of the file it follows.
pub(super) fn followers(files: &[(&str, Option<&SharedKind>)]) -> Vec<(usize, usize)> {
    let places: HashMap<&str, usize> = files
        .iter()
        .enumerate()
        .filter(|(_, (_, kind))| !matches!(kind, Some(SharedKind::Snapshot(_))))
        .map(|(place, (path, _))| (*path, place))
        .collect();
    let followed = |kind: Option<&SharedKind>| match kind {
        Some(SharedKind::Snapshot(tests)) => tests
            .iter()
            .find_map(|test| places.get(test.as_str()).copied()),
        _ => None,
    };
    files
        .iter()
        .enumerate()
        .filter_map(|(place, (_, kind))| Some((place, followed(*kind)?)))
        .collect()
}

/// Returns the files that several units would share in this division. `commits` holds the paths that each commit
/// changed.
pub(super) fn find_shared(
    files: &[(&str, Option<&SharedKind>)],
    units: &[Vec<usize>],
    commits: &[Vec<String>],
) -> BTreeSet<usize> {
    if units.len() < 2 {
        return BTreeSet::new();
    }
    let mut unit_of = vec![None; files.len()];
    for (unit, members) in units.iter().enumerate() {
        for &file in members {
            unit_of[file] = Some(unit);
        }
    }
    let mut shared: BTreeSet<usize> =
        changed_with_most_units(files, &unit_of, units.len(), commits).collect();
    let mut of_folder: HashMap<&str, BTreeSet<usize>> = HashMap::new();
    for ((path, _), unit) in files.iter().zip(&unit_of) {
        let Some(unit) = unit else { continue };
        for (end, _) in path.match_indices('/') {
            of_folder.entry(&path[..end]).or_default().insert(*unit);
        }
        of_folder.entry("").or_default().insert(*unit);
    }
    for (file, (path, kind)) in files.iter().enumerate() {
        let is_shared = match kind {
            Some(SharedKind::Changelog | SharedKind::Ci | SharedKind::Snapshot(_)) => true,
            Some(SharedKind::Reexports) => of_folder
                .get(folder_of(path))
                .is_some_and(|units| units.len() > 1),
            None => false,
        };
        if is_shared && unit_of[file].is_some() {
            shared.insert(file);
        }
    }
    let members: usize = units.iter().map(Vec::len).sum();
    if shared.len() * 2 > members {
        return BTreeSet::new();
    }
    shared
}

/// Returns files that change together with everything: often with files of other units, and with files of most units.
fn changed_with_most_units(
    files: &[(&str, Option<&SharedKind>)],
    unit_of: &[Option<usize>],
    units: usize,
    commits: &[Vec<String>],
) -> impl Iterator<Item = usize> {
    let places: HashMap<&str, usize> = files
        .iter()
        .enumerate()
        .map(|(place, (path, _))| (*path, place))
        .collect();
    let mut together: HashMap<usize, (usize, BTreeSet<usize>)> = HashMap::new();
    let mut all = 0;
    for commit in commits {
        let changed: Vec<(usize, usize)> = commit
            .iter()
            .filter_map(|path| places.get(path.as_str()))
            .filter_map(|&file| Some((file, unit_of[file]?)))
            .collect();
        all += usize::from(!changed.is_empty());
        let touched: BTreeSet<usize> = changed.iter().map(|(_, unit)| *unit).collect();
        for (file, own) in changed {
            let mut others = touched.iter().filter(|unit| **unit != own).peekable();
            if others.peek().is_some() {
                let (times, with) = together.entry(file).or_default();
                *times += 1;
                with.extend(others);
            }
        }
    }
    together
        .into_iter()
        .filter_map(move |(file, (times, with))| {
            let is_habit = times >= HABIT && times * ONE_IN >= all;
            (units >= FEWEST_UNITS && is_habit && with.len() * 2 >= units - 1).then_some(file)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(files: &[(&str, &str)]) -> Vec<Option<SharedKind>> {
        files
            .iter()
            .map(|(path, text)| kind(path, text.as_bytes()))
            .collect()
    }

    #[test]
    fn the_kind_follows_from_name_and_content() {
        let snapshot = |tests: &[&str]| {
            Some(SharedKind::Snapshot(
                tests.iter().map(ToString::to_string).collect(),
            ))
        };
        assert_eq!(
            kinds(&[
                ("docs/CHANGELOG.md", ""),
                ("NEWS", ""),
                ("src/history.js", ""),
                (".github/workflows/ci.yml", ""),
                (".github/workflows.md", ""),
                ("web/Jenkinsfile", ""),
                ("src/__snapshots__/a.test.tsx.snap", ""),
                ("__snapshots__/test_a.ambr", ""),
                (
                    "core/tests/snapshots/x__y.snap",
                    "---\nsource: tests/x.rs\n---\n"
                ),
                ("roll.snap", "no snapshot"),
                (
                    "src/index.ts",
                    "export * from './a';\nexport * from './b';\n"
                ),
            ]),
            [
                Some(SharedKind::Changelog),
                Some(SharedKind::Changelog),
                None,
                Some(SharedKind::Ci),
                None,
                None,
                snapshot(&["src/a.test.tsx"]),
                snapshot(&["test_a.py"]),
                snapshot(&[
                    "core/tests/snapshots/tests/x.rs",
                    "core/tests/tests/x.rs",
                    "core/tests/x.rs",
                    "tests/x.rs"
                ]),
                None,
                Some(SharedKind::Reexports),
            ]
        );
        assert!(is_lock_file("web/yarn.lock") && !is_lock_file("src/lock.rs"));
    }

    #[test]
    fn a_snapshot_follows_its_first_existing_test() {
        let kind = SharedKind::Snapshot(vec!["x".into(), "b".into(), "a".into()]);
        let files = [("a", None), ("b", None), ("s", Some(&kind))];
        assert_eq!(followers(&files), [(2, 1)]);
        assert_eq!(followers(&files[2..]), []);
    }

    #[test]
    fn a_reexporting_file_is_shared_if_several_units_have_its_folder() {
        let kind = SharedKind::Reexports;
        let files = [
            ("src/index.ts", Some(&kind)),
            ("src/a/index.ts", Some(&kind)),
            ("src/a/x.ts", None),
            ("src/b/y.ts", None),
            ("src/b/z.ts", None),
        ];
        let units = [vec![1, 2], vec![0, 3, 4]];
        assert_eq!(find_shared(&files, &units, &[]), BTreeSet::from([0]));
        assert_eq!(
            find_shared(&files, &[vec![0, 1, 2, 3, 4]], &[]),
            BTreeSet::new()
        );
    }

    #[test]
    fn nothing_is_set_apart_if_most_files_would_be_shared() {
        let kind = SharedKind::Ci;
        let files = [("a", Some(&kind)), ("b", Some(&kind)), ("c", None)];
        assert_eq!(
            find_shared(&files, &[vec![0], vec![1, 2]], &[]),
            BTreeSet::new()
        );
    }

    #[test]
    fn a_file_that_changes_with_every_unit_is_shared() {
        let files = ["all", "a", "b", "c", "d"].map(|path| (path, None));
        let units = [vec![0], vec![1], vec![2], vec![3], vec![4]];
        let commit = |paths: &[&str]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut commits = Vec::new();
        for other in ["b", "c", "d", "b", "c"] {
            commits.extend([
                commit(&["all", other]),
                commit(&["all", other]),
                commit(&["a"]),
            ]);
        }
        assert_eq!(find_shared(&files, &units, &commits), BTreeSet::from([0]));
        assert_eq!(find_shared(&files, &units, &commits[..12]), BTreeSet::new());
    }
}
