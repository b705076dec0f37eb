//! Text from outside as code of Markdown, in which nothing has an effect.

use super::fence::backticks;
use super::sanitize::is_invisible;

/// Returns inline code that shows the text as it is, with line breaks, control characters and invisible characters as
/// escapes.
#[must_use]
pub fn code(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if c.is_control() => line.extend(c.escape_default()),
            '\u{2028}' | '\u{2029}' => line.extend(c.escape_unicode()),
            _ if is_invisible(c) => line.extend(c.escape_unicode()),
            _ => line.push(c),
        }
    }
    let ticks = backticks(&line, 1);
    // CommonMark strips one blank from both ends, and a blank separates inner backticks from the outer ones.
    let pad = if line.is_empty() || line.starts_with(['`', ' ']) || line.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{line}{pad}{ticks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_code() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a\nb\u{7}"), "`a\\nb\\u{7}`");
        assert_eq!(code("a\u{202e}b\u{2028}"), "`a\\u{202e}b\\u{2028}`");
        assert_eq!(code(""), "`  `");
    }
}
