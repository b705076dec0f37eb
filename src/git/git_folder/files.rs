//! Hooks and the files in `info/` of a git folder, and how they differ between two moments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::change::{GitFolderChange, quoted};
use super::rename::rename_keys;
use crate::git::objects::digest;

/// Tools keep the scripts that a hook calls in folders beside it; none nests them deeper.
const DEEPEST: usize = 4;

/// All hooks (githooks(5)).
const HOOKS: [&str; 28] = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Files at one moment, by their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Files {
    found: BTreeMap<String, State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// The file can be run.
    runs: bool,
    digest: String,
}

impl Files {
    /// Reads the hooks in the folder `hooks` of the git folder, and those in a further folder.
    pub(super) fn hooks(common: &Path, further: Option<&Path>) -> Self {
        let mut files = Self::default();
        let folder = walkdir::WalkDir::new(common.join("hooks")).max_depth(DEEPEST);
        for entry in folder.into_iter().filter_map(Result::ok) {
            let is_sample = entry.path().extension().is_some_and(|it| it == "sample");
            if !entry.file_type().is_dir() && !is_sample {
                files.add(entry.path());
            }
        }
        // The folder may hold anything else as well.
        for name in HOOKS {
            if let Some(folder) = further {
                files.add(&folder.join(name));
            }
        }
        files
    }

    /// Reads the files that say which files git ignores, and how git treats the others.
    pub(super) fn info(common: &Path) -> Self {
        let mut files = Self::default();
        for name in ["exclude", "attributes"] {
            files.add(&common.join("info").join(name));
        }
        files
    }

    /// Names the files below `from` as files below `to`.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        rename_keys(&mut self.found, from, to);
    }

    fn add(&mut self, path: &Path) {
        let Ok(bytes) = fs::read(path) else {
            return;
        };
        let mode = path.metadata().map_or(0, |meta| meta.permissions().mode());
        let state = State {
            runs: mode & 0o111 != 0,
            digest: digest(&bytes),
        };
        self.found
            .insert(path.to_string_lossy().into_owned(), state);
    }

    /// Tells the differences to an earlier moment: what happened to which file, and the command that undoes it.
    fn differences(&self, before: &Self) -> Vec<(String, &'static str, Option<String>)> {
        let paths: BTreeSet<&String> = before.found.keys().chain(self.found.keys()).collect();
        let mut all = Vec::new();
        for path in paths {
            let command = |text: &str| quoted(path).map(|path| format!("{text} {path}"));
            let (what, undo) = match (before.found.get(path), self.found.get(path)) {
                (None, Some(_)) => ("was added", command("rm")),
                (Some(_), None) => ("was removed", None),
                (Some(old), Some(now)) if old.digest != now.digest => ("was changed", None),
                (Some(old), Some(now)) if old.runs && !now.runs => {
                    ("can no longer be run", command("chmod +x"))
                }
                (Some(old), Some(now)) if !old.runs && now.runs => {
                    ("can be run now", command("chmod -x"))
                }
                _ => continue,
            };
            all.push((path.clone(), what, undo));
        }
        all
    }

    /// Tells which hooks differ from an earlier moment.
    pub(super) fn hooks_since(&self, before: &Self, common: &Path) -> Vec<GitFolderChange> {
        let differences = self.differences(before).into_iter();
        let changes = differences.map(|(path, what, undo)| {
            let path = Path::new(&path);
            let name = path.strip_prefix(common.join("hooks"));
            let name = name.or_else(|_| path.strip_prefix(common)).unwrap_or(path);
            GitFolderChange::holding(format!("hook {} {what}", name.display()), undo)
        });
        changes.collect()
    }

    /// Tells which of the files in `info/` differ from an earlier moment.
    pub(super) fn info_since(&self, before: &Self, common: &Path) -> Vec<GitFolderChange> {
        let differences = self.differences(before).into_iter();
        let changes = differences.map(|(path, what, undo)| {
            let path = Path::new(&path);
            let name = path.strip_prefix(common).unwrap_or(path);
            GitFolderChange::harmless(format!("{} {what}", name.display()), undo)
        });
        changes.collect()
    }
}
