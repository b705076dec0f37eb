//! Paths in events. They are for people: no process finds a folder by a recorded path, because the repository may have
//! been moved since, so a name that is not UTF-8 is recorded as people read it.

use std::path::{Path, PathBuf};

use serde::Serializer;

/// Writes a path as people read it.
pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

/// Writes a path that may not be known.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(super) fn serialize_optional<S: Serializer>(
    path: &Option<PathBuf>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => to.serialize_some(&path.to_string_lossy()),
        None => to.serialize_none(),
    }
}
