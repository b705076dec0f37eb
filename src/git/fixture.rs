//! A throw-away repository for the tests of this room.

use std::path::PathBuf;

use tempfile::TempDir;

use super::Repo;

/// A repository with one commit, in a temporary folder that goes when this is dropped.
pub(super) struct Fixture {
    folder: TempDir,
    pub(super) repo: Repo,
    /// The commit's id.
    pub(super) first: String,
}

impl Fixture {
    /// A place beside the repository.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a branch at the commit.
    pub(super) fn branch(&self, name: &str) {
        let git = self.repo.open().unwrap();
        let commit = git.head().unwrap().peel_to_commit().unwrap();
        git.branch(name, &commit, false).unwrap();
    }
}

/// A repository whose one commit holds `files`, checked out.
pub(super) fn repository(files: &[(&str, &str)]) -> Fixture {
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
        first: first.to_string(),
        folder,
    }
}
