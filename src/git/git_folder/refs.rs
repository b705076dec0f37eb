//! The refs and stashes of a repository, and how they differ between two moments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::change::{GitFolderChange, quoted};
use crate::git::id::CommitId;
use crate::git::repo::Repo;

/// A command names at most so many stashes.
const STASHES_NAMED: usize = 5;

/// Refs that a fetch or a clean-up changes, and batch's own.
const IGNORED: [&str; 4] = [
    "refs/batch/",
    "refs/prefetch/",
    "refs/remotes/",
    "refs/stash",
];

/// The refs at one moment, by their full names; `None` where the repository cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Refs {
    ids: Option<BTreeMap<String, CommitId>>,
}

impl Refs {
    pub(super) fn read(repo: &Repo) -> Self {
        Self {
            ids: ids(repo).ok(),
        }
    }

    /// Tells the differences to an earlier moment, but for the refs that are batch's own.
    pub(super) fn changes_since(
        &self,
        before: &Self,
        is_batchs: impl Fn(&str) -> bool,
    ) -> Vec<GitFolderChange> {
        let (Some(before), Some(after)) = (&before.ids, &self.ids) else {
            return Vec::new();
        };
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let mut changes = Vec::new();
        for name in names.into_iter().filter(|name| !is_batchs(name)) {
            let label = match name.strip_prefix("refs/heads/") {
                Some(branch) => format!("branch {branch}"),
                None => match name.strip_prefix("refs/tags/") {
                    Some(tag) => format!("tag {tag}"),
                    None => name.clone(),
                },
            };
            let command = |flag: &str, ids: String| {
                let name = quoted(name)?;
                Some(format!("git update-ref {flag}{name} {ids}"))
            };
            let (what, undo) = match (before.get(name), after.get(name)) {
                (Some(old), Some(now)) if old != now => (
                    format!("moved from {} to {}", old.short(), now.short()),
                    command("", format!("{old} {now}")),
                ),
                (None, Some(now)) => (
                    format!("was made at {}", now.short()),
                    command("-d ", now.to_string()),
                ),
                (Some(old), None) => (
                    format!("was deleted; it was at {}", old.short()),
                    command("", old.to_string()),
                ),
                _ => continue,
            };
            changes.push(GitFolderChange::harmless(format!("{label} {what}"), undo));
        }
        changes
    }
}

fn ids(repo: &Repo) -> Result<BTreeMap<String, CommitId>, git2::Error> {
    let repo = git2::Repository::open(&repo.common)?;
    let mut ids = BTreeMap::new();
    for found in repo.references()?.filter_map(Result::ok) {
        let name = String::from_utf8_lossy(found.name_bytes()).into_owned();
        if IGNORED.iter().any(|ignored| name.starts_with(ignored)) {
            continue;
        }
        // A symbolic ref outside of the remotes is rare, and the ref that it leads to is told.
        if let Some(id) = found.target() {
            ids.insert(name, CommitId::new(id.to_string()));
        }
    }
    Ok(ids)
}

/// The stashes at one moment, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Stashes {
    ids: Vec<String>,
}

impl Stashes {
    /// Reads the log of the ref `refs/stash`, whose entries are the stashes.
    pub(super) fn read(common: &Path) -> Self {
        let log = fs::read(common.join("logs/refs/stash")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let id = |line: &str| line.split(' ').nth(1).map(str::to_owned);
        Self {
            ids: log.lines().filter_map(id).collect(),
        }
    }

    pub(super) fn changes_since(&self, before: &Self) -> Vec<GitFolderChange> {
        let missing = |from: &Self, of: &Self| -> Vec<String> {
            let ids = of.ids.iter().filter(|id| !from.ids.contains(id));
            ids.cloned().collect()
        };
        let (gone, new) = (missing(self, before), missing(before, self));
        let entries = |count: usize| if count == 1 { "entry" } else { "entries" };
        let mut changes = Vec::new();
        if !gone.is_empty() {
            let count = gone.len();
            let what = format!("stash: {count} {} fewer", entries(count));
            let commands = gone.iter().take(STASHES_NAMED);
            let commands: Vec<String> =
                commands.map(|id| format!("git stash store {id}")).collect();
            changes.push(GitFolderChange::harmless(what, Some(commands.join(" && "))));
        }
        if !new.is_empty() {
            let count = new.len();
            let what = format!("stash: {count} {} more", entries(count));
            changes.push(GitFolderChange::harmless(what, None));
        }
        changes
    }
}
