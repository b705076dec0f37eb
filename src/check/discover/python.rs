//! Python: pytest in the project that configures it or has tests by its naming rules, run as the project runs it.
//! <https://docs.pytest.org/en/stable/reference/customize.html>

use super::packages::{Packages, folders_to_test};
use super::python_runner::{Runner, runner};
use super::tree::{Tree, source};
use crate::check::command::Check;

/// Files that configure pytest, each with the line that shows it. With an empty line the file itself is enough.
const CONFIGS: [(&str, &str); 5] = [
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
];

const PROJECTS: [&str; 4] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
];

/// Files that show that a project runs its tests in its own way, which pytest cannot guess.
const RUNNERS: [&str; 3] = ["manage.py", "runtests.py", "tests/runtests.py"];

pub(super) fn can_test(tree: &Tree<'_>, dir: &str) -> bool {
    evidence(tree, dir).is_some()
}

pub(super) fn checks(tree: &Tree<'_>, packages: &Packages<'_>) -> Vec<Check> {
    folders_to_test(packages, |dir| can_test(tree, dir))
        .into_iter()
        .map(|dir| {
            if let Some(Runner {
                words, shown_by, ..
            }) = runner(tree, dir)
            {
                return Check::found(words, dir, source(shown_by, [dir]));
            }
            let why = evidence(tree, dir).unwrap_or_default();
            Check::found(["python3", "-m", "pytest", "-q"], dir, source(&why, [dir]))
        })
        .collect()
}

/// Returns the file that shows that the project in `dir` has tests.
fn evidence(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let told = || {
        let runner = runner(tree, dir)?;
        runner.knows_tests.then(|| runner.shown_by.to_owned())
    };
    configuration(tree, dir).or_else(told).or_else(|| {
        let is_project = dir.is_empty() || tree.first(dir, &PROJECTS).is_some();
        if !is_project || tree.first(dir, &RUNNERS).is_some() {
            return None;
        }
        ["conftest.py", "tests/conftest.py", "test/conftest.py"]
            .into_iter()
            .find(|name| tree.has(dir, name))
            .map(String::from)
            .or_else(|| tests(tree, dir))
    })
}

fn configuration(tree: &Tree<'_>, dir: &str) -> Option<String> {
    CONFIGS
        .iter()
        .find(|(name, section)| {
            tree.text(dir, name)
                .is_some_and(|text| text.lines().any(|line| line.trim().starts_with(section)))
                || (section.is_empty() && tree.has(dir, name))
        })
        .map(|(name, _)| (*name).to_owned())
}

/// Returns the first test file in `dir` itself or in its folder of tests.
fn tests(tree: &Tree<'_>, dir: &str) -> Option<String> {
    tree.below(dir)
        .find(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let top = folder.split('/').next().unwrap_or_default();
            matches!(top, "" | "test" | "tests")
                && name
                    .strip_suffix(".py")
                    .is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"))
        })
        .map(String::from)
}
