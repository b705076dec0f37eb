//! Merges in which some files are not merged, because a tool makes them from the others: such a file is as one side has
//! it, and the caller has the tool make it again.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::error::{Context, GitError};
use super::id::{CommitId, TreeId, TreeIsh};
use super::lookup::{any_tree, find_commit, oid, tree_of};
use super::repo::Repo;
use super::tree_merge::{STAGE_BITS, merge_options, write_merged};

/// Tells which paths a tool makes.
pub(crate) type IsMade<'a> = &'a dyn Fn(&str) -> bool;

/// A merge whose files are merged but for those that a tool makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    pub tree: TreeId,
    /// The files that a tool makes and both sides changed; the tree has them as the first side has them.
    pub stale: Vec<String>,
}

impl Repo {
    /// Merges two commits.
    pub(crate) fn merge_without_made(
        &self,
        ours: &CommitId,
        theirs: &CommitId,
        is_made: IsMade<'_>,
    ) -> Result<Merged, GitError> {
        let repo = self.open()?;
        let context = || format!("{theirs} cannot be merged into {ours}");
        let ancestor = repo.merge_base(oid(ours)?, oid(theirs)?).context(context)?;
        let ancestor = CommitId::new(ancestor.to_string());
        self.apply_without_made(ours, &ancestor, theirs, is_made)
    }

