//! A repository, and the folders that belong to it.

use std::path::{Path, PathBuf};

use super::error::{During, GitError};

/// A repository, and the place in it where the user stands.
#[derive(Debug, Clone)]
pub struct Repo {
    /// Remotes that stand in no settings, by name and address.
    pub(super) unlisted: Vec<(String, String)>,
    pub(super) common: PathBuf,
    pub(super) root: PathBuf,
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

    /// A handle of libgit2's. It cannot be shared between threads, so each caller opens its own (well under 1 ms).
    pub(super) fn open(&self) -> Result<git2::Repository, GitError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_repository_and_a_bare_one_are_told_apart() {
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
