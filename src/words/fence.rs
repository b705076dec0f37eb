//! Code fences of Markdown that the text between them cannot close.

/// Returns a code block in `language` that shows the text unchanged.
#[must_use]
pub fn fence(language: &str, text: &str) -> String {
    let fence = backticks(text, 3);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Returns a row of backticks that is longer than every row in the text, and at least `min_length` long.
#[must_use]
pub fn backticks(text: &str, min_length: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(min_length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_any_row_of_backticks_in_it() {
        assert_eq!(fence("text", "a"), "```text\na\n```");
        assert_eq!(fence("diff", "x\n````\ny"), "`````diff\nx\n````\ny\n`````");
        assert_eq!(backticks("a``b`", 1), "```");
    }
}
