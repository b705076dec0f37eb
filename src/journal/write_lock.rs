//! The lock file beside the journal: writers hold it shared, and a repair holds it alone, so that no repair replaces a
//! journal that is being written.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::error::JournalError;

/// Opens the lock file of the journal at `path`; returns `None` if the folder of the journal does not exist.
pub(super) fn open(path: &Path) -> Result<Option<File>, JournalError> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"));
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(JournalError::file(path, source)),
    }
}
