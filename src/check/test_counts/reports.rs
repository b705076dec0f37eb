//! What a report in `JUnit`'s XML format says.

use super::part::Part;

/// Counts the tests of a report; `None` where it is none.
pub(super) fn report(text: &str) -> Option<Part> {
    let document = roxmltree::Document::parse(text).ok()?;
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let mut part = Part::default();
    for case in cases {
        if case.children().any(|child| child.has_tag_name("skipped")) {
            part.skipped += 1;
        } else {
            part.ran += 1;
        }
    }
    Some(part)
}
