//! Globs that a person, a plan or a settings file gives.

use crate::plan::select::Selection;

/// Reads globs, a line each; the first line is the folder of the person, the second a path. The patterns that are kept
/// select the same path when they are read again at the root.
pub fn globs(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let (Some(prefix), Some(path)) = (lines.next(), lines.next()) else {
        return;
    };
    let globs: Vec<String> = lines.map(str::to_owned).collect();
    // git prints the folder without a slash at its ends, without `.` and without `..`.
    let is_folder = |part: &str| !matches!(part, "" | "." | "..");
    if !prefix.is_empty() && !prefix.split('/').all(is_folder) {
        return;
    }
    let Ok(selection) = Selection::parse(&globs, prefix) else {
        return;
    };
    let again = Selection::parse(selection.patterns(), "").expect("patterns that were accepted");
    for path in [path, "src/a.js", "a b"] {
        assert_eq!(
            selection.matches(path),
            again.matches(path),
            "{path:?} by {globs:?} in {prefix:?}, kept as {:?}",
            selection.patterns()
        );
    }
}
