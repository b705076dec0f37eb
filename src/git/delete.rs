//! Deletes folders with many threads, because most of the time is spent waiting for the file system.
//!
//! A deletion may be interrupted at any moment and started again.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Deletes a folder with everything in it, or a file. A path that is gone already is no error. Links are not followed.
/// Folders without write permission, as in package caches, are made writable first.
pub(crate) fn delete_tree(path: &Path) -> io::Result<()> {
    let kind = match path.symlink_metadata() {
        Ok(meta) => meta.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        delete_folder(path)
    } else {
        ignore_missing(fs::remove_file(path))
    }
}

fn delete_folder(path: &Path) -> io::Result<()> {
    match delete_content(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
            delete_content(path)?;
        }
        // The standard library deletes one folder inside another, however long their path is.
        Err(error) if error.kind() == ErrorKind::InvalidFilename => {
            return ignore_missing(fs::remove_dir_all(path));
        }
        other => other?,
    }
    ignore_missing(fs::remove_dir(path))
}

fn delete_content(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        } else {
            ignore_missing(fs::remove_file(entry.path()))?;
        }
    }
    folders
        .into_par_iter()
        .try_for_each(|folder| delete_folder(&folder))
}

/// Another process may delete at the same time.
fn ignore_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_deleted_with_read_only_folders_but_without_link_targets() {
        let it = tempfile::tempdir().unwrap();
        let outside = it.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("mine"), "precious").unwrap();
        let tree = it.path().join("tree");
        let read_only = tree.join("a/read-only");
        fs::create_dir_all(&read_only).unwrap();
        fs::write(read_only.join("x"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).unwrap();

        delete_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert!(outside.join("mine").exists());
        delete_tree(&tree).unwrap();
    }
}
