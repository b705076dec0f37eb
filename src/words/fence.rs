//! Markdown's fences, which the text between them must not close.

/// A block of code that shows the text as it is, marked with a language.
#[must_use]
pub fn fence(language: &str, text: &str) -> String {
    let ticks = ticks(text, 3);
    format!("{ticks}{language}\n{text}\n{ticks}")
}

/// So many backticks that the text cannot end what stands between them, but no fewer than `least`.
#[must_use]
pub fn ticks(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_row_of_backticks_in_it() {
        assert_eq!(fence("text", "a"), "```text\na\n```");
        assert_eq!(fence("diff", "x\n````\ny"), "`````diff\nx\n````\ny\n`````");
        assert_eq!(ticks("a``b`", 1), "```");
    }
}
