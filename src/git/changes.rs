//! What really changed in a worktree, whatever the agent did to its index, its branch or its config.
//!
//! The work is read against the copy of the index that was kept when the worktree was made, with the repository's own
//! configuration: index bits that hide edits, commits on the branch and settings in the worktree's own folder change
//! nothing here. Moves are shown as a deletion and an addition, so that both ends count.

use std::path::Path;

use super::error::{During, GitError};
use super::lookup::any_tree;
use super::repo::Repo;

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From the root, in the bytes git holds.
    pub path: Vec<u8>,
    pub kind: ChangeKind,
    /// What stands there now.
    pub content: Content,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

/// What a changed path holds afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    File,
    /// A symlink and where it points, in the bytes git holds.
    Symlink(Vec<u8>),
    /// A repository of its own.
    Submodule,
    Nothing,
}

/// All that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In git's order.
    pub list: Vec<Change>,
    pub insertions: usize,
    pub deletions: usize,
}

/// How a diff is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    On,
    Off,
}

impl Repo {
    /// The worktree's content as a tree, its id given back; `index` is the copy kept by [`Repo::create_worktree`].
    ///
    /// Ignored files are not part of it. The user's checkout and index are not touched.
    pub fn snapshot(&self, worktree: &Path, index: &Path) -> Result<String, GitError> {
        let git = |args: &[&str]| {
            self.git_among_work(worktree, index)
                .without_secrets()
                .args(args)
        };
        git(&["add", "--all", "--", "."]).run()?;
        let tree = git(&["write-tree"]).run()?;
        Ok(String::from_utf8_lossy(&tree).trim().to_owned())
    }

    /// The same without touching `index`, which somebody else may be working with.
    pub fn snapshot_aside(&self, worktree: &Path, index: &Path) -> Result<String, GitError> {
        let copy = tempfile::NamedTempFile::new()
            .and_then(|file| std::fs::copy(index, file.path()).map(|_| file))
            .map_err(|error| GitError::io("cannot copy", index, error))?;
        self.snapshot(worktree, copy.path())
    }

    /// Puts the content of `tree` into a worktree, in place of what the last snapshot by `index` has seen there.
    pub fn show(&self, worktree: &Path, index: &Path, tree: &str) -> Result<(), GitError> {
        self.git_among_work(worktree, index)
            .without_secrets()
            .args(&["read-tree", "--reset", "-u", tree])
            .run()?;
        Ok(())
    }

    /// What stands in a worktree although git ignores it, in the bytes git holds; a folder that is ignored as a whole is
    /// one entry that ends in a slash.
    pub fn ignored(&self, worktree: &Path, index: &Path) -> Result<Vec<Vec<u8>>, GitError> {
        let out = self
            .git_among_work(worktree, index)
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

    /// What differs between two trees; each is named by its own id or by that of a commit.
    pub fn changes(&self, before: &str, after: &str) -> Result<Changes, GitError> {
        let repo = self.open()?;
        let (old, new) = (any_tree(&repo, before)?, any_tree(&repo, after)?);
        let during = || "what changed cannot be told".to_owned();
        let diff = repo
            .diff_tree_to_tree(Some(&old), Some(&new), None)
            .during(during)?;
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
                    let blob = repo.find_blob(side.id()).during(during)?;
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
        let stats = diff.stats().during(during)?;
        Ok(Changes {
            list,
            insertions: stats.insertions(),
            deletions: stats.deletions(),
        })
    }

    /// The difference between two trees (or commits) as a patch, as the user's git writes it.
    pub fn patch(&self, before: &str, after: &str, colours: Colours) -> Result<Vec<u8>, GitError> {
        let colours = match colours {
            Colours::On => "--color=always",
            Colours::Off => "--color=never",
        };
        self.git(["diff", "--no-ext-diff", colours, before, after])
            .run()
    }

    /// Whether tracked files of the user's checkout differ from its commit.
    pub fn has_uncommitted_changes(&self) -> Result<bool, GitError> {
        let out = self
            .git_in_checkout(["status", "--porcelain", "-uno", "--ignore-submodules"])
            // Else git takes the occasion to refresh the user's index (git-status(1), "Background refresh").
            .env("GIT_OPTIONAL_LOCKS", "0")
            .run()?;
        Ok(!out.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::worktree::NewWorktree;

    fn worktree(it: &Fixture) -> (PathBuf, PathBuf) {
        let (path, index) = (it.beside("work"), it.beside("index"));
        it.repo
            .create_worktree(&NewWorktree {
                name: "batch-r-01",
                path: &path,
                branch: Some("batch/r/01"),
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
    fn edits_additions_and_both_ends_of_a_move_are_seen() {
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
    fn links_and_nested_repositories_are_told_apart_from_files() {
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
