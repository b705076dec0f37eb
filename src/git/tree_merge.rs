//! Merges changes of several origins into one tree: the edits of several units, or an agent's changes without the
//! changes that the setup command made before it.
//!
//! Only objects are written here. A conflict is an error with the paths, and is never resolved here.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::content_merge;
use super::error::{Context, GitError};
use super::id::{CommitId, TreeId, TreeIsh};
use super::lookup::{any_tree, find_commit};
use super::repo::Repo;

impl Repo {
    /// Applies all that differs between `before` and `after` to the tree of `onto`, and puts the edits of both sides to
    /// one file together where git sees a conflict. Returns the paths that stay in conflict; the tree has them as
    /// `onto` has them.
    pub(crate) fn put_together(
        &self,
        onto: &impl TreeIsh,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<(TreeId, Vec<String>), GitError> {
        let repo = self.open()?;
        let context = || "changes cannot be merged".to_owned();
        let (before, onto) = (any_tree(&repo, before)?, any_tree(&repo, onto)?);
        let after = any_tree(&repo, after)?;
        let mut index = repo
            .merge_trees(&before, &onto, &after, Some(&merge_options()))
            .context(context)?;
        let conflicts: Vec<git2::IndexConflict> = index
            .conflicts()
            .and_then(Iterator::collect)
            .context(context)?;
        let mut left = Vec::new();
        for conflict in conflicts {
            let sides = [&conflict.our, &conflict.their, &conflict.ancestor];
            let Some(path) = sides.into_iter().flatten().map(|it| it.path.clone()).next() else {
                continue;
            };
            let name = String::from_utf8_lossy(&path).into_owned();
            let merged = merged_entry(&repo, &name, &conflict)?;
            let place = Path::new(OsStr::from_bytes(&path));
            index.conflict_remove(place).context(context)?;
            if merged.is_none() {
                left.push(name);
            }
            if let Some(mut entry) = merged.or(conflict.our) {
                entry.flags &= !STAGE_BITS;
                index.add(&entry).context(context)?;
            }
        }
        left.sort_unstable();
        let id = index.write_tree_to(&repo).context(context)?;
        Ok((TreeId::new(id.to_string()), left))
    }

    /// Returns `tree` without what was taken away since `from` from these files, and the files that had something taken
    /// away; `None` where nothing was.
    pub(crate) fn without_removals(
        &self,
        from: &impl TreeIsh,
        tree: &TreeId,
        paths: &[String],
    ) -> Result<Option<(TreeId, Vec<String>)>, GitError> {
        let repo = self.open()?;
        let (from, tree) = (any_tree(&repo, from)?, any_tree(&repo, tree)?);
        let mut update = git2::build::TreeUpdateBuilder::new();
        let mut changed = Vec::new();
        for path in paths {
            let text = |tree: &git2::Tree<'_>| {
                let entry = tree.get_path(Path::new(path)).ok()?;
                let blob = repo.find_blob(entry.id()).ok()?;
                let text = String::from_utf8(blob.content().to_vec()).ok()?;
                Some((text, entry.filemode()))
            };
            let (Some((before, _)), Some((now, mode))) = (text(&from), text(&tree)) else {
                continue;
            };
            let Some(kept) = content_merge::without_removals(path, &before, &now) else {
                continue;
            };
            let blob = repo.blob(kept.as_bytes());
            let blob = blob.context(|| format!("{path} cannot be written"))?;
            update.upsert(path.as_str(), blob, file_mode(mode));
            changed.push(path.clone());
        }
        if changed.is_empty() {
            return Ok(None);
        }
        let made = update.create_updated(&repo, &tree);
        let made = made.context(|| "a tree cannot be written".to_owned())?;
        Ok(Some((TreeId::new(made.to_string()), changed)))
    }

