//! The files of a unit's work as those who look at contents take them.

use crate::check::ChangedFile;
use crate::git::ContentPair;

/// Returns a file with its content on both sides.
pub(crate) fn changed_file(pair: ContentPair) -> ChangedFile {
    ChangedFile {
        path: String::from_utf8_lossy(&pair.path).into_owned(),
        before: pair.before.map(|side| side.bytes),
        after: pair.after.map(|side| side.bytes),
    }
}
