//! Shows a patch to a person: nothing in it moves the cursor, and its lines have the colours that git gives them.

use crate::words;

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// Returns the patch as a text, with control characters shown as `^[`.
pub(super) fn shown(patch: &[u8]) -> String {
    let text = words::visible(patch);
    if !console::colors_enabled() {
        return text;
    }
    let mut is_in_hunk = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let end = line.trim_end_matches('\n').len();
        let (line, end) = line.split_at(end);
        if line.starts_with("diff --git ") {
            is_in_hunk = false;
        } else if line.starts_with("@@ ") {
            is_in_hunk = true;
        }
        let code = match line.as_bytes().first() {
            _ if !is_in_hunk => BOLD,
            Some(b'@') => CYAN,
            Some(b'+') => GREEN,
            Some(b'-') => RED,
            _ => return format!("{line}{end}"),
        };
        format!("\u{1b}[{code}m{line}\u{1b}[m{end}")
    });
    lines.collect()
}
