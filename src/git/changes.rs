//! Finds what changed in a worktree, whatever the agent did to its index, branch or configuration.
//!
//! The worktree is compared with a copy of the index that was made together with it, under the repository's own
//! configuration: index flags that hide edits, commits on the branch and settings in the worktree have no effect here.
//! A move is a deletion and an addition, so that both paths count.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::aside::missing_aside;
use super::delete::delete_tree;
use super::error::{Context, GitError};
use super::id::{TreeId, TreeIsh};
use super::lookup::any_tree;
use super::repo::Repo;
use super::tree_diff;

/// The mode of a submodule in the index (gitformat-index(5)).
const SUBMODULE_MODE: u32 = 0o160_000;

/// A path that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The path from the root, in git's own bytes.
    pub path: Vec<u8>,
    pub kind: ChangeKind,
    /// The content of the path after the change.
    pub content: Content,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// The content of a changed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    File,
    /// A symlink with its target, in git's own bytes.
    Symlink(Vec<u8>),
    /// A repository of its own.
    Submodule,
    Nothing,
}

/// The difference between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes {
    /// In git's order.
    pub list: Vec<Change>,
    pub insertions: usize,
    pub deletions: usize,
}

impl Repo {
    /// Writes the worktree's content as a tree and returns its id. `index` is the copy that [`Repo::fill_worktree`]
    /// made.
    ///
    /// Ignored files are left out. The user's checkout and index are not touched. `index` changes at the end or not at
    /// all: it is also the measure of what was there before.
    pub(crate) fn snapshot(&self, worktree: &Path, index: &Path) -> Result<TreeId, GitError> {
        let next = next_index(index);
        let mut lock = next.clone().into_os_string();
        lock.push(".lock");
        // A process that was killed together with its git leaves both.
        for left in [Path::new(&lock), &next] {
            delete_tree(left).map_err(|error| GitError::io("cannot remove", left, error))?;
        }
        copy_index(index, &next)?;
        let tree = self.store_all(worktree, &next, &missing_aside(worktree, index)?)?;
        std::fs::rename(&next, index)
            .map_err(|error| GitError::io("cannot replace", index, error))?;
        Ok(tree)
    }

    /// Does the same as [`Self::snapshot`] without writing to `index`, which another process may be using.
    pub(crate) fn snapshot_read_only(
        &self,
        worktree: &Path,
        index: &Path,
    ) -> Result<TreeId, GitError> {
        let folder =
            tempfile::tempdir().map_err(|error| GitError::io("cannot copy", index, error))?;
        let copy = folder.path().join("index");
        copy_index(index, &copy)?;
        self.store_all(worktree, &copy, &missing_aside(worktree, index)?)
    }

    /// Stores all files of the worktree, enters them into `index`, and returns the tree of them. The files that are
    /// left `aside` stay in the index as they are.
    fn store_all(
        &self,
        worktree: &Path,
        index: &Path,
        aside: &[Vec<u8>],
    ) -> Result<TreeId, GitError> {
        let git = |args: &[&str]| {
            self.git_in_worktree(worktree, index)
                .without_secrets()
                .args(args)
        };
        let tree = || -> Result<TreeId, GitError> {
            let tree = git(&["write-tree"]).run()?;
            Ok(TreeId::new(String::from_utf8_lossy(&tree).trim()))
        };
        // Git would wait for ever for somebody who writes into a named pipe.
        for name in [".gitignore", ".gitattributes", ".gitmodules"] {
            let path = worktree.join(name);
            let kind = path.symlink_metadata().map(|meta| meta.file_type());
            if kind.is_ok_and(|kind| !kind.is_file() && !kind.is_symlink() && !kind.is_dir()) {
                return Err(GitError::NoFile { path });
            }
        }
        self.refuse_too_much(worktree, index)?;
        let before = tree()?;
        // Git would start another git in each submodule, which does what the submodule's own configuration names. A
        // repository that is new to the index is added by its HEAD alone.
        let mut made = Vec::new();
        for submodule in submodules(worktree, index)? {
            if submodule.join(".git").symlink_metadata().is_ok() {
                let name = submodule.strip_prefix(worktree).unwrap_or(&submodule);
                made.extend_from_slice(name.as_os_str().as_bytes());
                made.push(0);
            }
        }
        if !made.is_empty() {
            git(&["update-index", "--force-remove", "-z", "--stdin"])
                .stdin(made)
                .run()?;
        }
        let add = git(&["add", "--all", "--", "."]);
        let add = aside.iter().fold(add, |add, path| {
            add.arg_with_path(":(top,exclude,literal)", path)
        });
        let (_, said) = add.run_with_warnings()?;
        self.refuse_unread(worktree, index, &said)?;
        let after = tree()?;
        if self.keep_stored_forms(worktree, index, &before, &after)? {
            return tree();
        }
        Ok(after)
    }

