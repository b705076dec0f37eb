//! The settings of a repository, file by file, and how they differ between two moments.
//!
//! A value that may be a secret is known by its digest alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::change::{GitFolderChange, quoted};
use super::rename::rename_keys;
use super::secrets::{is_secret, without_users};
use crate::git::objects::digest;

/// Included files include others at most so deep.
const DEEPEST: usize = 10;

/// A longer value is cut where it is told.
const LONGEST: usize = 160;

/// Keys as people write them; libgit2 gives all keys in small letters.
const KEYS: [&str; 13] = [
    "askPass",
    "attributesFile",
    "excludesFile",
    "extraHeader",
    "fileMode",
    "gitProxy",
    "gpgSign",
    "hooksPath",
    "insteadOf",
    "pushInsteadOf",
    "pushDefault",
    "signingKey",
    "sshCommand",
];

/// The settings of the repository's own files, by the path of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    files: BTreeMap<String, ConfigFile>,
}

/// One file of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ConfigFile {
    digest: String,
    /// `None` where git cannot read the file.
    settings: Option<BTreeMap<String, Vec<Value>>>,
}

/// One value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Value {
    digest: String,
    /// The value without its secrets; `None` where it may be one.
    shown: Option<String>,
    /// `shown` is the whole value.
    is_whole: bool,
}

/// A file that is to be read, and how deep it is included.
struct Next {
    path: PathBuf,
    depth: usize,
}

impl Settings {
    /// Reads the files, and the files below one of `inside` that they include.
    pub(super) fn read(files: &[PathBuf], inside: &[&Path]) -> Self {
        let mut found = Self::default();
        let mut next: Vec<Next> = files
            .iter()
            .map(|path| Next {
                path: path.clone(),
                depth: 0,
            })
            .collect();
        let mut seen = BTreeSet::new();
        while let Some(Next { path, depth }) = next.pop() {
            // A file that is not there, or not readable, sets nothing.
            let (Ok(path), Ok(bytes)) = (path.canonicalize(), fs::read(&path)) else {
                continue;
            };
            let is_inside = depth == 0 || inside.iter().any(|folder| path.starts_with(folder));
            if !is_inside || !seen.insert(path.clone()) {
                continue;
            }
            let entries = entries(&path).ok();
            if depth < DEEPEST {
                let includes = entries.iter().flatten().filter_map(|(name, value)| {
                    let (section, key) = name.rsplit_once('.')?;
                    let is_include = key == "path"
                        && (section == "include" || section.starts_with("includeif."));
                    let folder = path.parent().filter(|_| is_include)?;
                    Some(Next {
                        path: folder.join(value),
                        depth: depth + 1,
                    })
                });
                next.extend(includes);
            }
            let settings = entries.map(|entries| {
                let mut settings: BTreeMap<String, Vec<Value>> = BTreeMap::new();
                for (name, value) in entries {
                    let value = Value::of(&name, &value);
                    settings.entry(name).or_default().push(value);
                }
                settings
            });
            let file = ConfigFile {
                digest: digest(&bytes),
                settings,
            };
            found
                .files
                .insert(path.to_string_lossy().into_owned(), file);
        }
        found
    }

    /// Names the files below `from` as files below `to`.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        rename_keys(&mut self.files, from, to);
    }

    /// Returns the last value of a setting, in whichever file it is.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let files = self.files.values();
        let mut values = files.filter_map(|file| file.settings.as_ref()?.get(name)?.last());
        let last = values.rfind(|value| value.is_whole)?;
        last.shown.as_deref()
    }

    /// Tells the differences to an earlier moment. `main` is the file that `git config --local` writes.
    pub(super) fn changes_since(&self, before: &Self, main: &Path) -> Vec<GitFolderChange> {
        let paths: BTreeSet<&String> = before.files.keys().chain(self.files.keys()).collect();
        let mut changes = Vec::new();
        for path in paths {
            let (before, after) = (before.files.get(path), self.files.get(path));
            if before.map(|file| &file.digest) == after.map(|file| &file.digest) {
                continue;
            }
            let file = File {
                path,
                is_main: Path::new(path) == main,
            };
            let none = BTreeMap::new();
            let settings = |file: Option<&ConfigFile>| match file {
                Some(file) => file.settings.clone(),
                None => Some(none.clone()),
            };
            let (Some(before), Some(after)) = (settings(before), settings(after)) else {
                let what = format!("the settings in {path} were changed, and git cannot read them");
                changes.push(GitFolderChange::holding(what, None));
                continue;
            };
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let values =
                    |all: &BTreeMap<String, Vec<Value>>| all.get(name).cloned().unwrap_or_default();
                changes.extend(file.change(name, &values(&before), &values(&after)));
            }
        }
        changes
    }
}

