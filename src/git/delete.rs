//! Deleting whole folders: many at once, because most of the time goes into waiting for the file system.
//!
//! It may be broken off at any moment and taken up again: what is left is a smaller folder.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Deletes a folder with all that is in it, or a file; that it is gone already is no error. Links are not followed, and
/// folders that nobody may write into, as package caches have them, are opened first.
pub fn delete_tree(path: &Path) -> io::Result<()> {
    let kind = match path.symlink_metadata() {
        Ok(meta) => meta.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        delete_folder(path)
    } else {
        gone(fs::remove_file(path))
    }
}

fn delete_folder(path: &Path) -> io::Result<()> {
    match delete_content(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
            delete_content(path)?;
        }
        other => other?,
    }
    gone(fs::remove_dir(path))
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
            gone(fs::remove_file(entry.path()))?;
        }
    }
    folders
        .into_par_iter()
        .try_for_each(|folder| delete_folder(&folder))
}

/// Somebody else may delete at the same time.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_goes_with_its_closed_folders_but_nothing_behind_its_links() {
        let it = tempfile::tempdir().unwrap();
        let outside = it.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("mine"), "precious").unwrap();
        let tree = it.path().join("tree");
        let closed = tree.join("a/closed");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("x"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();

        delete_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert!(outside.join("mine").exists());
        delete_tree(&tree).unwrap();
    }
}
