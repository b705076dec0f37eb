//! Reads the content of the files in which two trees differ.

use super::error::{Context, GitError};
use super::id::{TreeId, TreeIsh};
use super::lookup::any_tree;
use super::repo::Repo;
use super::tree_diff;

/// A larger file is not read: no person and no agent wrote it.
const MAX_BYTES: usize = 8 << 20;

/// A file in which two trees differ, with its content in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContentPair {
    /// The path from the root, in git's own bytes.
    pub(crate) path: Vec<u8>,
    pub(crate) before: Option<FileContent>,
    pub(crate) after: Option<FileContent>,
}

/// A path in which two trees differ, with its entry in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryPair {
    /// The path from the root, in git's own bytes.
    pub(crate) path: Vec<u8>,
    pub(crate) before: Option<TreeEntry>,
    pub(crate) after: Option<TreeEntry>,
}

/// An entry of a tree, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) id: String,
    pub(crate) mode: EntryMode,
    /// The size in bytes.
    pub(crate) size: u64,
}

/// The mode of an entry that is no folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryMode {
    File,
    Executable,
    Symlink,
    Submodule,
}

/// The content of a file as git stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileContent {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_executable: bool,
}

impl Repo {
    /// Returns `tree` with other content at these paths.
    pub(crate) fn with_contents(
        &self,
        tree: &TreeId,
        contents: &[(String, FileContent)],
    ) -> Result<TreeId, GitError> {
        let repo = self.open()?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (path, content) in contents {
            let blob = repo.blob(&content.bytes);
            let blob = blob.context(|| format!("{path} cannot be stored"))?;
            let mode = if content.is_executable {
                git2::FileMode::BlobExecutable
            } else {
                git2::FileMode::Blob
            };
            update.upsert(path.as_str(), blob, mode);
        }
        let made = update.create_updated(&repo, &any_tree(&repo, tree)?);
        let made = made.context(|| "a tree cannot be written".to_owned())?;
        Ok(TreeId::new(made.to_string()))
    }

    /// Returns all paths in which two trees differ, without their contents.
    pub(crate) fn changed_entries(
        &self,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<Vec<EntryPair>, GitError> {
        let repo = self.open()?;
        let (old, new) = (any_tree(&repo, before)?, any_tree(&repo, after)?);
        let diff = tree_diff::diff(&repo, &old, &new)?;
        let odb = repo.odb().context(|| "the objects cannot be read".into())?;
        let entry = |side: git2::DiffFile<'_>| {
            let mode = match side.mode() {
                git2::FileMode::Unreadable => return None,
                git2::FileMode::BlobExecutable => EntryMode::Executable,
                git2::FileMode::Link => EntryMode::Symlink,
                git2::FileMode::Commit => EntryMode::Submodule,
                _ => EntryMode::File,
            };
            let size = odb.read_header(side.id()).map_or(0, |(size, _)| size);
            Some(TreeEntry {
                id: side.id().to_string(),
                mode,
                size: size as u64,
            })
        };
        let pairs = diff.deltas().map(|delta| EntryPair {
            path: delta.new_file().path_bytes().unwrap_or_default().to_vec(),
            before: entry(delta.old_file()),
            after: entry(delta.new_file()),
        });
        Ok(pairs.collect())
    }

    /// Returns the files in which two trees differ. Symlinks, submodules and large files are left out.
    pub(crate) fn changed_contents(
        &self,
        before: &impl TreeIsh,
        after: &impl TreeIsh,
    ) -> Result<Vec<ContentPair>, GitError> {
        let repo = self.open()?;
        let (old, new) = (any_tree(&repo, before)?, any_tree(&repo, after)?);
        let diff = tree_diff::diff(&repo, &old, &new)?;
        let odb = repo.odb().context(|| "the objects cannot be read".into())?;
        let mut pairs = Vec::new();
        for delta in diff.deltas() {
            let sides = [delta.old_file(), delta.new_file()];
            let is_read = |side: &git2::DiffFile<'_>| match side.mode() {
                git2::FileMode::Unreadable => true,
                git2::FileMode::Blob | git2::FileMode::BlobExecutable => odb
                    .read_header(side.id())
                    .is_ok_and(|(size, _)| size <= MAX_BYTES),
                _ => false,
            };
            if !sides.iter().all(is_read) {
                continue;
            }
            let content = |side: &git2::DiffFile<'_>| -> Result<_, GitError> {
                if side.mode() == git2::FileMode::Unreadable {
                    return Ok(None);
                }
                let blob = repo.find_blob(side.id());
                let blob = blob.context(|| format!("blob {} cannot be read", side.id()))?;
                Ok(Some(FileContent {
                    bytes: blob.content().to_vec(),
                    is_executable: side.mode() == git2::FileMode::BlobExecutable,
                }))
            };
            let path = delta.new_file().path_bytes();
            pairs.push(ContentPair {
                path: path.unwrap_or_default().to_vec(),
                before: content(&sides[0])?,
                after: content(&sides[1])?,
            });
        }
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;

    #[test]
    fn both_sides_of_every_changed_file_are_read() {
        let it = repository(&[("a.txt", "one\n"), ("b.txt", "two\n"), ("same.txt", "x\n")]);
        let next = it.commit(&[
            (b"a.txt", 0o100_644, b"eno\n"),
            (b"c.txt", 0o100_755, b""),
            (b"same.txt", 0o100_644, b"x\n"),
        ]);
        let pairs = it.repo.changed_contents(&it.first, &next.id).unwrap();
        let text = |side: &Option<FileContent>| {
            let bytes = side.as_ref().map(|side| side.bytes.clone());
            bytes.map(|bytes| String::from_utf8(bytes).unwrap())
        };
        let seen: Vec<_> = pairs
            .iter()
            .map(|it| (&it.path[..], text(&it.before), text(&it.after)))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen,
            [
                (&b"a.txt"[..], some("one\n"), some("eno\n")),
                (b"b.txt", some("two\n"), None),
                (b"c.txt", None, some("")),
            ]
        );
        let modes = pairs.iter().filter_map(|it| it.after.as_ref());
        let modes: Vec<bool> = modes.map(|after| after.is_executable).collect();
        assert_eq!(modes, [false, true]);
    }
}