    /// Replaces the content of a worktree, as the last snapshot with `index` saw it, by the content of `tree`.
    pub(crate) fn check_out_tree(
        &self,
        worktree: &Path,
        index: &Path,
        tree: &TreeId,
    ) -> Result<(), GitError> {
        self.git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["read-tree", "--reset", "-u", tree.as_str()])
            .run()?;
        Ok(())
    }

    /// Lists the ignored files of a worktree, in git's own bytes. A folder that is ignored as a whole is one entry that
    /// ends in a slash.
    pub(crate) fn ignored_paths(
        &self,
        worktree: &Path,
        index: &Path,
    ) -> Result<Vec<Vec<u8>>, GitError> {
        let out = self
            .git_in_worktree(worktree, index)
            .without_secrets()
            .args(&["ls-files", "--others", "--ignored"])
            .args(&["--exclude-standard", "--directory", "-z"])
            .run()?;
        Ok(out
            .split(|byte| *byte == 0)
            .filter(|path| !path.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// Compares two trees, each named by its own id or by the id of a commit.
    pub(crate) fn changes(
        &self,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<Changes, GitError> {
        let repo = self.open()?;
        let (old, new) = (any_tree(&repo, before)?, any_tree(&repo, after)?);
        let failed = || "the changes cannot be listed".to_owned();
        let diff = tree_diff::diff(&repo, &old, &new)?;
        let mut list = Vec::new();
        for delta in diff.deltas() {
            let kind = match delta.status() {
                git2::Delta::Added => ChangeKind::Added,
                git2::Delta::Deleted => ChangeKind::Deleted,
                _ => ChangeKind::Modified,
            };
            let side = if kind == ChangeKind::Deleted {
                delta.old_file()
            } else {
                delta.new_file()
            };
            let content = match (kind, side.mode()) {
                (ChangeKind::Deleted, _) => Content::Nothing,
                (_, git2::FileMode::Link) => {
                    let blob = repo.find_blob(side.id()).context(failed)?;
                    Content::Symlink(blob.content().to_vec())
                }
                (_, git2::FileMode::Commit) => Content::Submodule,
                _ => Content::File,
            };
            list.push(Change {
                path: side.path_bytes().unwrap_or_default().to_vec(),
                kind,
                content,
            });
        }
        let stats = diff.stats().context(failed)?;
        Ok(Changes {
            list,
            insertions: stats.insertions(),
            deletions: stats.deletions(),
        })
    }

    /// Returns the difference between two trees (or commits) as a patch, written by the user's git. No program that the
    /// settings name takes part in it: what is shown is what is committed.
    pub(crate) fn patch(
        &self,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<Vec<u8>, GitError> {
        self.git(["diff", "--no-ext-diff", "--no-textconv", "--color=never"])
            // A missing object would be fetched by what the repository's configuration names.
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(&[before.id(), after.id()])
            .run()
    }
}

/// Returns the place of the index that a snapshot makes.
fn next_index(index: &Path) -> PathBuf {
    let mut next = index.as_os_str().to_owned();
    next.push(".next");
    next.into()
}

/// Copies an index together with its time: git looks into the files that are not older than the index itself.
fn copy_index(from: &Path, to: &Path) -> Result<(), GitError> {
    let copy = || {
        std::fs::copy(from, to)?;
        let modified = std::fs::metadata(from)?.modified()?;
        std::fs::File::options()
            .write(true)
            .open(to)?
            .set_modified(modified)
    };
    copy().map_err(|error| GitError::io("cannot copy", from, error))
}

/// Returns the folders of the worktree that the index has as submodules.
pub(super) fn submodules(worktree: &Path, index: &Path) -> Result<Vec<PathBuf>, GitError> {
    let context = || format!("the index {} cannot be read", index.display());
    // Reading the index of a large repository takes long, and few repositories have submodules.
    let bytes = std::fs::read(index).map_err(|error| GitError::io("cannot read", index, error))?;
    if memchr::memmem::find(&bytes, &SUBMODULE_MODE.to_be_bytes()).is_none() {
        return Ok(Vec::new());
    }
    let entries = git2::Index::open(index).context(context)?;
    let is_submodule = |entry: &git2::IndexEntry| entry.mode == SUBMODULE_MODE;
    Ok(entries
        .iter()
        .filter(is_submodule)
        .map(|entry| worktree.join(OsStr::from_bytes(&entry.path)))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::id::BranchName;
    use crate::git::worktree::NewWorktree;

    fn worktree(it: &Fixture) -> (PathBuf, PathBuf) {
        let (path, index) = (it.beside("work"), it.beside("index"));
        it.repo
            .create_worktree(&NewWorktree {
                name: "batch-r-01",
                path: &path,
                branch: Some(&BranchName::new("batch/r/01")),
                start: &it.first,
                index: &index,
            })
            .unwrap();
        (path, index)
    }

    fn changed(it: &Fixture, path: &Path, index: &Path) -> Vec<(String, ChangeKind)> {
        let tree = it.repo.snapshot(path, index).unwrap();
        it.repo
            .changes(&it.first, &tree)
            .unwrap()
            .list
            .into_iter()
            .map(|change| (String::from_utf8(change.path).unwrap(), change.kind))
            .collect()
    }

    #[test]
    fn edits_additions_and_both_paths_of_a_move_are_changes() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n"), ("c.txt", "three\n")]);
        let (path, index) = worktree(&it);
        assert_eq!(changed(&it, &path, &index), []);
        fs::write(path.join("a.txt"), "eno\n").unwrap();
        fs::rename(path.join("b.txt"), path.join("moved.txt")).unwrap();
        fs::write(path.join("-odd name"), "x").unwrap();
        assert_eq!(
            changed(&it, &path, &index),
            [
                ("-odd name".to_owned(), ChangeKind::Added),
                ("a.txt".to_owned(), ChangeKind::Modified),
                ("b.txt".to_owned(), ChangeKind::Deleted),
                ("moved.txt".to_owned(), ChangeKind::Added),
            ]
        );
    }

    #[test]
    fn an_agent_cannot_hide_its_edits() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n")]);
        let (path, index) = worktree(&it);
        let git = |args: &[&str]| {
            let done = Command::new("git")
                .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
                .args(args)
                .current_dir(&path)
                .output()
                .unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        git(&["update-index", "--assume-unchanged", "a.txt"]);
        fs::write(path.join("a.txt"), "hidden\n").unwrap();
        fs::write(path.join("b.txt"), "committed\n").unwrap();
        git(&["commit", "-qam", "by the agent"]);
        assert_eq!(
            changed(&it, &path, &index),
            [
                ("a.txt".to_owned(), ChangeKind::Modified),
                ("b.txt".to_owned(), ChangeKind::Modified),
            ]
        );
    }

    #[test]
    fn links_and_nested_repositories_are_not_files() {
        let it = repository(&[("a.txt", "one\n")]);
        let (path, index) = worktree(&it);
        std::os::unix::fs::symlink("../outside", path.join("link")).unwrap();
        let nested = repository(&[("x", "y")]);
        fs::rename(nested.repo.root(), path.join("nested")).unwrap();
        let tree = it.repo.snapshot(&path, &index).unwrap();
        let contents: Vec<Content> = it
            .repo
            .changes(&it.first, &tree)
            .unwrap()
            .list
            .into_iter()
            .map(|change| change.content)
            .collect();
        assert_eq!(
            contents,
            [Content::Symlink(b"../outside".to_vec()), Content::Submodule]
        );
    }
}
