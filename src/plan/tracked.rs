//! The paths that a base tracks.

use std::collections::BTreeSet;

use super::error::PlanError;
use crate::git::{Entry, Repo};

/// Returns all paths that the base tracks, except names that are not UTF-8.
pub fn tracked(repo: &Repo, base: &str) -> Result<BTreeSet<String>, PlanError> {
    let entries = repo.entries(base)?;
    Ok(utf8_paths(&entries).map(str::to_owned).collect())
}

pub(super) fn utf8_paths(entries: &[Entry]) -> impl Iterator<Item = &str> {
    entries
        .iter()
        .filter_map(|entry| str::from_utf8(&entry.path).ok())
}
