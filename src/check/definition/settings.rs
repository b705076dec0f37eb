//! The settings of tools that run tests: files of their own, and tables in files that hold other things, too.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use globset::{Glob, GlobMatcher};
use regex::Regex;
use serde_json::Value as Json;
use toml::Value as Toml;

/// Where in a file the settings are.
#[derive(Debug, Clone, Copy)]
enum Part {
    Whole,
    /// The value at these keys, with dots between them.
    Json(&'static str),
    Toml(&'static [&'static str]),
    /// The sections of an INI file whose names begin so.
    Ini(&'static str),
    /// The lines that say which tests run.
    Lines,
}

/// The settings of a tool in files of one name.
#[derive(Debug)]
pub(super) struct Settings {
    /// The words of commands that start the tool, with the tool's name first.
    tool: &'static [&'static str],
    /// A glob of names.
    file: &'static str,
    part: Part,
}

const JEST: &[&str] = &["jest", "react-scripts"];
const PYTEST: &[&str] = &[
    "pytest", "py.test", "tox", "nox", "hatch", "pdm", "pixi", "poe",
];
const MAVEN: &[&str] = &["mvn", "mvnw", "mvnd"];
const GRADLE: &[&str] = &["gradle", "gradlew"];
const CARGO: &[&str] = &["cargo test"];

const fn whole(tool: &'static [&'static str], file: &'static str) -> Settings {
    let part = Part::Whole;
    Settings { tool, file, part }
}

const fn part(tool: &'static [&'static str], file: &'static str, part: Part) -> Settings {
    Settings { tool, file, part }
}

const ALL: [Settings; 33] = [
    whole(JEST, "jest.config.*"),
    part(JEST, "package.json", Part::Json("jest")),
    whole(
        &["vitest"],
        "{vitest.config,vitest.workspace,vite.config}.*",
    ),
    whole(&["mocha"], ".mocharc*"),
    part(&["mocha"], "package.json", Part::Json("mocha")),
    whole(&["ava"], "ava.config.*"),
    part(&["ava"], "package.json", Part::Json("ava")),
    whole(&["tap"], ".taprc"),
    part(&["tap"], "package.json", Part::Json("tap")),
    whole(&["jasmine"], "jasmine.{json,mjs,js}"),
    whole(&["karma", "ng"], "karma.conf.*"),
    whole(&["playwright"], "playwright.config.*"),
    whole(PYTEST, "{pytest,.pytest}.ini"),
    part(PYTEST, "tox.ini", Part::Ini("pytest")),
    part(PYTEST, "setup.cfg", Part::Ini("tool:pytest")),
    part(PYTEST, "pyproject.toml", Part::Toml(&["tool.pytest"])),
    part(&["tox"], "tox.ini", Part::Ini("testenv")),
    part(&["tox"], "pyproject.toml", Part::Toml(&["tool.tox"])),
    whole(&["nox"], "noxfile.py"),
    part(
        &["hatch"],
        "pyproject.toml",
        Part::Toml(&["tool.hatch.envs"]),
    ),
    part(
        &["pdm"],
        "pyproject.toml",
        Part::Toml(&["tool.pdm.scripts"]),
    ),
    part(
        &["pixi"],
        "pyproject.toml",
        Part::Toml(&["tool.pixi.tasks"]),
    ),
    part(&["poe"], "pyproject.toml", Part::Toml(&["tool.poe"])),
    part(
        CARGO,
        "Cargo.toml",
        Part::Toml(&[
            "test",
            "lib.test",
            "lib.doctest",
            "lib.harness",
            "package.autotests",
        ]),
    ),
    part(CARGO, "config.toml", Part::Toml(&["alias"])),
    whole(CARGO, "nextest.toml"),
    part(MAVEN, "pom.xml", Part::Lines),
    part(GRADLE, "build.gradle{,.kts}", Part::Lines),
    whole(&["dotnet"], "*.runsettings"),
    whole(&["rspec", "rake"], ".rspec"),
    whole(&["rake"], "Rakefile"),
    whole(&["phpunit", "pest", "paratest"], "phpunit*.xml{,.dist}"),
    whole(&["just"], "{justfile,Justfile,.justfile}"),
];

/// The globs of all settings, in their order.
static GLOBS: LazyLock<Vec<Option<GlobMatcher>>> = LazyLock::new(|| {
    // A test proves that the globs compile.
    let glob = |it: &Settings| Some(Glob::new(it.file).ok()?.compile_matcher());
    ALL.iter().map(glob).collect()
});

/// A line of a build file that says which tests run.
static SELECTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)skip|surefire|failsafe|useJUnit|useTestNG|exclude|include|enabled|",
        r"\bgroups\b|filter|onlyIf|ignoreFailures|testFailureIgnore",
    ))
    .ok()
});

/// Returns the settings that a file may hold of the tools that a check of the folder `dir` starts.
pub(super) fn of_file(
    path: &str,
    dir: &str,
    words: &BTreeSet<String>,
) -> impl Iterator<Item = &'static Settings> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_below = |one: &str, other: &str| {
        other.is_empty() || one == other || one.starts_with(&format!("{other}/"))
    };
    // Tools look for settings in the folders above, and know of packages below.
    let is_near = is_below(folder, dir) || is_below(dir, folder);
    let fits = ALL.iter().zip(&*GLOBS).filter(move |(it, glob)| {
        is_near
            && it.tool.iter().any(|tool| words.contains(*tool))
            && glob.as_ref().is_some_and(|glob| glob.is_match(name))
    });
    fits.map(|(it, _)| it).collect::<Vec<_>>().into_iter()
}

impl Settings {
    /// Returns the name of the tool.
    pub(super) fn tool(&self) -> &'static str {
        self.tool.first().copied().unwrap_or_default()
    }

    pub(super) fn is_changed(&self, (before, after): (Option<&str>, Option<&str>)) -> bool {
        match self.part {
            Part::Whole => before != after,
            Part::Json(key) => json(before, key) != json(after, key),
            Part::Toml(keys) => keys.iter().any(|key| toml(before, key) != toml(after, key)),
            Part::Ini(name) => ini(before, name) != ini(after, name),
            Part::Lines => selection(before) != selection(after),
        }
    }
}

fn json(text: Option<&str>, key: &str) -> Option<Json> {
    let value: Json = serde_json::from_str(text?).ok()?;
    value.get(key).cloned()
}

fn toml(text: Option<&str>, key: &str) -> Option<Toml> {
    let mut value = Toml::Table(toml::from_str(text?).ok()?);
    for part in key.split('.') {
        value = value.get(part)?.clone();
    }
    Some(value)
}

fn ini<'t>(text: Option<&'t str>, name: &str) -> Vec<&'t str> {
    let mut is_inside = false;
    let lines = text.into_iter().flat_map(str::lines);
    lines
        .filter(|line| {
            if let Some(section) = line.strip_prefix('[') {
                is_inside = section.starts_with(name);
            }
            is_inside && !line.trim().is_empty()
        })
        .collect()
}

fn selection(text: Option<&str>) -> Vec<&str> {
    let Some(form) = SELECTION.as_ref() else {
        return Vec::new();
    };
    let lines = text.into_iter().flat_map(str::lines);
    lines
        .filter(|line| form.is_match(line))
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glob_and_expression_compiles() {
        assert!(GLOBS.iter().all(Option::is_some));
        assert!(SELECTION.is_some());
    }
}
