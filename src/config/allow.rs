//! What a user allows although batch would hold it: kinds of findings in the content of a unit's work, or paths.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::as_text::as_text;

/// A kind of finding in the content of a unit's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The file held something and is empty.
    Emptied,
    /// The file could be parsed and cannot be any more.
    Unparsable,
    /// The file has new conflict markers.
    ConflictMarkers,
    /// The file has words in place of its code.
    Placeholder,
    /// The file lost most of its lines.
    Shrunk,
    /// Code that says of itself that it is not done.
    Unfinished,
    /// A name that other units' files import is gone.
    LostExport,
    /// A warning of a compiler or a linter is switched off.
    Suppression,
    /// Output for finding faults.
    Debug,
    /// An import of a package that no manifest declares.
    UndeclaredImport,
    /// A file is gone.
    DeletedFile,
    /// A test expects something else than before.
    ChangedTest,
}

/// A group of kinds, which is treated in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingGroup {
    /// The file is broken.
    Damage,
    /// The file is whole, and not done with care.
    Careless,
}

/// What becomes of work with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The work goes on, and the finding is told.
    Told,
    /// A coding agent is told of it once.
    SentBackOnce,
    /// A coding agent is told of it once, and the work is held where it stays.
    HeldAfterwards,
    /// The work is held, whoever made it, and an agent is told of it as often as it has attempts.
    Held,
}

/// All groups with their names, and all kinds with theirs.
const GROUPS: [(FindingGroup, &str); 2] = [
    (FindingGroup::Damage, "damage"),
    (FindingGroup::Careless, "careless"),
];
const KINDS: [(FindingKind, &str); 12] = [
    (FindingKind::Emptied, "emptied"),
    (FindingKind::Unparsable, "unparsable"),
    (FindingKind::ConflictMarkers, "conflict-markers"),
    (FindingKind::Placeholder, "placeholder"),
    (FindingKind::Shrunk, "shrunk"),
    (FindingKind::Unfinished, "unfinished"),
    (FindingKind::LostExport, "lost-export"),
    (FindingKind::Suppression, "suppression"),
    (FindingKind::Debug, "debug"),
    (FindingKind::UndeclaredImport, "undeclared-import"),
    (FindingKind::DeletedFile, "deleted-file"),
    (FindingKind::ChangedTest, "changed-test"),
];

impl FindingKind {
    #[must_use]
    pub fn group(self) -> FindingGroup {
        if self.severity() == Severity::Held {
            FindingGroup::Damage
        } else {
            FindingGroup::Careless
        }
    }

    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Emptied
            | Self::Unparsable
            | Self::ConflictMarkers
            | Self::Placeholder
            | Self::Shrunk => Severity::Held,
            Self::Unfinished | Self::LostExport => Severity::HeldAfterwards,
            Self::Suppression | Self::Debug | Self::UndeclaredImport | Self::DeletedFile => {
                Severity::SentBackOnce
            }
            Self::ChangedTest => Severity::Told,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = KINDS.iter().find(|(kind, _)| kind == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl fmt::Display for FindingGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = GROUPS.iter().find(|(group, _)| group == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// What `--allow` names: a group of kinds, a kind, or the paths that a glob matches.
#[derive(Debug, Clone)]
pub(crate) enum Allow {
    Group(FindingGroup),
    Kind(FindingKind),
    Paths(GlobMatcher),
}

impl Allow {
    /// Checks whether a finding of this kind at this path is allowed.
    pub(crate) fn covers(&self, kind: FindingKind, path: &str) -> bool {
        match self {
            Self::Group(group) => *group == kind.group(),
            Self::Kind(allowed) => *allowed == kind,
            Self::Paths(glob) => glob.is_match(path),
        }
    }
}

impl FromStr for Allow {
    type Err = String;

    /// Reads `damage`, `emptied`, `src/a.js` or `src/**/*.json`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((group, _)) = GROUPS.iter().find(|(_, name)| *name == text) {
            return Ok(Self::Group(*group));
        }
        if let Some((kind, _)) = KINDS.iter().find(|(_, name)| *name == text) {
            return Ok(Self::Kind(*kind));
        }
        if !text.contains(['/', '.', '*']) {
            let groups = GROUPS.iter().map(|(_, name)| *name);
            let names: Vec<&str> = groups.chain(KINDS.iter().map(|(_, name)| *name)).collect();
            return Err(format!(
                "{text:?} is neither a kind of finding nor a path: the kinds are {}; a path or a glob of paths has a \
                 slash, a dot or a star",
                names.join(", ")
            ));
        }
        let glob = Glob::new(text).map_err(|error| format!("{text:?}: {}", error.kind()))?;
        Ok(Self::Paths(glob.compile_matcher()))
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::Kind(kind) => kind.fmt(f),
            Self::Paths(glob) => f.write_str(glob.glob().glob()),
        }
    }
}

impl PartialEq for Allow {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

as_text!(Allow);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_a_kind_or_a_glob_of_paths_is_allowed() {
        let covers = |name: &str, path: &str| {
            let allow: Allow = name.parse().unwrap();
            assert_eq!(allow.to_string(), name);
            allow.covers(FindingKind::Emptied, path)
        };
        assert!(covers("damage", "a.js") && covers("emptied", "a.js"));
        assert!(covers("src/**/*.js", "src/a/b.js") && covers("a.js", "a.js"));
        assert!(!covers("shrunk", "a.js") && !covers("src/**", "a.js"));
    }

    #[test]
    fn a_word_that_is_no_kind_is_refused_with_the_kinds() {
        let said = "demage".parse::<Allow>().unwrap_err();
        assert!(
            said.starts_with("\"demage\" is neither")
                && said.contains("damage, careless, emptied,"),
            "{said}"
        );
        assert!("a/[".parse::<Allow>().is_err());
    }

    #[test]
    fn every_kind_is_stored_under_the_name_that_allows_it() {
        for (kind, name) in KINDS {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{name:?}"));
        }
    }
}
