//! The errors that a repository gives, each with its remedy.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::words;

/// Why work with a repository failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} is not inside a git repository: run batch in one, or name one with -C", dir.display())]
    NotARepository { dir: PathBuf },
    #[error(
        "{} is a bare repository, which has no files: run batch in a checkout of it (git clone or git worktree add)",
        dir.display()
    )]
    Bare { dir: PathBuf },
    #[error("git itself does not open the repository at {}: {reason}", dir.display())]
    NotOpened { dir: PathBuf, reason: String },
    #[error(
        "{} uses SHA-256 object ids, which batch cannot read yet: use a repository with SHA-1 object ids",
        dir.display()
    )]
    Sha256 { dir: PathBuf },
    #[error(
        "{} stores its refs as a reftable, which batch cannot read yet: convert it with git refs migrate \
         --ref-format=files",
        dir.display()
    )]
    Reftable { dir: PathBuf },
    #[error(
        "this is a partial clone, and {} of the base's files are not in it: fetch them with git fetch --refetch \
         --no-filter",
        missing.map_or_else(|| "some".to_owned(), |number| number.to_string())
    )]
    PartialClone {
        /// How many files are missing, where that is known.
        missing: Option<usize>,
    },
    #[error(
        "the repository has no commit yet, and batch plans from a commit: commit something first"
    )]
    NoCommits,
    #[error(
        "there is no commit {name:?} in this repository{}",
        list("similar names:", near)
    )]
    UnknownBase { name: String, near: Vec<String> },
    #[error(
        "{name} is a branch and a tag: name refs/heads/{name} or refs/tags/{name} as the base, because the two are \
         ambiguous"
    )]
    AmbiguousBase { name: String },
    #[error(
        "{remote}/HEAD names {target}, which does not exist: git remote set-head {remote} --auto asks the remote for \
         its default branch; or name a base with --base"
    )]
    LostDefault { remote: String, target: String },
    #[error("branch {branch} exists already: delete it, or choose other names")]
    BranchExists { branch: String },
    #[error(
        "branch {branch} cannot be created because branch {blocker} exists: rename {blocker}, or choose other names"
    )]
    BranchBlocked { branch: String, blocker: String },
    #[error("{name:?} is not a valid branch name (see git help check-ref-format)")]
    BadBranchName { name: String },
    #[error("{} exists already: move it away, or choose another folder for worktrees", path.display())]
    PathTaken { path: PathBuf },
    #[error(
        "{} is not the folder that batch made there: a worker has put a link in its place, and nothing behind the \
         link is looked at",
        path.display()
    )]
    Replaced { path: PathBuf },
    #[error("{} is a pipe, a socket or a device, and git cannot read it: delete it", path.display())]
    NoFile { path: PathBuf },
    #[error(
        "it wrote {wrote} that git does not ignore, and the limit is {limit}: nothing of it was stored; {setting} in \
         the table [worktrees] of batch.toml sets the limit"
    )]
    TooMuch {
        wrote: String,
        limit: String,
        setting: &'static str,
    },
    #[error(
        "it wrote a file inside {depth} folders, and the limit is {most}: nothing of it was stored"
    )]
    TooDeep { depth: usize, most: usize },
    #[error("the disk is full: {} could not be written", path.display())]
    DiskFull { path: PathBuf },
    #[error(
        "git does not know who you are, so nothing can be committed: run git config --global user.name and user.email"
    )]
    NoIdentity,
    #[error(
        "branch {branch} is checked out in {}, and batch does not change a checkout of yours: switch to another \
         branch there, or name another branch here",
        path.display()
    )]
    CheckedOut { branch: String, path: PathBuf },
    #[error(
        "branch {branch} of {remote} is not at the commit where this run left it, so it was not pushed: somebody else \
         worked on it; look with git fetch {remote} {branch}"
    )]
    BranchMoved { branch: String, remote: String },
    #[error(
        "branch {branch} is at {now}, and not at {made}, the commit that was proven{}: nothing was pushed; git branch \
         --force {branch} {made} puts it back",
        by.as_ref().map_or_else(String::new, |by| format!(" ({by})"))
    )]
    MovedHere {
        branch: String,
        now: String,
        made: String,
        /// The last entry of the branch's reflog, where there is one.
        by: Option<String>,
    },
    #[error(
        "branch {branch} is at {now}{}, so the work is not committed there, and stays in its worktree; git branch \
         --move {branch} NAME keeps that commit under another name, and then batch retry starts the unit again",
        by.as_ref().map_or_else(String::new, |by| format!(", a commit of somebody else ({by})"))
    )]
    Occupied {
        branch: String,
        now: String,
        /// The last entry of the branch's reflog, where there is one.
        by: Option<String>,
    },
    #[error("pushing {branch} to {remote} was refused: {reason}")]
    PushRefused {
        branch: String,
        remote: String,
        reason: String,
    },
    /// The remote refused a push because the user may not write to it.
    #[error("pushing {branch} to {remote} was refused: {reason}")]
    PushDenied {
        branch: String,
        remote: String,
        reason: String,
    },
    #[error("two changes touch the same files: {}", paths.join(", "))]
    Conflict { paths: Vec<String> },
    #[error("{} cannot be understood: {reason}", path.display())]
    BadIncludeFile { path: PathBuf, reason: String },
    #[error("there is no remote named {name:?}{}", list("the remotes are", known))]
    UnknownRemote { name: String, known: Vec<String> },
    #[error("`git {what}` failed: {reason}")]
    Program { what: String, reason: String },
    #[error("object {id} is not in this repository: git fsck lists all that is missing")]
    MissingObject { id: String },
    #[error(
        "the content of {} (object {id}) is not in this repository: git fetch --refetch brings it where a remote has \
         it; git fsck lists all that is missing",
        words::line(path)
    )]
    MissingFile { path: String, id: String },
    #[error(
        "the content of {} (object {id}) cannot be read: {fault}; git fsck lists all that is damaged",
        words::line(path)
    )]
    DamagedFile {
        path: String,
        id: String,
        fault: String,
    },
    #[error("object {id} cannot be read: {fault}; git fsck lists all that is damaged")]
    DamagedObject { id: String, fault: String },
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

/// The names as the end of a sentence; empty where there are none.
fn list(heading: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; {heading} {}", names.join(", "))
    }
}

impl GitError {
    /// Adds the path of the file whose content could not be read.
    #[must_use]
    pub(crate) fn in_file(self, path: &str) -> Self {
        let path = path.to_owned();
        match self {
            Self::MissingObject { id } => Self::MissingFile { path, id },
            Self::DamagedObject { id, fault } => Self::DamagedFile { path, id, fault },
            error => error,
        }
    }

    /// Wraps an error of the file system. A full disk is a variant of its own.
    pub(super) fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        if source.kind() == ErrorKind::StorageFull {
            Self::DiskFull { path }
        } else {
            Self::Io { what, path, source }
        }
    }
}

/// Adds to a libgit2 error the sentence that says what could not be done.
pub(super) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, GitError>;
}

impl<T> Context<T> for Result<T, git2::Error> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, GitError> {
        self.map_err(|fault| GitError::Library {
            what: what(),
            fault,
        })
    }
}
