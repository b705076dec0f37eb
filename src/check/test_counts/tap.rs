//! What TAP says: the plan, and the tests that are skipped.
//! <https://testanything.org/tap-version-14-specification.html>

use super::part::Part;

/// Returns what the line says. Lines of subtests are indented, and their test stands on a line of its own.
pub(super) fn line(line: &str) -> Option<Part> {
    if let Some(rest) = line.strip_prefix("1..") {
        let last = rest.split(' ').next()?;
        return Some(Part::new(last.parse().ok()?, 0));
    }
    let rest = line
        .strip_prefix("ok ")
        .or_else(|| line.strip_prefix("not ok "))?;
    let (_, directive) = rest.split_once("# ")?;
    let directive = directive.to_ascii_lowercase();
    let is_skipped = directive.starts_with("skip") || directive.starts_with("todo");
    is_skipped.then(Part::one_skipped)
}