    /// Returns the tree of `onto` with these paths as they are in the tree of `from`; a path that is no file there is
    /// left out.
    pub(crate) fn with_paths_of(
        &self,
        onto: &impl TreeIsh,
        from: &impl TreeIsh,
        paths: &[String],
    ) -> Result<TreeId, GitError> {
        let repo = self.open()?;
        let context = || "a tree cannot be written".to_owned();
        let (onto, from) = (any_tree(&repo, onto)?, any_tree(&repo, from)?);
        if paths.is_empty() {
            return Ok(TreeId::new(onto.id().to_string()));
        }
        let mut index = git2::Index::new().context(context)?;
        index.read_tree(&onto).context(context)?;
        let of_from = |path: &String| {
            let entry = from.get_path(Path::new(path)).ok()?;
            (entry.kind() != Some(git2::ObjectType::Tree)).then(|| index_entry(path, &entry))
        };
        // A file may stand where a folder was, and the other way round: what goes makes way first.
        for path in paths.iter().filter(|path| of_from(path).is_none()) {
            if index.get_path(Path::new(path), 0).is_some() {
                index.remove(Path::new(path), 0).context(context)?;
            }
        }
        for entry in paths.iter().filter_map(of_from) {
            index.add(&entry).context(context)?;
        }
        let made = index.write_tree_to(&repo).context(context)?;
        Ok(TreeId::new(made.to_string()))
    }

    /// Returns the commits that no other of these commits contains, in the same order.
    pub(crate) fn independent(&self, commits: &[CommitId]) -> Result<Vec<CommitId>, GitError> {
        let repo = self.open()?;
        let ids: Vec<git2::Oid> = commits
            .iter()
            .map(|commit| find_commit(&repo, commit).map(|commit| commit.id()))
            .collect::<Result<_, _>>()?;
        let mut independent = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            let mut contained = ids[..place].contains(id);
            for other in ids.iter().filter(|other| *other != id) {
                let descends = repo.graph_descendant_of(*other, *id);
                contained |=
                    descends.context(|| format!("the history of {other} cannot be read"))?;
            }
            if !contained {
                independent.push(commits[place].clone());
            }
        }
        Ok(independent)
    }
}

/// The bits of an index entry's flags that hold its stage (gitformat-index(5)).
pub(super) const STAGE_BITS: u16 = 0x3000;

/// Returns the entry of a file in which the edits of both sides are put together, where that can be done.
fn merged_entry(
    repo: &git2::Repository,
    name: &str,
    conflict: &git2::IndexConflict,
) -> Result<Option<git2::IndexEntry>, GitError> {
    let (Some(base), Some(ours), Some(theirs)) =
        (&conflict.ancestor, &conflict.our, &conflict.their)
    else {
        return Ok(None);
    };
    if [ours, theirs]
        .iter()
        .any(|it| it.mode & 0o170_000 != 0o100_000)
    {
        return Ok(None);
    }
    let text = |entry: &git2::IndexEntry| {
        let blob = repo.find_blob(entry.id);
        let blob = blob.context(|| format!("{name} cannot be read"))?;
        Ok::<_, GitError>(String::from_utf8(blob.content().to_vec()).ok())
    };
    let (Some(base), Some(mine), Some(other)) = (text(base)?, text(ours)?, text(theirs)?) else {
        return Ok(None);
    };
    let Some(merged) = content_merge::merge(name, &base, &mine, &other) else {
        return Ok(None);
    };
    let id = repo.blob(merged.as_bytes());
    let id = id.context(|| format!("{name} cannot be written"))?;
    Ok(Some(git2::IndexEntry {
        id,
        path: ours.path.clone(),
        file_size: 0,
        ..*ours
    }))
}

