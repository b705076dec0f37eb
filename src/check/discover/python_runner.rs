//! How a Python project runs its tests: by the tool that keeps its environment, or by the tool that runs its sessions.

use toml::{Table, Value};

use super::tree::{Tree, upward};

/// A command, and the file that shows that the project uses it.
pub(super) struct Runner {
    pub(super) words: Vec<&'static str>,
    pub(super) shown_by: &'static str,
    /// Whether the tool knows by itself which tests there are.
    pub(super) knows_tests: bool,
}

/// Tools that keep a project's environment: the lock file, the table of `pyproject.toml`, and the program.
const ENVIRONMENTS: [(&str, &str, &str); 4] = [
    ("uv.lock", "uv", "uv"),
    ("poetry.lock", "poetry", "poetry"),
    ("pdm.lock", "pdm", "pdm"),
    ("pixi.lock", "pixi", "pixi"),
];

const PYPROJECT: &str = "pyproject.toml";
const PYTEST: [&str; 2] = ["pytest", "-q"];

/// Returns the runner of the project in `dir`; `None` where plain Python runs its tests.
pub(super) fn runner(tree: &Tree<'_>, dir: &str) -> Option<Runner> {
    // A script that the project wrote for its tests says best how they run.
    session(tree, dir).or_else(|| upward(dir).find_map(|dir| environment(tree, dir)))
}

/// Returns the tool with which the project in `dir` says itself how its tests run.
fn session(tree: &Tree<'_>, dir: &str) -> Option<Runner> {
    let says = |words: &[&'static str], shown_by: &'static str| {
        Some(Runner {
            words: words.to_vec(),
            shown_by,
            knows_tests: true,
        })
    };
    let project = table(tree, dir, PYPROJECT).unwrap_or_default();
    let pixi = table(tree, dir, "pixi.toml");
    for (manifest, name) in [
        (pixi.as_ref(), "pixi.toml"),
        (part(&project, &["tool", "pixi"]), PYPROJECT),
    ] {
        if manifest.is_some_and(|manifest| part_value(manifest, &["tasks", "test"]).is_some()) {
            return says(&["pixi", "run", "test"], name);
        }
    }
    if part_value(&project, &["tool", "pdm", "scripts", "test"]).is_some() {
        return says(&["pdm", "run", "test"], PYPROJECT);
    }
    let pipfile = table(tree, dir, "Pipfile").unwrap_or_default();
    if part_value(&pipfile, &["scripts", "test"]).is_some() {
        return says(&["pipenv", "run", "test"], "Pipfile");
    }
    let hatch = table(tree, dir, "hatch.toml");
    for (manifest, name) in [
        (hatch.as_ref(), "hatch.toml"),
        (part(&project, &["tool", "hatch"]), PYPROJECT),
    ] {
        let Some(environments) = manifest.and_then(|manifest| part(manifest, &["envs"])) else {
            continue;
        };
        let has = |words: &[&str]| part_value(environments, words).is_some();
        let words: &[&str] = if has(&["default", "scripts", "test"]) {
            &["hatch", "run", "test"]
        } else if has(&["test", "scripts", "test"]) {
            &["hatch", "run", "test:test"]
        } else if has(&["test", "scripts", "run"]) {
            &["hatch", "run", "test:run"]
        } else {
            return Some(Runner {
                words: vec!["hatch", "test"],
                shown_by: name,
                knows_tests: has(&["hatch-test"]),
            });
        };
        return says(words, name);
    }
    if let Some(sessions) = tree.text(dir, "noxfile.py") {
        // Without a name nox runs every session, and one of them may publish a release.
        for (name, words) in [
            ("tests", &["nox", "-s", "tests"]),
            ("test", &["nox", "-s", "test"]),
        ] {
            if has_session(&sessions, name) {
                return says(words, "noxfile.py");
            }
        }
    }
    let has_line = |name: &str, starts: &[&str]| {
        tree.text(dir, name).is_some_and(|text| {
            let mut lines = text.lines();
            lines.any(|line| starts.iter().any(|start| line.trim().starts_with(start)))
        })
    };
    let tox = if has_line("tox.ini", &["[tox]", "[testenv"]) {
        "tox.ini"
    } else if tree.has(dir, "tox.toml") {
        "tox.toml"
    } else if part(&project, &["tool", "tox"]).is_some() {
        PYPROJECT
    } else if has_line("setup.cfg", &["[tox:tox]", "[testenv"]) {
        "setup.cfg"
    } else {
        return None;
    };
    // A list of environments mostly names many versions of Python, of which a machine has few.
    says(&["tox", "-e", "py"], tox)
}

/// Returns the tool that keeps the environment of the project in `dir`.
fn environment(tree: &Tree<'_>, dir: &str) -> Option<Runner> {
    let project = table(tree, dir, PYPROJECT).unwrap_or_default();
    let runs = |program: &'static str, shown_by: &'static str| Runner {
        words: [&[program, "run"][..], &PYTEST].concat(),
        shown_by,
        knows_tests: false,
    };
    for (lock, _, program) in ENVIRONMENTS {
        if tree.has(dir, lock) {
            return Some(runs(program, lock));
        }
    }
    for name in ["Pipfile.lock", "Pipfile"] {
        if tree.has(dir, name) {
            return Some(runs("pipenv", name));
        }
    }
    if tree.has(dir, "pixi.toml") {
        return Some(runs("pixi", "pixi.toml"));
    }
    ENVIRONMENTS
        .iter()
        .find(|(_, table, _)| part(&project, &["tool", table]).is_some())
        .map(|(_, _, program)| runs(program, PYPROJECT))
}

/// Checks whether a noxfile has a session of this name.
fn has_session(noxfile: &str, name: &str) -> bool {
    let definition = format!("def {name}(");
    let named = [format!("name=\"{name}\""), format!("name='{name}'")];
    noxfile.lines().any(|line| {
        line.starts_with(&definition) || named.iter().any(|named| line.contains(named.as_str()))
    })
}

fn table(tree: &Tree<'_>, dir: &str, name: &str) -> Option<Table> {
    tree.text(dir, name)?.parse().ok()
}

fn part_value<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t Value> {
    let (last, above) = keys.split_last()?;
    above
        .iter()
        .try_fold(table, |table, key| table.get(*key)?.as_table())?
        .get(*last)
}

fn part<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t Table> {
    part_value(table, keys)?.as_table()
}
