//! Copies ignored files that a project needs (`.env`, `node_modules/`) from the user's checkout into a worktree. A file
//! `.worktreeinclude` in the checkout's root names them in gitignore's syntax.
//!
//! Only ignored files are copied, so that none of them ends up in a commit, and nothing in the worktree is overwritten.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::GitError;
use super::repo::Repo;

/// The name of the file that lists the ignored files to copy.
pub(crate) const INCLUDE_FILE: &str = ".worktreeinclude";

impl Repo {
    /// Lists the files to copy into every worktree, and the folders to copy whole, as paths from the checkout's root.
    pub(crate) fn included_paths(&self) -> Result<Vec<PathBuf>, GitError> {
        let file = self.root.join(INCLUDE_FILE);
        if !file.exists() {
            return Ok(Vec::new());
        }
        let mut builder = GitignoreBuilder::new(&self.root);
        let fault = |error: ignore::Error| GitError::BadIncludeFile {
            path: file.clone(),
            reason: error.to_string(),
        };
        if let Some(error) = builder.add(&file) {
            return Err(fault(error));
        }
        let wanted = builder.build().map_err(fault)?;
        // A folder that is ignored as a whole is one entry that ends in a slash.
        let out = self
            .git_in_checkout([
                "ls-files",
                "--others",
                "--ignored",
                "--exclude-standard",
                "--directory",
                "-z",
            ])
            .run()?;
        let mut found = Vec::new();
        for name in out.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let path = PathBuf::from(std::ffi::OsStr::from_bytes(name));
            if name.ends_with(b"/") {
                self.matching_below(&path, &wanted, &mut found);
            } else if is_wanted(&wanted, &path, false) {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn matching_below(&self, folder: &Path, wanted: &Gitignore, found: &mut Vec<PathBuf>) {
        if is_wanted(wanted, folder, true) {
            found.push(folder.to_path_buf());
            return;
        }
        let mut walk = walkdir::WalkDir::new(self.root.join(folder))
            .min_depth(1)
            .into_iter();
        while let Some(entry) = walk.next() {
            // A file that cannot be read cannot be copied.
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else {
                continue;
            };
            let is_folder = entry.file_type().is_dir();
            if is_wanted(wanted, path, is_folder) {
                found.push(path.to_path_buf());
                if is_folder {
                    walk.skip_current_dir();
                }
            }
        }
    }

    /// Copies the paths of [`Repo::included_paths`] into a worktree, as reflinks where the file system can.
    pub(crate) fn copy_included(
        &self,
        included: &[PathBuf],
        worktree: &Path,
    ) -> Result<(), GitError> {
        for path in included {
            let from = self.root.join(path);
            for entry in walkdir::WalkDir::new(&from) {
                let fault = |path: &Path, source: io::Error| GitError::Io {
                    what: "cannot copy",
                    path: path.to_path_buf(),
                    source,
                };
                let entry = entry.map_err(|error| fault(&from, error.into()))?;
                let Ok(inner) = entry.path().strip_prefix(&self.root) else {
                    continue;
                };
                let to = worktree.join(inner);
                copy_entry(&entry, &to).map_err(|source| fault(entry.path(), source))?;
            }
        }
        Ok(())
    }
}

fn is_wanted(wanted: &Gitignore, path: &Path, is_folder: bool) -> bool {
    wanted
        .matched_path_or_any_parents(path, is_folder)
        .is_ignore()
}

/// Copies a folder (without its content), a symlink or a file to `to`, unless something is there already.
pub(super) fn copy_entry(entry: &walkdir::DirEntry, to: &Path) -> io::Result<()> {
    if entry.file_type().is_dir() {
        return fs::create_dir_all(to);
    }
    if to.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if entry.file_type().is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(entry.path())?, to);
    }
    // Sockets and pipes are left out.
    if entry.file_type().is_file() {
        reflink_copy::reflink_or_copy(entry.path(), to)?;
        fs::set_permissions(to, entry.metadata()?.permissions())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};

    fn write(it: &Fixture, path: &str, text: &str) {
        let path = it.repo.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn only_ignored_files_that_are_named_are_copied() {
        let it = repository(&[(".gitignore", ".env*\nmodules/\nout/\n"), ("a.txt", "a\n")]);
        write(
            &it,
            INCLUDE_FILE,
            ".env*\n!.env.secret\nmodules/\nout/keep.*\n",
        );
        for path in [
            ".env",
            ".env.secret",
            "sub/.env.local",
            "modules/x/index.js",
            "out/keep.txt",
            "out/drop.txt",
            "untracked.txt",
        ] {
            write(&it, path, "x");
        }
        std::os::unix::fs::symlink("x", it.repo.root().join("modules/link")).unwrap();
        let included = it.repo.included_paths().unwrap();

        let to = it.beside("work");
        fs::create_dir_all(to.join("sub")).unwrap();
        fs::write(to.join(".env"), "mine").unwrap();
        it.repo.copy_included(&included, &to).unwrap();
        let mut copied: Vec<String> = walkdir::WalkDir::new(&to)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| !entry.file_type().is_dir())
            .map(|entry| {
                entry
                    .path()
                    .strip_prefix(&to)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        copied.sort();
        assert_eq!(
            copied,
            [
                ".env",
                "modules/link",
                "modules/x/index.js",
                "out/keep.txt",
                "sub/.env.local"
            ]
        );
        assert_eq!(fs::read(to.join(".env")).unwrap(), b"mine");
        assert!(to.join("modules/link").is_symlink());
    }

    #[test]
    fn without_the_file_nothing_is_copied() {
        let it = repository(&[(".gitignore", ".env\n")]);
        write(&it, ".env", "x");
        assert!(it.repo.included_paths().unwrap().is_empty());
    }
}
