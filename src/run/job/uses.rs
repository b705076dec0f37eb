//! Counts the uses of the old code that a tree holds in claimed files. The count comes from the files, not from what
//! agents say.

use crate::codemod::{CodemodError, OldUseCounter};
use crate::git::Reader;
use crate::run::log::unit_fact::OldUsesLeft;

/// A fact names at most so many files.
const FILES_NAMED: usize = 20;

/// Counts the uses in these files; `None` where one of them cannot be parsed, which is a matter for people.
pub(crate) fn in_tree(
    pattern: &OldUseCounter,
    reader: &Reader,
    files: &[String],
) -> Option<OldUsesLeft> {
    let mut uses = OldUsesLeft::default();
    for path in files {
        let found = in_file(pattern, reader, path)
            .inspect_err(|error| tracing::warn!("what is left could not be counted: {error}"))
            .ok()?;
        uses.left += found;
        if found > 0 && uses.files.len() < FILES_NAMED {
            uses.files.push(path.clone());
        }
    }
    Some(uses)
}

/// Counts the uses in a file. A deleted file holds none.
pub(crate) fn in_file(
    pattern: &OldUseCounter,
    reader: &Reader,
    path: &str,
) -> Result<usize, CodemodError> {
    match reader.text(path) {
        Some(text) => pattern.count(path, &text),
        None => Ok(0),
    }
}
