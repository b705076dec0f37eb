//! Everything of the user's, byte for byte, to be held against itself after a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::Repo;

/// The user's checkout, index, branches, stashes and configuration at one moment.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Every file of the checkout that is not git's own.
    files: BTreeMap<PathBuf, Vec<u8>>,
    status: String,
    head: Vec<u8>,
    index: Vec<u8>,
    config: Vec<u8>,
    /// Branches, tags and stashes with their commits, less the program's own branches.
    refs: Vec<String>,
    reflog: Option<Vec<u8>>,
}

impl Snapshot {
    /// What `git status` says.
    pub fn status(&self) -> &str {
        &self.status
    }

    pub(super) fn of(repo: &Repo) -> Self {
        let git = |name: &str| fs::read(repo.dir().join(".git").join(name)).unwrap_or_default();
        // Read before `git status`, which may write a fresher index of its own.
        let index = git("index");
        let files = walkdir::WalkDir::new(repo.dir())
            .into_iter()
            .filter_entry(|entry| entry.file_name() != ".git")
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                (
                    entry.path().to_owned(),
                    fs::read(entry.path()).unwrap_or_default(),
                )
            })
            .collect();
        let refs = repo
            .git(["for-each-ref", "--format=%(refname) %(objectname)"])
            .lines()
            .filter(|line| {
                !line.starts_with("refs/heads/batch/") && !line.starts_with("refs/remotes/")
            })
            .map(str::to_owned)
            .collect();
        Self {
            files,
            status: repo.git([
                "--no-optional-locks",
                "status",
                "--porcelain=v2",
                "--branch",
            ]),
            head: git("HEAD"),
            index,
            config: git("config"),
            refs,
            reflog: fs::read(repo.dir().join(".git/logs/HEAD")).ok(),
        }
    }
}
