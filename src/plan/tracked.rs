//! The paths that a base tracks.

use std::collections::BTreeSet;

use super::error::PlanError;
use crate::git::{CommitId, Entry, Repo};

/// Returns all paths that the base tracks, except names that are not UTF-8.
pub(crate) fn tracked(repo: &Repo, base: &CommitId) -> Result<BTreeSet<String>, PlanError> {
    let entries = repo.entries(base)?;
    Ok(utf8_paths(&entries).map(str::to_owned).collect())
}

pub(super) fn utf8_paths(entries: &[Entry]) -> impl Iterator<Item = &str> {
    entries
        .iter()
        .filter_map(|entry| str::from_utf8(&entry.path).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    const FILE: u32 = 0o100_644;

    #[test]
    fn all_tracked_paths_in_utf_8_are_listed() {
        let it = repository(&[]);
        let base = it.commit(&[
            (b"a", FILE, b""),
            (b"b\xff", FILE, b""),
            (b"c", 0o160_000, b""),
            (b"d/e", 0o120_000, b"f"),
        ]);
        let tracked = tracked(&it.repo, &base.id).unwrap();
        assert!(tracked.iter().eq(["a", "c", "d/e"]));
    }
}
