//! Copies ignored files that a project needs (`.env`, `node_modules/`) from the user's checkout into a worktree. A file
//! `.worktreeinclude` in the checkout's root names them in gitignore's syntax.
//!
//! Only ignored files are copied, so that none of them ends up in a commit, and nothing in the worktree is overwritten.
//! No symlink is followed, and no other checkout or repository is entered. The user may work meanwhile, so a file that
//! is gone or cannot be read is left out.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nix::unistd::{AccessFlags, access};

use super::error::GitError;
use super::repo::Repo;
use crate::words;

/// The name of the file that lists the ignored files to copy.
pub(crate) const INCLUDE_FILE: &str = ".worktreeinclude";

/// A note names at most so many paths.
const PATHS_SHOWN: usize = 3;

/// The files that every worktree gets.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Included {
    /// The files to copy, and the folders to copy whole, as paths from the checkout's root.
    pub paths: Vec<PathBuf>,
    /// Sentences about what is named but not copied.
    pub notes: Vec<String>,
    /// What links among these files lead to outside of the checkout, by real paths.
    pub outside: Vec<PathBuf>,
}

/// The named paths that are not copied.
#[derive(Default)]
struct LeftOut {
    repositories: Vec<PathBuf>,
    unreadable: Vec<PathBuf>,
}

impl Repo {
    /// Lists what to copy into every worktree.
    pub(crate) fn included(&self) -> Result<Included, GitError> {
        let file = self.root.join(INCLUDE_FILE);
        if !file.exists() {
            return Ok(Included::default());
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
        let mut left_out = LeftOut::default();
        let mut outside = BTreeSet::new();
        for path in &found {
            for entry in walk(&self.root.join(path)) {
                left_out.look_at(&entry);
                let link = entry.ok().filter(walkdir::DirEntry::path_is_symlink);
                let target = link.and_then(|link| link.path().canonicalize().ok());
                outside.extend(target.filter(|target| !target.starts_with(&self.root)));
            }
        }
        Ok(Included {
            paths: found,
            notes: left_out.notes(&self.root),
            outside: outside.into_iter().collect(),
        })
    }

    fn matching_below(&self, folder: &Path, wanted: &Gitignore, found: &mut Vec<PathBuf>) {
        if is_wanted(wanted, folder, true) {
            found.push(folder.to_path_buf());
            return;
        }
        let mut walk = walkdir::WalkDir::new(self.root.join(folder))
            .follow_root_links(false)
            .into_iter();
        while let Some(entry) = walk.next() {
            // A file that cannot be read cannot be copied.
            let Ok(entry) = entry else { continue };
            let Ok(path) = entry.path().strip_prefix(&self.root) else {
                continue;
            };
            if is_repository(&entry) {
                walk.skip_current_dir();
                continue;
            }
            let is_folder = entry.file_type().is_dir();
            if is_wanted(wanted, path, is_folder) {
                found.push(path.to_path_buf());
                if is_folder {
                    walk.skip_current_dir();
                }
            }
        }
    }

    /// Copies the paths of [`Repo::included`] into a worktree, as reflinks where the file system can. Returns the paths
    /// that are gone or cannot be read.
    pub(crate) fn copy_included(
        &self,
        included: &[PathBuf],
        worktree: &Path,
    ) -> Result<Vec<PathBuf>, GitError> {
        let mut skipped = Vec::new();
        for path in included {
            if leads_through_link(worktree, path) {
                skipped.push(path.clone());
                continue;
            }
            let mut walk = walk(&self.root.join(path));
            while let Some(entry) = walk.next() {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        let path = error.path().unwrap_or(path);
                        skipped.push(self.named(path));
                        continue;
                    }
                };
                if is_repository(&entry) {
                    walk.skip_current_dir();
                    continue;
                }
                let inner = self.named(entry.path());
                let to = worktree.join(&inner);
                let copied = if entry.path_is_symlink() {
                    self.copy_link(entry.path(), worktree, &to)
                } else if entry.file_type().is_dir() && to.is_symlink() {
                    // The base has a link where the user's checkout has a folder.
                    walk.skip_current_dir();
                    skipped.push(inner);
                    continue;
                } else {
                    copy_entry(&entry, &to)
                };
                match copied {
                    Ok(()) => {}
                    Err(error) if is_unreadable(&error) => skipped.push(inner),
                    Err(error) => return Err(GitError::io("cannot copy", entry.path(), error)),
                }
            }
        }
        Ok(skipped)
    }

    /// Returns a path of the user's checkout as a path from its root.
    fn named(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_path_buf()
    }

    /// Makes the same symlink in a worktree. What it leads to inside the user's checkout, it leads to inside the
    /// worktree; what lies outside stays where it is.
    fn copy_link(&self, from: &Path, worktree: &Path, to: &Path) -> io::Result<()> {
        if to.symlink_metadata().is_ok() {
            return Ok(());
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let target = fs::read_link(from)?;
        let place = without_dots(&from.parent().unwrap_or(from).join(&target));
        let target = match place.strip_prefix(&self.root) {
            Ok(inner) if target.is_absolute() => worktree.join(inner),
            Ok(_) => target,
            Err(_) => place,
        };
        std::os::unix::fs::symlink(target, to)
    }
}

