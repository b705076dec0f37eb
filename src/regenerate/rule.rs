//! One rule: a command, what it makes, and what it makes that from.

use globset::GlobSet;

use crate::git::{ChangeKind, Changes};

/// A command that makes files from other files.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The command, a line for the shell.
    pub(crate) run: String,
    /// The folder that it runs in, as a path from the root; empty for the root itself.
    pub(crate) dir: String,
    pub(crate) origin: Origin,
    /// Why the command cannot run on this machine.
    pub(crate) obstacle: Option<String>,
    pub(super) outputs: Outputs,
    pub(super) sources: Sources,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The settings: what the command needs, the setup command may have to make.
    Settings,
    /// It was found by the name of a lock file. A stale lock file may keep the setup command from working.
    LockFile,
}

/// What a command makes.
#[derive(Debug, Clone)]
pub(super) enum Outputs {
    File(String),
    Globs(GlobSet),
}

/// What a command makes its files from.
#[derive(Debug, Clone)]
pub(super) enum Sources {
    Globs(GlobSet),
    /// The files of these names in a folder, and in the folders below it that no other lock file of the tool is for.
    Manifests {
        dir: String,
        names: &'static [&'static str],
        reach: Reach,
        /// The folders below it that have such a lock file of their own.
        apart: Vec<String>,
    },
}

/// How far down the manifests of a lock file lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Beside the lock file.
    Folder,
    /// In all folders below, as in a workspace.
    Below,
}

impl Rule {
    /// Returns the path of the file, where the command makes one alone.
    pub(crate) fn file(&self) -> Option<&str> {
        match &self.outputs {
            Outputs::File(file) => Some(file),
            Outputs::Globs(_) => None,
        }
    }

    /// Checks whether the command makes the file at this path.
    pub(crate) fn makes(&self, path: &str) -> bool {
        match &self.outputs {
            Outputs::File(file) => file == path,
            Outputs::Globs(globs) => globs.is_match(path),
        }
    }

    /// Checks whether the command makes its files from the file at this path.
    pub(crate) fn follows(&self, path: &str) -> bool {
        if self.makes(path) {
            return false;
        }
        match &self.sources {
            Sources::Globs(globs) => globs.is_match(path),
            Sources::Manifests {
                dir,
                names,
                reach,
                apart,
            } => {
                let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
                let is_in_reach = match reach {
                    Reach::Folder => folder == dir,
                    Reach::Below => {
                        is_within(folder, dir) && !apart.iter().any(|it| is_within(folder, it))
                    }
                };
                is_in_reach && names.iter().any(|it| is_named(name, it))
            }
        }
    }

    /// Checks whether the changes leave something for the command to do: what it makes its files from changed, and the
    /// one file that it makes is not deleted.
    pub(super) fn is_due(&self, changes: &Changes) -> bool {
        let of = |matches: &dyn Fn(&str) -> bool, kinds: &[ChangeKind]| {
            changes.list.iter().any(|change| {
                kinds.contains(&change.kind) && str::from_utf8(&change.path).is_ok_and(matches)
            })
        };
        let all = [ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted];
        let is_one = matches!(self.outputs, Outputs::File(_));
        of(&|path| self.follows(path), &all)
            && !(is_one && of(&|path| self.makes(path), &[ChangeKind::Deleted]))
    }
}

/// Checks whether `folder` is `dir` or lies below it; the root is the empty path.
pub(super) fn is_within(folder: &str, dir: &str) -> bool {
    dir.is_empty()
        || folder
            .strip_prefix(dir)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks whether a file is called `wanted`, or ends as `wanted` says after a star.
pub(super) fn is_named(name: &str, wanted: &str) -> bool {
    match wanted.strip_prefix('*') {
        Some(ending) => name.ends_with(ending),
        None => name == wanted,
    }
}
