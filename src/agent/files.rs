//! Files and folders beside the checkout that an agent reads.

use std::path::{Path, PathBuf};

use super::error::AgentError;

/// Writes a file, and returns its path.
pub(super) fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, AgentError> {
    let path = folder.join(name);
    match std::fs::write(&path, bytes) {
        Ok(()) => Ok(path),
        Err(source) => Err(AgentError::File {
            what: "written",
            path,
            source,
        }),
    }
}

pub(super) fn make_folder(path: &Path) -> Result<(), AgentError> {
    std::fs::create_dir_all(path).map_err(|source| AgentError::File {
        what: "created",
        path: path.to_owned(),
        source,
    })
}
