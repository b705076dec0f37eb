//! What can go wrong with a repository, in words for people.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What can go wrong with a repository.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} is not inside a git repository: run batch in one, or name one with -C", dir.display())]
    NotARepository { dir: PathBuf },
    #[error(
        "{} is a bare repository, which has no files to look at: run batch in a checkout of it (git clone or git worktree add)",
        dir.display()
    )]
    Bare { dir: PathBuf },
    #[error(
        "{} names its objects by SHA-256, which batch cannot read yet: only repositories that name them by SHA-1 can be worked on",
        dir.display()
    )]
    Sha256 { dir: PathBuf },
    #[error(
        "{} keeps its branches in a reftable, which batch cannot read yet: turn it into files with git refs migrate --ref-format=files",
        dir.display()
    )]
    Reftable { dir: PathBuf },
    #[error(
        "this is a partial clone, and {missing} of the base's files are not in it: fetch them with git fetch --refetch --no-filter"
    )]
    Partial { missing: String },
    #[error("the repository has no commit yet: commit something first, batch plans from a commit")]
    NoCommits,
    #[error("there is no commit {name:?} in this repository{}", near_words(near))]
    UnknownBase { name: String, near: Vec<String> },
    #[error("branch {branch} exists already: delete it, or choose other names")]
    BranchExists { branch: String },
    #[error(
        "branch {branch} cannot be made because a branch {blocker} exists: rename that one, or choose other names"
    )]
    BranchBlocked { branch: String, blocker: String },
    #[error("{name:?} is not a possible branch name (see git help check-ref-format)")]
    BadBranchName { name: String },
    #[error("{} exists already: move it away, or choose another place for worktrees", path.display())]
    PlaceTaken { path: PathBuf },
    #[error("the disk is full: {} could not be written", path.display())]
    DiskFull { path: PathBuf },
    #[error(
        "git does not know who you are, so nothing can be committed: run git config --global user.name and user.email"
    )]
    NoIdentity,
    #[error(
        "branch {branch} is checked out in {}, where nothing is touched: switch to another branch there, or name another one here",
        place.display()
    )]
    CheckedOut { branch: String, place: PathBuf },
    #[error(
        "branch {branch} of {remote} stands where this run did not leave it, so it was not pushed: somebody else worked on it; look with git fetch {remote} {branch}"
    )]
    BranchMoved { branch: String, remote: String },
    #[error("pushing {branch} to {remote} was refused: {reason}")]
    PushRefused {
        branch: String,
        remote: String,
        reason: String,
    },
    #[error("two changes touch the same files: {}", paths.join(", "))]
    Collision { paths: Vec<String> },
    #[error("{} cannot be understood: {reason}", path.display())]
    Include { path: PathBuf, reason: String },
    #[error("there is no remote named {name:?}{}", near_words(known))]
    UnknownRemote { name: String, known: Vec<String> },
    #[error("`git {what}` failed: {reason}")]
    Program { what: String, reason: String },
    #[error("object {id} is not in this repository: git fsck tells what else is missing")]
    Missing { id: String },
    #[error("object {id} cannot be read: {fault}; git fsck tells what else is damaged")]
    Damaged { id: String, fault: String },
    #[error("{what}: {}", fault.message())]
    Library { what: String, fault: git2::Error },
    #[error("{what} {}: {source}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Process(#[from] crate::process::ProcessError),
}

fn near_words(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; there is {}", near.join(", "))
    }
}

impl GitError {
    /// What the file system refused to do; a full disk is an error of its own.
    pub(super) fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        if source.kind() == ErrorKind::StorageFull {
            Self::DiskFull {
                path: path.to_path_buf(),
            }
        } else {
            Self::Io {
                what,
                path: path.to_path_buf(),
                source,
            }
        }
    }
}

/// Gives a libgit2 error the words for what was being done.
pub(super) trait During<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, GitError>;
}

impl<T> During<T> for Result<T, git2::Error> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, GitError> {
        self.map_err(|fault| GitError::Library {
            what: what(),
            fault,
        })
    }
}
