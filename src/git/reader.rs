//! Reads files of one commit by their paths.

use std::path::Path;

use super::error::GitError;
use super::id::{CommitId, TreeId};
use super::lookup::{any_tree, tree_of};
use super::repo::Repo;

/// Reads files of one tree. Threads cannot share a reader, so each makes its own.
pub(crate) struct Reader {
    repo: git2::Repository,
    tree: git2::Oid,
}

impl Reader {
    /// Returns the content of a file; `None` where there is no such file or it is not UTF-8.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let tree = self.repo.find_tree(self.tree).ok()?;
        let entry = tree.get_path(Path::new(path)).ok()?;
        let blob = self.repo.find_blob(entry.id()).ok()?;
        String::from_utf8(blob.content().to_vec()).ok()
    }
}

impl Repo {
    /// Makes a reader of a commit's files for the calling thread.
    pub(crate) fn reader(&self, commit: &CommitId) -> Result<Reader, GitError> {
        let repo = self.open()?;
        let tree = tree_of(&repo, commit)?.id();
        Ok(Reader { repo, tree })
    }

    /// Makes a reader of a tree's files for the calling thread.
    pub(crate) fn tree_reader(&self, tree: &TreeId) -> Result<Reader, GitError> {
        let repo = self.open()?;
        let tree = any_tree(&repo, tree)?.id();
        Ok(Reader { repo, tree })
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn a_reader_returns_files_but_not_folders() {
        let it = repository(&[("b/deep/er.txt", "x"), ("b/c.txt", "z")]);
        let reader = it.repo.reader(&it.first).unwrap();
        assert_eq!(reader.text("b/c.txt").as_deref(), Some("z"));
        assert_eq!(reader.text("b"), None);
    }
}