impl Value {
    fn of(name: &str, value: &str) -> Self {
        let shown = without_users(value).filter(|_| !is_secret(name, value));
        Self {
            digest: digest(value.as_bytes()),
            is_whole: shown.as_deref() == Some(value),
            shown,
        }
    }

    /// Returns the value as a word of the shell, where it is no secret.
    fn quoted(&self) -> Option<String> {
        quoted(self.shown.as_deref().filter(|_| self.is_whole)?)
    }
}

/// A file whose settings differ.
struct File<'a> {
    path: &'a str,
    is_main: bool,
}

impl File<'_> {
    fn change(&self, name: &str, before: &[Value], after: &[Value]) -> Option<GitFolderChange> {
        if before == after || is_written_by_lfs(name) {
            return None;
        }
        let name = &*written(name);
        let shown_name = without_users(name).unwrap_or_else(|| "with an address".to_owned());
        let place = if self.is_main {
            String::new()
        } else {
            format!(" in {}", self.path)
        };
        let setting = format!("setting {shown_name}{place}");
        let what = match (before, after) {
            ([], now) => format!("{setting} was added ({})", shown("value", now)),
            (old, []) => format!("{setting} was removed ({})", shown("earlier value", old)),
            (old, now) => format!(
                "{setting} was changed ({}, {})",
                shown("earlier value", old),
                shown("value", now)
            ),
        };
        let undo = self
            .undo(name, before, after)
            .filter(|_| shown_name == name);
        // What a branch follows decides nothing in a push of a commit to a named branch, and git itself writes it.
        Some(if name.starts_with("branch.") {
            GitFolderChange::harmless(what, undo)
        } else {
            GitFolderChange::holding(what, undo)
        })
    }

    /// Writes the command that brings the earlier values back.
    fn undo(&self, name: &str, before: &[Value], after: &[Value]) -> Option<String> {
        // With these settings git may refuse to look for the repository.
        let breaks_git = name == "core.worktree"
            || name == "core.repositoryformatversion"
            || name.starts_with("extensions.");
        let file = if self.is_main && !breaks_git {
            "--local".to_owned()
        } else {
            format!("--file {}", quoted(self.path)?)
        };
        let quoted_name = quoted(name)?;
        let unset = || match after {
            [_] => format!("git config {file} --unset {quoted_name}"),
            _ => format!("git config {file} --unset-all {quoted_name}"),
        };
        match (before, after) {
            ([], _) => Some(unset()),
            ([old], [] | [_]) => Some(format!("git config {file} {quoted_name} {}", old.quoted()?)),
            (old, now) => {
                let mut commands = Vec::new();
                if !now.is_empty() {
                    commands.push(unset());
                }
                for value in old {
                    let value = value.quoted()?;
                    commands.push(format!("git config {file} --add {quoted_name} {value}"));
                }
                Some(commands.join(" && "))
            }
        }
    }
}

/// Writes values for people: `value .husky/_`.
fn shown(what: &str, values: &[Value]) -> String {
    let texts: Option<Vec<&str>> = values.iter().map(|value| value.shown.as_deref()).collect();
    let Some(texts) = texts else {
        return format!("{what} not shown, because it may be a secret");
    };
    let text = texts.join(", ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{what} {}…", &text[..end]),
        None => format!("{what} {text}"),
    }
}

/// Returns the name of a setting as people write it.
fn written(name: &str) -> String {
    let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
    let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
    format!("{section}.{}", known.unwrap_or(&key))
}

/// Checks whether Git LFS writes the setting by itself when it pushes, also for batch.
fn is_written_by_lfs(name: &str) -> bool {
    let Some(name) = name.strip_prefix("lfs.") else {
        return false;
    };
    name == "repositoryformatversion" || name.ends_with(".access") || name.ends_with(".locksverify")
}

/// Reads the settings of one file, without those of the files that it includes.
fn entries(path: &Path) -> Result<Vec<(String, String)>, git2::Error> {
    let config = git2::Config::open(path)?;
    let mut entries = config.entries(None)?;
    let mut all = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if entry.include_depth() > 0 {
            continue;
        }
        let value = if entry.has_value() {
            String::from_utf8_lossy(entry.value_bytes()).into_owned()
        } else {
            // A name alone means yes (git-config(1), "Syntax").
            "true".to_owned()
        };
        all.push((
            String::from_utf8_lossy(entry.name_bytes()).into_owned(),
            value,
        ));
    }
    Ok(all)
}
