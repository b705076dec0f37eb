//! Finds a repository and the folders that belong to it.

use std::path::{Path, PathBuf};

use super::error::{Context, GitError};
use super::opening::{check_by_git, has_readable_refs, outermost_superproject, set_up_libgit2};
use super::write_limits::WriteLimits;

/// A repository, and the folder in it where the user called batch.
#[derive(Debug, Clone)]
pub struct Repo {
    /// Remotes that git's configuration does not have, by name and address.
    pub(super) extra_remotes: Vec<(String, String)>,
    /// How much a worker may write before its work is stored.
    pub(super) write_limits: WriteLimits,
    pub(super) common: PathBuf,
    pub(super) root: PathBuf,
    main_checkout: PathBuf,
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
        set_up_libgit2();
        // libgit2's own "discover" loses the checkout of a repository whose git folder lies elsewhere.
        let found = git2::Repository::open_ext(
            &dir,
            git2::RepositoryOpenFlags::CROSS_FS,
            std::iter::empty::<&Path>(),
        )
        .map_err(|error| match error.code() {
            git2::ErrorCode::NotFound => not_found(),
            // libgit2 has no error code for this.
            _ if error.message().contains("object format") => GitError::Sha256 { dir: dir.clone() },
            _ => GitError::Library {
                what: format!("the repository at {} cannot be opened", dir.display()),
                fault: error,
            },
        })?;
        let Some(root) = found.workdir() else {
            return Err(GitError::Bare { dir });
        };
        if !has_readable_refs(&found) {
            return Err(GitError::Reftable { dir });
        }
        check_by_git(&dir)?;
        let root = canonical(root)?;
        let common = canonical(found.commondir())?;
        let prefix = dir
            .strip_prefix(&root)
            .ok()
            .and_then(Path::to_str)
            .unwrap_or_default()
            .to_owned();
        // A linked checkout may lie anywhere, so batch places its own files beside the main checkout. A submodule, or a
        // repository with a separate git folder, has its common folder elsewhere.
        let main_checkout = if found.is_worktree() {
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
        let home = outermost_superproject(&main_checkout).unwrap_or_else(|| main_checkout.clone());
        Ok(Self {
            extra_remotes: Vec::new(),
            write_limits: WriteLimits::default(),
            common,
            root,
            main_checkout,
            home,
            prefix,
        })
    }

    /// Adds a remote for this process only. Git's configuration does not change.
    #[must_use]
    pub(crate) fn with_remote(mut self, name: String, address: String) -> Self {
        self.extra_remotes.push((name, address));
        self
    }

    /// Returns the folder that all linked checkouts share: `.git` of the main checkout.
    #[must_use]
    pub(crate) fn common_dir(&self) -> &Path {
        &self.common
    }

    /// Returns the root of the checkout in which the user called batch.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the root of the main checkout, or the bare repository that the checkouts belong to.
    #[must_use]
    pub(crate) fn main_checkout(&self) -> &Path {
        &self.main_checkout
    }

    /// Returns the folder beside which batch places what is its own: the main checkout, or for a submodule the
    /// outermost project that it is a part of, so that nothing new shows in that project.
    #[must_use]
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Returns the repository's name, which is the name of its main folder.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        let name = self
            .main_checkout
            .file_name()
            .map_or_else(|| "repository".into(), |name| name.to_string_lossy());
        name.strip_suffix(".git").unwrap_or(&name).to_owned()
    }

    /// Returns the folder in which the user called batch, as a path from the root; `""` is the root itself.
    #[must_use]
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the folder of batch's own state for this repository.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.common.join("batch")
    }

    /// Checks whether this is a shallow clone.
    pub(crate) fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.open()?.is_shallow())
    }

    /// Opens a libgit2 handle. Threads cannot share one, so each caller opens its own (well under 1 ms).
    pub(super) fn open(&self) -> Result<git2::Repository, GitError> {
        git2::Repository::open(&self.common)
            .context(|| format!("the repository {} cannot be opened", self.common.display()))
    }
}

fn canonical(path: &Path) -> Result<PathBuf, GitError> {
    path.canonicalize().map_err(|source| GitError::Io {
        what: "cannot read",
        path: path.to_path_buf(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_and_a_bare_repository_give_different_errors() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Repo::discover(folder.path()),
            Err(GitError::NotARepository { .. })
        ));
        git2::Repository::init_bare(folder.path()).unwrap();
        assert!(matches!(
            Repo::discover(folder.path()),
            Err(GitError::Bare { .. })
        ));
    }
}
