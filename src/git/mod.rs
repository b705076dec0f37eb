//! The repository: base, worktrees, what changed in them, commits and pushes.
//!
//! libgit2 serves for opening, refs, trees, commits and worktree registration; gitoxide for what is read by the
//! thousand; the `git` program for what is faster or
//! more faithful there (what changed, identity and signing, pushing with the user's own credentials). This room never
//! touches the user's checkout, index, stashes or config; it writes worktrees, branches of its own and objects. It
//! knows nothing of plans, agents or runs.

mod attributes;
mod base;
mod changes;
mod commit;
mod delete;
mod export;
#[cfg(test)]
pub(crate) mod fixture;
mod graft;
mod history;
mod include;
mod inverse;
mod listing;
mod merge;
mod objects;
mod program;
mod removal;
mod standing;
mod worktree;

use std::path::{Path, PathBuf};

pub use attributes::Attributes;
pub use base::{Base, Reader};
pub use changes::{Change, ChangeKind, Changes, Colours, Content};
pub use delete::delete_tree;
pub use history::Since;
pub use include::INCLUDE_FILE;
pub use inverse::Authored;
pub use listing::{Entry, EntryKind};
pub use merge::{Against, Joint};
pub use objects::Objects;
pub use removal::{free_name, remove_empty_folders_above};
pub use standing::Standing;
pub use worktree::NewWorktree;

/// The id that git would give a file of these bytes: it tells contents apart, and stays the same for ever.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    git2::Oid::hash_object(git2::ObjectType::Blob, bytes)
        .map_or_else(|_| String::new(), |id| id.to_string())
}

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

/// Gives a libgit2 error the words for what was being done.
trait During<T> {
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

/// A repository, and the place in it where the user stands.
#[derive(Debug, Clone)]
pub struct Repo {
    /// Remotes that stand in no settings, by name and address.
    unlisted: Vec<(String, String)>,
    common: PathBuf,
    root: PathBuf,
    home: PathBuf,
    prefix: String,
}

impl Repo {
    /// Finds the repository that holds `dir`.
    pub fn discover(dir: &Path) -> Result<Self, GitError> {
        let not_found = || GitError::NotARepository {
            dir: dir.to_path_buf(),
        };
        let dir = dir.canonicalize().map_err(|_| not_found())?;
        // Not libgit2's own "discover", which forgets the checkout of a git folder that stands apart from it.
        let found = git2::Repository::open_ext(
            &dir,
            git2::RepositoryOpenFlags::CROSS_FS,
            std::iter::empty::<&Path>(),
        )
        .map_err(|error| match error.code() {
            git2::ErrorCode::NotFound => not_found(),
            // libgit2 has no codes for these.
            _ if error.message().contains("object format") => GitError::Sha256 { dir: dir.clone() },
            _ if error.message().contains("extensions.refstorage") => {
                GitError::Reftable { dir: dir.clone() }
            }
            _ => GitError::Library {
                what: format!("the repository at {} cannot be opened", dir.display()),
                fault: error,
            },
        })?;
        let Some(root) = found.workdir() else {
            return Err(GitError::Bare { dir });
        };
        let root = canonical(root)?;
        let common = canonical(found.commondir())?;
        let prefix = dir
            .strip_prefix(&root)
            .ok()
            .and_then(Path::to_str)
            .unwrap_or_default()
            .to_owned();
        // A linked checkout stands anywhere; what belongs to the repository stands beside its main checkout. Of a
        // submodule, or with a separate git folder, that is not where the common folder is.
        let home = if found.is_worktree() {
            match git2::Repository::open(&common)
                .ok()
                .as_ref()
                .and_then(git2::Repository::workdir)
            {
                Some(main) => canonical(main)?,
                None => common.clone(),
            }
        } else {
            root.clone()
        };
        Ok(Self {
            unlisted: Vec::new(),
            common,
            root,
            home,
            prefix,
        })
    }

    /// The same repository with a further remote, which its settings are not told of.
    #[must_use]
    pub fn with_remote(mut self, name: String, address: String) -> Self {
        self.unlisted.push((name, address));
        self
    }

    /// The folder that all linked checkouts share: `.git` of the main checkout.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common
    }

    /// The root of the checkout in which the user stands.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The main checkout (or the bare repository that the checkouts belong to).
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The repository's name: that of its main folder.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self
            .home
            .file_name()
            .map_or_else(|| "repository".into(), |name| name.to_string_lossy());
        name.strip_suffix(".git").unwrap_or(&name).to_owned()
    }

    /// The folder in which the user stands, from the root, `""` at the root itself.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where batch keeps what it knows of this repository.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.common.join("batch")
    }

    /// Whether history was cut when the repository was cloned.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.open()?.is_shallow())
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

    /// A handle of libgit2's. It cannot be shared between threads, so each caller opens its own (well under 1 ms).
    fn open(&self) -> Result<git2::Repository, GitError> {
        git2::Repository::open(&self.common)
            .during(|| format!("the repository {} cannot be opened", self.common.display()))
    }
}

fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(|source| GitError::Io {
        what: "cannot read",
        path: path.to_path_buf(),
        source,
    })
}
