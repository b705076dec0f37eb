//! A temporary repository for tests.

use std::path::PathBuf;

use tempfile::TempDir;

use super::base::Base;
use super::error::GitError;
use super::id::{CommitId, TreeId};
use super::lookup::tree_of;
use super::repo::Repo;
use super::worktree::NewWorktree;

/// A repository with one commit, in a temporary folder that is deleted on drop.
pub(crate) struct Fixture {
    folder: TempDir,
    pub(crate) repo: Repo,
    /// The id of the first commit.
    pub(crate) first: CommitId,
}

impl Fixture {
    /// Returns a path beside the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets who commits, and turns signing off.
    pub(crate) fn set_identity(&self) {
        let mut config = self.repo.open().unwrap().config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.org").unwrap();
        config.set_bool("commit.gpgSign", false).unwrap();
    }

    /// Creates a branch at the first commit.
    pub(crate) fn branch(&self, name: &str) {
        let git = self.repo.open().unwrap();
        let commit = git.head().unwrap().peel_to_commit().unwrap();
        git.branch(name, &commit, false).unwrap();
    }

    /// Makes a commit on `parent` that writes a text into a file.
    pub(crate) fn change(&self, parent: &CommitId, file: &str, text: &str) -> CommitId {
        let git = self.repo.open().unwrap();
        let before = tree_of(&git, parent).unwrap();
        let mut tree = git.treebuilder(Some(&before)).unwrap();
        let blob = git.blob(text.as_bytes()).unwrap();
        tree.insert(file, blob, 0o100_644).unwrap();
        let tree = TreeId::new(tree.write().unwrap().to_string());
        self.repo.commit_tree(&tree, &[parent], file).unwrap()
    }

    /// Makes a commit without parents, on no branch, of these files only: path, mode and content as git stores them.
    /// The content of a submodule (mode 160000) is ignored.
    pub(crate) fn commit(&self, files: &[(&[u8], u32, &[u8])]) -> Base {
        let git = self.repo.open().unwrap();
        let mut index = git2::Index::new().unwrap();
        for &(path, mode, content) in files {
            let time = git2::IndexTime::new(0, 0);
            index
                .add(&git2::IndexEntry {
                    ctime: time,
                    mtime: time,
                    dev: 0,
                    ino: 0,
                    mode,
                    uid: 0,
                    gid: 0,
                    file_size: 0,
                    id: git.blob(content).unwrap(),
                    flags: 0,
                    flags_extended: 0,
                    path: path.to_vec(),
                })
                .unwrap();
        }
        let tree = git.find_tree(index.write_tree_to(&git).unwrap()).unwrap();
        let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
        let id = git.commit(None, &who, &who, "further", &tree, &[]).unwrap();
        Base {
            id: CommitId::new(id.to_string()),
            name: "HEAD".to_owned(),
            branch: None,
        }
    }
}

impl Repo {
    /// Registers and fills a worktree.
    pub(crate) fn create_worktree(&self, new: &NewWorktree<'_>) -> Result<(), GitError> {
        self.register_worktree(new)?;
        self.fill_worktree(new)
    }
}

/// Makes a repository with one commit of `files`, and checks it out.
pub(crate) fn repository(files: &[(&str, &str)]) -> Fixture {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("repo");
    let git = git2::Repository::init(&root).unwrap();
    let mut index = git.index().unwrap();
    for (path, text) in files {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        index.add_path(path.as_ref()).unwrap();
    }
    index.write().unwrap();
    let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
    let who = git2::Signature::now("Ada", "ada@example.org").unwrap();
    let first = git
        .commit(Some("HEAD"), &who, &who, "first", &tree, &[])
        .unwrap();
    Fixture {
        repo: Repo::discover(&root).unwrap(),
        first: CommitId::new(first.to_string()),
        folder,
    }
}
