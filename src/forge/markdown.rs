//! Makes texts of others harmless in Markdown, and short enough.
//!
//! Inside code Markdown has no effect: nobody is `@mentioned`, no issue is closed by "fixes #1", no image is loaded.
//! Knows nothing of what the texts are about.

use crate::words;

/// The width beyond which a block of code scrolls sideways.
const WIDTH: usize = 100;

/// A cut falls before a word unless that removes more than this, in bytes.
const WORD: usize = 20;

/// Returns at most `limit` characters; an ellipsis shows that there was more.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let Some((end, next)) = text.char_indices().nth(limit.saturating_sub(1)) else {
        return text.to_owned();
    };
    if text[end..].chars().nth(1).is_none() {
        return text.to_owned();
    }
    let kept = &text[..end];
    let whole = match kept.rfind(char::is_whitespace) {
        Some(blank) if !next.is_whitespace() && end - blank <= WORD => &kept[..blank],
        _ => kept,
    };
    format!("{}…", whole.trim_end())
}

pub(super) fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Removes control characters and those that hide or reorder text: no forge shows them, and a commit message may not
/// contain all of them.
pub(super) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control() && !words::is_invisible(*c))
        .collect()
}

/// Returns a block of code that shows the text as it is, with long lines wrapped.
pub(super) fn fence(text: &str) -> String {
    let text = plain(text);
    let lines: Vec<String> = text.trim().lines().map(wrap).collect();
    words::fence("text", &lines.join("\n"))
}

fn wrap(line: &str) -> String {
    let mut wrapped = String::with_capacity(line.len() + line.len() / WIDTH);
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        let width = word.chars().count();
        if column > 0 && column + width > WIDTH {
            wrapped.truncate(wrapped.trim_end_matches(' ').len());
            wrapped.push('\n');
            column = 0;
        }
        wrapped.push_str(word);
        column += width;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_block() {
        assert_eq!(fence("x\n````\ny"), "`````text\nx\n````\ny\n`````");
        assert_eq!(plain("a\u{202e}b\u{1b}c\r\n\td"), "abc\n\td");
    }

    #[test]
    fn long_lines_wrap_at_blanks_and_long_words_stay_whole() {
        let words = fence(&"word ".repeat(30));
        let lines: Vec<usize> = words.lines().map(str::len).collect();
        assert_eq!(lines, [7, 99, 49, 3]);
        let long = "x".repeat(300);
        assert!(fence(&long).contains(&long));
    }

    #[test]
    fn a_cut_shows_an_ellipsis_and_counts_characters() {
        assert_eq!(shorten("ééé", 3), "ééé");
        assert_eq!(shorten("é ééé", 3), "é…");
        assert_eq!(shorten("one two three", 10), "one two…");
        assert_eq!(shorten("one two three", 8), "one two…");
        let word = "x".repeat(30);
        assert_eq!(shorten(&format!("a {word}"), 30).chars().count(), 30);
    }
}
