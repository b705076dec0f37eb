//! The names that finished units introduced, which the agents of later units are told: what several units need should
//! get one name.

use std::collections::BTreeSet;

use crate::git::ContentPair;
use crate::imports::{Language, exports};
use crate::plan::UnitId;
use crate::run::log::introduced_names::IntroducedNames;
use crate::run::log::run_state::RunState;
use crate::words;

/// A unit is recorded with at most so many files, and so many names in each.
const FILES_RECORDED: usize = 20;
const NAMES_RECORDED: usize = 20;

/// An agent is told of at most so many units, and of so many files and names of each.
const UNITS_TOLD: usize = 20;
const FILES_TOLD: usize = 4;
const NAMES_TOLD: usize = 6;

/// What a finished unit introduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IntroducedByUnit {
    unit: UnitId,
    files: Vec<IntroducedNames>,
}

impl IntroducedByUnit {
    /// Returns what the units introduced whose work is committed, or is about to be.
    pub(crate) fn of(state: &RunState) -> Vec<Self> {
        let finished = state.units.iter().filter(|unit| {
            let is_lost = unit.outcome().is_some() && unit.attempt.commit.is_none();
            !is_lost && !unit.attempt.introduced_names.is_empty()
        });
        finished
            .map(|unit| Self {
                unit: unit.header.id.clone(),
                files: unit.attempt.introduced_names.clone(),
            })
            .collect()
    }

    /// Writes in few words what the unit introduced.
    fn line(&self) -> String {
        let mut files: Vec<&IntroducedNames> = self.files.iter().collect();
        // Names say more than the path of a new file alone.
        files.sort_by_key(|file| file.names.is_empty());
        let told = files.iter().map(|file| {
            let path = words::line(&file.path);
            let new = if file.is_new { " (new)" } else { "" };
            if file.names.is_empty() {
                return format!("{path}{new}");
            }
            let names = words::few(file.names.iter(), NAMES_TOLD);
            format!("{path}{new}: {names}")
        });
        let told: Vec<String> = told.take(FILES_TOLD).collect();
        let more = match self.files.len().saturating_sub(FILES_TOLD) {
            0 => String::new(),
            more => format!("; and {more} more {}", words::plural(more, "file")),
        };
        format!("`{}`: {}{more}", self.unit, told.join("; "))
    }
}

/// Writes a line for each other unit that introduced names.
pub(crate) fn lines(all: &[IntroducedByUnit], unit: &UnitId) -> Vec<String> {
    let others = all.iter().filter(|it| it.unit != *unit);
    let mut lines: Vec<String> = others.map(IntroducedByUnit::line).collect();
    if let Some(more @ 1..) = lines.len().checked_sub(UNITS_TOLD) {
        lines.truncate(UNITS_TOLD);
        lines.push(format!("and {more} more {}", words::plural(more, "part")));
    }
    lines
}

/// Returns the names that a change introduces. A name that moved from one of the files to another is not new.
pub(crate) fn introduced(changed: &[ContentPair]) -> Vec<IntroducedNames> {
    let files: Vec<ChangedNames<'_>> = changed.iter().filter_map(ChangedNames::of).collect();
    let known: BTreeSet<&str> = files.iter().flat_map(|file| file.before.clone()).collect();
    let added = files.into_iter().map(|file| {
        let names = file.after.difference(&known);
        IntroducedNames {
            path: file.path.to_owned(),
            is_new: file.is_new,
            names: names
                .take(NAMES_RECORDED)
                .map(|name| (*name).to_owned())
                .collect(),
        }
    });
    let told = added.filter(|file| file.is_new || !file.names.is_empty());
    told.take(FILES_RECORDED).collect()
}

/// A file of a change, with the names that it offers.
struct ChangedNames<'a> {
    path: &'a str,
    is_new: bool,
    before: BTreeSet<&'a str>,
    after: BTreeSet<&'a str>,
}

impl<'a> ChangedNames<'a> {
    /// Reads a file; `None` where the change does not leave it.
    fn of(pair: &'a ContentPair) -> Option<Self> {
        let path = str::from_utf8(&pair.path).ok()?;
        let after = &pair.after.as_ref()?.bytes;
        let names = |text: &'a [u8]| {
            let language = Language::of_path(path)?;
            Some(exports(language, str::from_utf8(text).ok()?))
        };
        Some(Self {
            path,
            is_new: pair.before.is_none(),
            before: pair
                .before
                .as_ref()
                .and_then(|side| names(&side.bytes))
                .unwrap_or_default(),
            after: names(after).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::FileContent;

    fn pair(path: &str, before: Option<&str>, after: Option<&str>) -> ContentPair {
        let side = |text: &str| FileContent {
            bytes: text.as_bytes().to_vec(),
            is_executable: false,
        };
        ContentPair {
            path: path.as_bytes().to_vec(),
            before: before.map(side),
            after: after.map(side),
        }
    }

    fn said(changed: &[ContentPair]) -> String {
        let unit = |id| UnitId::parse(id).unwrap();
        let all = [IntroducedByUnit {
            unit: unit("01-a"),
            files: introduced(changed),
        }];
        assert_eq!(lines(&all, &unit("01-a")), [""; 0]);
        lines(&all, &unit("02-b")).join("\n")
    }

    #[test]
    fn new_names_and_new_files_are_told_in_few_words() {
        let changed = [
            pair("a.css", None, Some("a {}\n")),
            pair(
                "src/a.js",
                Some("export const one = 1;\n"),
                Some("export const one = 2;\nexport function two() {}\n"),
            ),
            pair("src/money.ts", None, Some("export const format = 1;\n")),
            pair("gone.js", Some("export const three = 1;\n"), None),
        ];
        assert_eq!(
            said(&changed),
            "`01-a`: src/a.js: two; src/money.ts (new): format; a.css (new)"
        );
    }

    #[test]
    fn a_name_that_moves_is_not_new() {
        let moved = "def helper():\n    pass\n";
        let changed = [
            pair("a.py", Some(moved), Some("x = 1\n")),
            pair("b.py", Some(""), Some(moved)),
        ];
        assert_eq!(
            introduced(&changed),
            [IntroducedNames {
                path: "a.py".into(),
                is_new: false,
                names: vec!["x".into()]
            }]
        );
    }

    #[test]
    fn what_is_told_is_bounded() {
        let exported: Vec<String> = (0..90)
            .map(|n| format!("export const name{n} = 1;"))
            .collect();
        let text = exported.join("\n");
        let many: Vec<ContentPair> = (0..90)
            .map(|n| pair(&format!("f{n:02}.js"), None, Some(&text)))
            .collect();
        let unit = |n: usize| UnitId::parse(&format!("{n:02}-a")).unwrap();
        let all: Vec<IntroducedByUnit> = (0..90)
            .map(|n| IntroducedByUnit {
                unit: unit(n),
                files: introduced(&many),
            })
            .collect();
        let lines = lines(&all, &unit(0));
        assert_eq!(lines.len(), UNITS_TOLD + 1);
        assert!(lines[0].ends_with("; and 16 more files"), "{}", lines[0]);
        assert_eq!(lines[UNITS_TOLD], "and 69 more parts");
        assert!(lines.iter().all(|line| line.len() < 600), "{}", lines[0]);
    }
}
