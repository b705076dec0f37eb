//! What a user allows although batch would hold it: kinds of findings in the content of a unit's work, or paths.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::as_text::as_text;
use crate::words::line;

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
    /// A new line has a likely secret.
    Secret,
    /// Files of this name hold secrets.
    SecretFile,
    /// A file that runs is new or changed.
    Executable,
    /// A symlink is new or changed.
    Symlink,
    /// A binary file is large, or a file is too large to be looked at.
    LargeFile,
    /// A lock file changed without a manifest that it follows from.
    LockFile,
    /// Fewer tests run than before, or more are skipped.
    FewerTests,
    /// What a check depends on beside the code is changed, such as the script that it runs.
    ChangedCheck,
}

/// A group of kinds, which is treated in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingGroup {
    /// The file is broken.
    Damage,
    /// The file is whole, and not done with care.
    Careless,
    /// A person looks at it before it is published.
    Sensitive,
    /// The checks may prove less than before.
    Tests,
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
const GROUPS: [(FindingGroup, &str); 4] = [
    (FindingGroup::Damage, "damage"),
    (FindingGroup::Careless, "careless"),
    (FindingGroup::Sensitive, "sensitive"),
    (FindingGroup::Tests, "tests"),
];
const KINDS: [(FindingKind, &str); 20] = [
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
    (FindingKind::Secret, "secret"),
    (FindingKind::SecretFile, "secret-file"),
    (FindingKind::Executable, "executable"),
    (FindingKind::Symlink, "symlink"),
    (FindingKind::LargeFile, "large-file"),
    (FindingKind::LockFile, "lock-file"),
    (FindingKind::FewerTests, "fewer-tests"),
    (FindingKind::ChangedCheck, "changed-check"),
];

impl FindingKind {
    #[must_use]
    pub fn group(self) -> FindingGroup {
        match self {
            Self::Emptied
            | Self::Unparsable
            | Self::ConflictMarkers
            | Self::Placeholder
            | Self::Shrunk => FindingGroup::Damage,
            Self::Unfinished
            | Self::LostExport
            | Self::Suppression
            | Self::Debug
            | Self::UndeclaredImport
            | Self::DeletedFile
            | Self::ChangedTest => FindingGroup::Careless,
            Self::Secret
            | Self::SecretFile
            | Self::Executable
            | Self::Symlink
            | Self::LargeFile
            | Self::LockFile => FindingGroup::Sensitive,
            Self::FewerTests | Self::ChangedCheck => FindingGroup::Tests,
        }
    }

    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Emptied
            | Self::Unparsable
            | Self::ConflictMarkers
            | Self::Placeholder
            | Self::Shrunk
            | Self::Secret
            | Self::SecretFile
            | Self::Executable
            | Self::Symlink
            | Self::LargeFile
            | Self::LockFile
            | Self::FewerTests
            | Self::ChangedCheck => Severity::Held,
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
    /// Also the path that is written exactly so: a name may hold what has a meaning in a glob.
    Paths {
        text: String,
        glob: GlobMatcher,
    },
}

impl Allow {
    /// Returns what a person types between single quotes to allow this path, and no kind of finding.
    pub(crate) fn path(path: &str) -> String {
        let vague = path.replace(|c| !is_plain(c), "?");
        let forms = [path.to_owned(), globset::escape(path), vague];
        // After `./`, a name is neither a kind of finding nor a flag.
        let forms = forms.map(|form| [form.clone(), format!("./{form}")]);
        let fits = |form: &String| {
            let is_typed_so = !form.contains('\'') && !form.starts_with('-') && line(form) == *form;
            let allow = form.parse::<Self>().ok().filter(|_| is_typed_so);
            allow.is_some_and(|allow| {
                matches!(allow, Self::Paths { .. }) && allow.covers(FindingKind::Emptied, path)
            })
        };
        let fitting = forms.into_iter().flatten().find(fits);
        fitting.unwrap_or_else(|| line(path))
    }

    /// Checks whether a finding of this kind at this path is allowed.
    pub(crate) fn covers(&self, kind: FindingKind, path: &str) -> bool {
        match self {
            Self::Group(group) => *group == kind.group(),
            Self::Kind(allowed) => *allowed == kind,
            Self::Paths { text, glob } => plain(text) == path || glob.is_match(path),
        }
    }
}

/// Returns a path as git names it.
fn plain(text: &str) -> &str {
    text.strip_prefix("./").unwrap_or(text)
}

/// Checks whether a character stands for itself in a glob, between single quotes, and on a terminal.
fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !"'[]{}*\\".contains(c) && line(&c.to_string()) == c.to_string()
}

impl FromStr for Allow {
    type Err = String;

    /// Reads `damage`, `emptied`, `src/a.js`, `./Dockerfile` or `src/**/*.json`.
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
        let glob = Glob::new(plain(text)).map_err(|error| format!("{text:?}: {}", error.kind()))?;
        Ok(Self::Paths {
            text: text.to_owned(),
            glob: glob.compile_matcher(),
        })
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::Kind(kind) => kind.fmt(f),
            Self::Paths { text, .. } => f.write_str(text),
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
    fn what_is_printed_for_a_path_allows_this_path_alone() {
        for (path, typed) in [
            ("src/a.js", "src/a.js"),
            ("Dockerfile", "./Dockerfile"),
            ("emptied", "./emptied"),
            ("-x.js", "./-x.js"),
            ("app/[slug]/x", "app/[slug]/x"),
            ("a{b.js", "a[{]b.js"),
            ("a's.js", "a?s.js"),
            ("a's{.js", "a?s?.js"),
            ("a\n.js", "a?.js"),
            (" a ", "./?a?"),
        ] {
            assert_eq!(Allow::path(path), typed);
            let allow: Allow = Allow::path(path).parse().unwrap();
            assert!(allow.covers(FindingKind::Shrunk, path), "{path}");
            assert!(!allow.covers(FindingKind::Shrunk, "other/b.js"), "{path}");
        }
    }

    #[test]
    fn a_word_that_is_no_kind_is_refused_with_the_kinds() {
        let said = "demage".parse::<Allow>().unwrap_err();
        assert!(
            said.starts_with("\"demage\" is neither")
                && said.contains("damage, careless, sensitive, tests, emptied,"),
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