impl LeftOut {
    fn look_at(&mut self, entry: &walkdir::Result<walkdir::DirEntry>) {
        match entry {
            Ok(entry) if is_repository(entry) => self.repositories.push(entry.path().into()),
            Ok(entry) => {
                let readable = || access(entry.path(), AccessFlags::R_OK).is_ok();
                if entry.file_type().is_file() && !readable() {
                    self.unreadable.push(entry.path().into());
                }
            }
            Err(error) => self.unreadable.extend(error.path().map(Into::into)),
        }
    }

    fn notes(&self, root: &Path) -> Vec<String> {
        let note = |paths: &[PathBuf], why: &str| {
            let names = paths.iter().map(|path| {
                let path = path.strip_prefix(root).unwrap_or(path);
                words::line(&path.to_string_lossy())
            });
            let names = words::few(names, PATHS_SHOWN);
            (!paths.is_empty())
                .then(|| format!("{INCLUDE_FILE} names {names}, which no worktree gets: {why}"))
        };
        [
            note(&self.repositories, "a checkout or repository of its own"),
            note(&self.unreadable, "it cannot be read"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Walks through a file or a folder without following a symlink, not even at its root, and without entering another
/// repository.
fn walk(root: &Path) -> walkdir::IntoIter {
    walkdir::WalkDir::new(root)
        .follow_root_links(false)
        .into_iter()
}

/// Checks whether an entry is a checkout or a repository of its own.
fn is_repository(entry: &walkdir::DirEntry) -> bool {
    entry.file_type().is_dir() && entry.path().join(".git").symlink_metadata().is_ok()
}

/// Checks whether a file is gone, or is not the user's to read.
fn is_unreadable(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::PermissionDenied
    )
}

/// Checks whether a folder above `path` is a symlink in the worktree, which may lead out of it.
fn leads_through_link(worktree: &Path, path: &Path) -> bool {
    let above = path.ancestors().skip(1);
    above
        .filter(|above| !above.as_os_str().is_empty())
        .any(|above| worktree.join(above).is_symlink())
}

/// Returns a path without `.` and `..`, by name alone.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
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
        std::os::unix::fs::symlink(it.beside(""), it.repo.root().join("modules/out")).unwrap();
        let Included {
            paths: included,
            outside,
            ..
        } = it.repo.included().unwrap();
        assert_eq!(outside, [it.beside("").canonicalize().unwrap()]);

        let to = it.beside("work");
        fs::create_dir_all(to.join("sub")).unwrap();
        fs::write(to.join(".env"), "mine").unwrap();
        assert_eq!(
            it.repo.copy_included(&included, &to).unwrap(),
            Vec::<PathBuf>::new()
        );
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
                "modules/out",
                "modules/x/index.js",
                "out/keep.txt",
                "sub/.env.local"
            ]
        );
        assert_eq!(fs::read(to.join(".env")).unwrap(), b"mine");
        assert!(to.join("modules/link").is_symlink());
    }

    #[test]
    fn a_file_that_vanishes_is_left_out() {
        let it = repository(&[(".gitignore", "out/\n"), ("a.txt", "a\n")]);
        write(&it, "out/one", "x");
        let gone = PathBuf::from("out/gone");
        let included = [gone.clone(), "out/one".into()];
        let to = it.beside("work");
        let skipped = it.repo.copy_included(&included, &to).unwrap();
        assert_eq!(skipped, [gone]);
        assert!(to.join("out/one").exists());
    }

    #[test]
    fn nothing_is_copied_through_a_link_of_the_worktree() {
        let it = repository(&[(".gitignore", "out/\n.env\n"), ("a.txt", "a\n")]);
        write(&it, "sub/.env", "x");
        write(&it, "out/deep/one", "x");
        let (to, outside) = (it.beside("work"), it.beside("outside"));
        fs::create_dir_all(to.join("out")).unwrap();
        fs::create_dir(&outside).unwrap();
        for link in ["sub", "out/deep"] {
            std::os::unix::fs::symlink(&outside, to.join(link)).unwrap();
        }
        let included = ["sub/.env", "out"].map(PathBuf::from);
        let skipped = it.repo.copy_included(&included, &to).unwrap();
        assert_eq!(skipped, ["sub/.env", "out/deep"].map(PathBuf::from));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn a_link_leads_to_the_same_place_in_a_worktree() {
        let it = repository(&[(".gitignore", "out/\n"), ("a.txt", "a\n")]);
        write(&it, "out/one", "x");
        let (root, to) = (it.repo.root().to_path_buf(), it.beside("work"));
        let links = [
            ("self", "..".into(), "..".into()),
            ("inside", root.join("a.txt"), to.join("a.txt")),
            ("beside", "../../other".into(), root.with_file_name("other")),
            ("outside", "/etc/hosts".into(), "/etc/hosts".into()),
        ];
        for (name, target, _) in &links {
            std::os::unix::fs::symlink(target, root.join("out").join(name)).unwrap();
        }
        it.repo.copy_included(&["out".into()], &to).unwrap();
        for (name, _, target) in links {
            let made: PathBuf = fs::read_link(to.join("out").join(name)).unwrap();
            assert_eq!(made, target, "{name}");
        }
    }

    #[test]
    fn without_the_file_nothing_is_copied() {
        let it = repository(&[(".gitignore", ".env\n")]);
        write(&it, ".env", "x");
        assert_eq!(it.repo.included().unwrap(), Included::default());
    }
}