    /// Returns the tree of `onto` with all that differs between the trees `before` and `after` applied to it.
    pub(crate) fn apply_changes(
        &self,
        onto: &impl TreeIsh,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<TreeId, GitError> {
        let nothing_is_made = |_: &str| false;
        let merged = self.apply_without_made(onto, before, after, &nothing_is_made)?;
        Ok(merged.tree)
    }

    /// Applies to the tree of `onto` all that differs between the trees `before` and `after`.
    pub(crate) fn apply_without_made(
        &self,
        onto: &impl TreeIsh,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
        is_made: IsMade<'_>,
    ) -> Result<Merged, GitError> {
        let repo = self.open()?;
        let (before, onto) = (any_tree(&repo, before)?, any_tree(&repo, onto)?);
        let after = any_tree(&repo, after)?;
        let mut index = repo
            .merge_trees(&before, &onto, &after, Some(&merge_options()))
            .context(|| "changes cannot be merged".to_owned())?;
        let stale = take_ours(&mut index, &onto, &after, is_made)?;
        let tree = write_merged(&repo, index)?;
        Ok(Merged {
            tree: TreeId::new(tree.to_string()),
            stale,
        })
    }

    /// Makes a merge commit of all `commits`; no two of them hold one another. Files that `is_made` names are not
    /// merged: returns those that several of the commits changed, which are as one of them has them.
    pub(crate) fn join(
        &self,
        commits: &[CommitId],
        message: &str,
        is_made: IsMade<'_>,
    ) -> Result<(CommitId, Vec<String>), GitError> {
        let repo = self.open()?;
        let context = || "changes cannot be merged".to_owned();
        let mut joined: Option<CommitId> = None;
        let mut stale = BTreeSet::new();
        for (place, commit) in commits.iter().enumerate() {
            let Some(before) = &joined else {
                joined = Some(commit.clone());
                continue;
            };
            let (ours, theirs) = (find_commit(&repo, before)?, find_commit(&repo, commit)?);
            let mut index = repo
                .merge_commits(&ours, &theirs, Some(&merge_options()))
                .context(context)?;
            let (ours, theirs) = (tree_of(&repo, before)?, tree_of(&repo, commit)?);
            stale.extend(take_ours(&mut index, &ours, &theirs, is_made)?);
            let tree = TreeId::new(write_merged(&repo, index)?.to_string());
            let parents: Vec<&CommitId> = commits[..=place].iter().collect();
            joined = Some(self.commit_tree(&tree, &parents, message)?);
        }
        let joined = joined.ok_or_else(|| GitError::Conflict { paths: Vec::new() })?;
        Ok((joined, stale.into_iter().collect()))
    }

    /// Returns the tree with what `keeps` names of the changes from `before` to `after`, and with nothing else of them.
    pub(crate) fn with_some_changes(
        &self,
        before: &TreeId,
        after: &TreeId,
        keeps: IsMade<'_>,
    ) -> Result<TreeId, GitError> {
        let changes = self.changes(before, after)?;
        let mut others = Vec::new();
        for change in changes.list {
            match String::from_utf8(change.path) {
                Ok(path) if keeps(&path) => {}
                Ok(path) => others.push(path),
                // A name that is not UTF-8 cannot be told apart from others: nothing is kept.
                Err(_) => return Ok(before.clone()),
            }
        }
        self.with_paths_of(after, before, &others)
    }
}

/// Puts the files that a tool makes into a merge as `ours` has them, where both sides changed them, and returns their
/// paths.
pub(super) fn take_ours(
    index: &mut git2::Index,
    ours: &git2::Tree<'_>,
    theirs: &git2::Tree<'_>,
    is_made: IsMade<'_>,
) -> Result<Vec<String>, GitError> {
    let context = || "changes cannot be merged".to_owned();
    let name = |path: &[u8]| {
        String::from_utf8(path.to_vec())
            .ok()
            .filter(|it| is_made(it))
    };
    let mut stale = Vec::new();
    let conflicts: Vec<git2::IndexConflict> = index
        .conflicts()
        .and_then(Iterator::collect)
        .context(context)?;
    for conflict in conflicts {
        let sides = [&conflict.our, &conflict.their, &conflict.ancestor];
        let Some(path) = sides.into_iter().flatten().map(|it| it.path.clone()).next() else {
            continue;
        };
        let Some(made) = name(&path) else {
            continue;
        };
        let place = Path::new(OsStr::from_bytes(&path));
        index.conflict_remove(place).context(context)?;
        if let Some(mut entry) = conflict.our.or(conflict.their) {
            entry.flags &= !STAGE_BITS;
            index.add(&entry).context(context)?;
        }
        stale.push(made);
    }
    let merged: Vec<(git2::IndexEntry, String)> = index
        .iter()
        .filter_map(|entry| {
            let made = name(&entry.path)?;
            Some((entry, made))
        })
        .collect();
    for (mut entry, made) in merged {
        let side = |tree: &git2::Tree<'_>| Some(tree.get_path(Path::new(&made)).ok()?.id());
        if let (Some(mine), Some(other)) = (side(ours), side(theirs))
            && entry.id != mine
            && entry.id != other
        {
            entry.id = mine;
            index.add(&entry).context(context)?;
            stale.push(made);
        }
    }
    stale.sort_unstable();
    stale.dedup();
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn text(it: &Fixture, tree: &TreeId, file: &str) -> String {
        let repo = it.repo.open().unwrap();
        let tree = any_tree(&repo, tree).unwrap();
        let blob = tree.get_name(file).unwrap().to_object(&repo).unwrap();
        String::from_utf8(blob.as_blob().unwrap().content().to_vec()).unwrap()
    }

    /// Two commits that change `a` and `b`, and both `lock`: in different lines, or in the same.
    fn two(it: &Fixture, ours: &str, theirs: &str) -> [CommitId; 2] {
        it.set_identity();
        [("a", ours), ("b", theirs)].map(|(file, lock)| {
            let own = it.change(&it.first, file, "new\n");
            let tree = it.repo.tree(&it.change(&own, "lock", lock)).unwrap();
            it.repo.commit_on_top(&it.first, &tree, "work").unwrap()
        })
    }

    #[test]
    fn what_a_tool_makes_is_not_merged() {
        let it = repository(&[("a", "old\n"), ("b", "old\n"), ("lock", "1\n2\n3\n4\n5\n")]);
        let is_made = |path: &str| path == "lock";
        for (mine, other) in [
            ("one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n"),
            ("one\n2\n3\n4\n5\n", "uno\n2\n3\n4\n5\n"),
        ] {
            let [ours, theirs] = two(&it, mine, other);
            let merged = it
                .repo
                .merge_without_made(&ours, &theirs, &is_made)
                .unwrap();
            assert_eq!(merged.stale, ["lock"]);
            assert_eq!(text(&it, &merged.tree, "lock"), mine);
            assert_eq!(text(&it, &merged.tree, "b"), "new\n");
            let (joined, stale) = it.repo.join(&[ours, theirs], "both", &is_made).unwrap();
            assert_eq!(it.repo.tree(&joined).unwrap(), merged.tree);
            assert_eq!(stale, ["lock"]);
        }
        let [ours, theirs] = two(&it, "one\n2\n3\n4\n5\n", "1\n2\n3\n4\n5\n");
        let merged = it
            .repo
            .merge_without_made(&theirs, &ours, &is_made)
            .unwrap();
        assert_eq!(merged.stale, [""; 0], "only one side changed it");
        assert!(text(&it, &merged.tree, "lock").starts_with("one"));
    }

    #[test]
    fn some_changes_are_kept_and_all_others_undone() {
        let it = repository(&[("a", "old\n"), ("b", "old\n")]);
        it.set_identity();
        let before = it.repo.tree(&it.first).unwrap();
        let a = it.change(&it.first, "a", "new\n");
        let c = it.change(&it.change(&a, "b", "new\n"), "c", "new\n");
        let after = it.repo.tree(&c).unwrap();
        let kept = it
            .repo
            .with_some_changes(&before, &after, &|path| path == "a");
        let kept = kept.unwrap();
        assert_eq!(it.repo.tree(&a).unwrap(), kept);
    }
}