/// Describes a file of a tree for an index.
fn index_entry(path: &str, entry: &git2::TreeEntry<'_>) -> git2::IndexEntry {
    let never = git2::IndexTime::new(0, 0);
    git2::IndexEntry {
        ctime: never,
        mtime: never,
        dev: 0,
        ino: 0,
        mode: u32::try_from(entry.filemode()).unwrap_or_default(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id: entry.id(),
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

fn file_mode(mode: i32) -> git2::FileMode {
    match mode {
        0o100_755 => git2::FileMode::BlobExecutable,
        0o120_000 => git2::FileMode::Link,
        0o160_000 => git2::FileMode::Commit,
        _ => git2::FileMode::Blob,
    }
}

/// Merges two trees with a common ancestor; a conflict is an error with the paths.
pub(super) fn merge_trees(
    repo: &git2::Repository,
    ancestor: &git2::Tree<'_>,
    ours: &git2::Tree<'_>,
    theirs: &git2::Tree<'_>,
) -> Result<git2::Oid, GitError> {
    let context = || "changes cannot be merged".to_owned();
    let index = repo
        .merge_trees(ancestor, ours, theirs, Some(&merge_options()))
        .context(context)?;
    write_merged(repo, index)
}

/// Returns the options of every merge.
pub(super) fn merge_options() -> git2::MergeOptions {
    let mut options = git2::MergeOptions::new();
    // A file is its path here: a guessed rename could let one change land in the file of another.
    options.find_renames(false);
    options
}

/// Writes the tree of a merge; a conflict is an error with the paths.
pub(super) fn write_merged(
    repo: &git2::Repository,
    mut index: git2::Index,
) -> Result<git2::Oid, GitError> {
    let context = || "changes cannot be merged".to_owned();
    if index.has_conflicts() {
        let mut paths: Vec<String> = index
            .conflicts()
            .context(context)?
            .filter_map(Result::ok)
            .filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor))
            .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
            .collect();
        paths.sort_unstable();
        return Err(GitError::Conflict { paths });
    }
    index.write_tree_to(repo).context(context)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::id::BranchName;
    use crate::git::worktree::NewWorktree;

    /// Makes a tree by editing a fresh worktree.
    fn tree(it: &Fixture, name: &str, edits: &[(&str, &str)]) -> TreeId {
        let (path, index) = (it.beside(name), it.beside(&format!("{name}.index")));
        it.repo
            .create_worktree(&NewWorktree {
                name,
                path: &path,
                branch: Some(&BranchName::new(name)),
                start: &it.first,
                index: &index,
            })
            .unwrap();
        for (file, text) in edits {
            fs::write(path.join(file), text).unwrap();
        }
        it.repo.snapshot(&path, &index).unwrap()
    }

    #[test]
    fn only_the_later_changes_are_applied() {
        let it = repository(&[("a.txt", "a\n"), ("lock", "1\n")]);
        let prepared = tree(&it, "x", &[("lock", "2\n")]);
        let worked = tree(&it, "y", &[("lock", "2\n"), ("a.txt", "b\n")]);
        let applied = it
            .repo
            .apply_changes(&it.first, &prepared, &worked)
            .unwrap();
        let changes = it.repo.changes(&it.first, &applied).unwrap();
        let paths: Vec<&[u8]> = changes.list.iter().map(|c| &c.path[..]).collect();
        assert_eq!(paths, [b"a.txt"]);
    }

    #[test]
    fn changes_of_the_same_lines_conflict() {
        let it = repository(&[("a.txt", "a\n")]);
        let prepared = tree(&it, "x", &[("a.txt", "b\n")]);
        let worked = tree(&it, "y", &[("a.txt", "c\n")]);
        let error = it
            .repo
            .apply_changes(&it.first, &prepared, &worked)
            .unwrap_err();
        assert!(
            matches!(&error, GitError::Conflict { paths } if paths == &["a.txt"]),
            "{error}"
        );
    }

    #[test]
    fn paths_of_another_tree_replace_folders_by_files_and_files_by_folders() {
        let it = repository(&[]);
        let file = 0o100_644;
        let before = it.commit(&[(b"a", file, b"1"), (b"b/c", file, b"1"), (b"d", file, b"1")]);
        let after = it.commit(&[(b"a/x", file, b"2"), (b"b", file, b"2"), (b"d", file, b"2")]);
        let (before, after) = (before.id, after.id);
        let tree = |onto: &CommitId, from: &CommitId, paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            let tree = it.repo.with_paths_of(onto, from, &paths).unwrap();
            let changes = it.repo.changes(from, &tree).unwrap().list.into_iter();
            let left = changes.map(|change| String::from_utf8(change.path).unwrap());
            left.collect::<Vec<_>>()
        };
        let all = ["a", "a/x", "b", "b/c"];
        assert_eq!(tree(&before, &after, &all), ["d"]);
        assert_eq!(tree(&after, &before, &all), ["d"]);
        // A file that comes takes the place of a folder that nobody names.
        assert_eq!(tree(&after, &before, &["a", "b/c"]), ["d"]);
        assert_eq!(tree(&before, &before, &[]), [""; 0]);
    }
}
