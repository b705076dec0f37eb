//! Leaves tracked files out of a worktree for a while, such as settings that an agent must not obey.
//!
//! A list beside the worktree's index names them, so that a process that comes later knows of them: to a snapshot they
//! are as they were, and not deleted.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::error::{Context, GitError};
use super::repo::Repo;

/// The bit for a file that need not be in the worktree (gitformat-index(5), "skip-worktree").
const SKIP_WORKTREE: u16 = 1 << 14;

/// A tracked file, as the last snapshot saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackedFile {
    /// The path from the root, in git's own bytes.
    pub(crate) path: Vec<u8>,
    /// The id of its content.
    pub(crate) blob: String,
}

/// Lists the tracked files of a worktree whose paths fit.
pub(crate) fn tracked_files(
    index: &Path,
    fits: impl Fn(&str) -> bool,
) -> Result<Vec<TrackedFile>, GitError> {
    let context = || format!("the index {} cannot be read", index.display());
    let entries = git2::Index::open(index).context(context)?;
    Ok(entries
        .iter()
        .filter(|entry| fits(&String::from_utf8_lossy(&entry.path)))
        .map(|entry| TrackedFile {
            path: entry.path.clone(),
            blob: entry.id.to_string(),
        })
        .collect())
}

/// Removes tracked files from a worktree until [`Repo::bring_back`].
pub(crate) fn leave_aside(
    worktree: &Path,
    index: &Path,
    files: &[TrackedFile],
) -> Result<(), GitError> {
    if files.is_empty() {
        return Ok(());
    }
    let list = list_of(index);
    let mut names = names_aside(index)?;
    for file in files {
        if !names.contains(&file.path) {
            names.push(file.path.clone());
        }
    }
    fs::write(&list, names.join(&0)).map_err(|error| GitError::io("cannot write", &list, error))?;
    for file in files {
        let path = on_disk(worktree, &file.path)?;
        match fs::remove_file(&path) {
            Err(error) if !is_missing(error.kind()) => {
                return Err(GitError::io("cannot remove", &path, error));
            }
            _ => {}
        }
        // Agents take a folder for a sign of settings, too.
        let folders = path.ancestors().skip(1);
        for folder in folders.take_while(|folder| *folder != worktree) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    Ok(())
}

/// Has the git of workers overlook in its own `index` that these files are not there, or overlook it no longer.
pub(crate) fn overlook(index: &Path, files: &[TrackedFile], overlooked: Overlooked) {
    // A worker may have done anything to its index; it then sees files that are gone.
    let written = git2::Index::open(index).and_then(|mut entries| {
        for file in files {
            if let Some(mut entry) = entries.get_path(Path::new(OsStr::from_bytes(&file.path)), 0) {
                match overlooked {
                    Overlooked::Yes => entry.flags_extended |= SKIP_WORKTREE,
                    Overlooked::No => entry.flags_extended &= !SKIP_WORKTREE,
                }
                entries.add(&entry)?;
            }
        }
        entries.write()
    });
    if let Err(error) = written {
        tracing::info!("{} is left as it is: {}", index.display(), error.message());
    }
}

/// Whether git overlooks that a file is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlooked {
    Yes,
    No,
}

/// Names the files of a worktree that are left aside and not there.
pub(super) fn missing_aside(worktree: &Path, index: &Path) -> Result<Vec<Vec<u8>>, GitError> {
    let mut names = names_aside(index)?;
    names.retain(|name| {
        let path = worktree.join(PathBuf::from(OsString::from_vec(name.clone())));
        path.symlink_metadata().is_err()
    });
    Ok(names)
}

impl Repo {
    /// Brings back the files that were left aside, as the index has them, and returns them. A file that a worker made
    /// in place of one stays.
    pub(crate) fn bring_back(
        &self,
        worktree: &Path,
        index: &Path,
    ) -> Result<Vec<TrackedFile>, GitError> {
        let list = list_of(index);
        if !list.exists() {
            return Ok(Vec::new());
        }
        let aside = names_aside(index)?;
        let mut names = Vec::new();
        for name in missing_aside(worktree, index)? {
            on_disk(worktree, &name)?;
            names.extend_from_slice(&name);
            names.push(0);
        }
        if !names.is_empty() {
            self.git_in_worktree(worktree, index)
                .without_secrets()
                .args(&["checkout-index", "--quiet", "-z", "--stdin"])
                .stdin(names)
                .run()?;
        }
        fs::remove_file(&list).map_err(|error| GitError::io("cannot remove", &list, error))?;
        tracked_files(index, |path| {
            aside.iter().any(|name| name == path.as_bytes())
        })
    }
}

