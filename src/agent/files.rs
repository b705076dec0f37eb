//! Files and folders beside the checkout that an agent reads.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::AgentError;

/// Writes a file, and returns its path.
pub(super) fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, AgentError> {
    let path = folder.join(name);
    // A worker may have put a link there, which would have another file overwritten.
    let written = remove_link(&path).and_then(|()| {
        let mut file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(&path)?;
        file.write_all(bytes)
    });
    match written {
        Ok(()) => Ok(path),
        Err(source) => Err(AgentError::File {
            what: "written",
            path,
            source,
        }),
    }
}

/// Makes a folder that is no link.
pub(super) fn make_folder(path: &Path) -> Result<(), AgentError> {
    let made = remove_link(path).and_then(|()| std::fs::create_dir_all(path));
    made.map_err(|source| AgentError::File {
        what: "created",
        path: path.to_owned(),
        source,
    })
}

fn remove_link(path: &Path) -> std::io::Result<()> {
    if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
