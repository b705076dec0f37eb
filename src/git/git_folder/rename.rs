//! Renames what is known of files when somebody has moved the repository.

use std::collections::BTreeMap;
use std::path::Path;

/// Renames the keys that are paths below `from` to the same places below `to`.
pub(super) fn rename_keys<T>(files: &mut BTreeMap<String, T>, from: &str, to: &str) {
    let renamed = std::mem::take(files).into_iter().map(|(path, value)| {
        let inner = Path::new(&path).strip_prefix(from).ok();
        let moved = inner.map(|inner| Path::new(to).join(inner).to_string_lossy().into_owned());
        (moved.unwrap_or(path), value)
    });
    *files = renamed.collect();
}