fn list_of(index: &Path) -> PathBuf {
    let mut list = index.as_os_str().to_owned();
    list.push(".aside");
    list.into()
}

fn names_aside(index: &Path) -> Result<Vec<Vec<u8>>, GitError> {
    let list = list_of(index);
    let text = match fs::read(&list) {
        Err(error) if is_missing(error.kind()) => return Ok(Vec::new()),
        text => text.map_err(|error| GitError::io("cannot read", &list, error))?,
    };
    let names = text.split(|byte| *byte == 0);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect())
}

/// Returns the place of a file. A worker may have put a link in place of a folder: behind it are the user's files.
fn on_disk(worktree: &Path, name: &[u8]) -> Result<PathBuf, GitError> {
    let path = worktree.join(OsStr::from_bytes(name));
    let above = path.ancestors().skip(1);
    let is_link = |path: &&Path| path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    match above.take_while(|above| *above != worktree).find(is_link) {
        Some(link) => Err(GitError::Replaced {
            path: link.to_path_buf(),
        }),
        None => Ok(path),
    }
}

fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::{Fixture, repository};
    use crate::git::id::TreeId;
    use crate::git::worktree::NewWorktree;

    const SETTINGS: &str = ".claude/settings.json";

    fn worktree(it: &Fixture) -> (PathBuf, PathBuf) {
        let (path, index) = (it.beside("work"), it.beside("index"));
        it.repo
            .create_worktree(&NewWorktree {
                name: "batch-r-01",
                path: &path,
                branch: None,
                start: &it.first,
                index: &index,
            })
            .unwrap();
        (path, index)
    }

    fn hide(path: &Path, index: &Path) {
        let files = tracked_files(index, |path| path.starts_with(".claude/")).unwrap();
        leave_aside(path, index, &files).unwrap();
    }

    fn base(it: &Fixture) -> TreeId {
        it.repo.tree(&it.first).unwrap()
    }

    #[test]
    fn what_is_left_aside_is_no_change_and_comes_back() {
        let it = repository(&[("a.txt", "one\n"), (SETTINGS, "{}\n")]);
        let (path, index) = worktree(&it);
        hide(&path, &index);
        assert!(!path.join(".claude").exists());
        assert_eq!(
            it.repo.snapshot_read_only(&path, &index).unwrap(),
            base(&it)
        );
        assert_eq!(it.repo.snapshot(&path, &index).unwrap(), base(&it));
        hide(&path, &index);
        it.repo.bring_back(&path, &index).unwrap();
        assert_eq!(fs::read_to_string(path.join(SETTINGS)).unwrap(), "{}\n");
        assert!(!list_of(&index).exists());
        assert_eq!(it.repo.snapshot(&path, &index).unwrap(), base(&it));
    }

    #[test]
    fn what_a_worker_made_in_its_place_stays() {
        let it = repository(&[("a.txt", "one\n"), (SETTINGS, "{}\n")]);
        let (path, index) = worktree(&it);
        hide(&path, &index);
        fs::create_dir(path.join(".claude")).unwrap();
        fs::write(path.join(SETTINGS), "own\n").unwrap();
        it.repo.bring_back(&path, &index).unwrap();
        assert_eq!(fs::read_to_string(path.join(SETTINGS)).unwrap(), "own\n");
        assert_ne!(it.repo.snapshot(&path, &index).unwrap(), base(&it));
    }

    #[test]
    fn a_link_to_the_users_files_is_not_followed() {
        let it = repository(&[("a.txt", "one\n"), (SETTINGS, "{}\n")]);
        let (path, index) = worktree(&it);
        let own = it.beside("home");
        fs::create_dir(&own).unwrap();
        fs::write(own.join("settings.json"), "mine\n").unwrap();
        fs::remove_dir_all(path.join(".claude")).unwrap();
        std::os::unix::fs::symlink(&own, path.join(".claude")).unwrap();
        let files = tracked_files(&index, |path| path.starts_with(".claude/")).unwrap();
        let left = leave_aside(&path, &index, &files);
        assert!(matches!(left, Err(GitError::Replaced { .. })), "{left:?}");
        assert_eq!(
            fs::read_to_string(own.join("settings.json")).unwrap(),
            "mine\n"
        );
    }
}
