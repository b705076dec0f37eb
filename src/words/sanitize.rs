//! Removes from outside text everything that could move a cursor, change a colour or reverse the reading direction.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Makes the text one safe line: without control characters and escape sequences, and with every run of white space as
/// one blank.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text
        .lines()
        .map(printable)
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Makes the text safe like [`line()`], but keeps its lines and blanks. Blank lines at both ends go, and a tab becomes
/// four blanks.
///
/// A line that was overwritten by carriage returns (a progress bar in a log) keeps only its last state, as on a
/// terminal.
#[must_use]
pub fn block(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let line = line.trim_end_matches('\r');
            let last = line.rsplit('\r').next().unwrap_or(line);
            printable(last).trim_end().to_owned()
        })
        .collect();
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    match (first, last) {
        (Some(first), Some(last)) => lines[first..=last].join("\n"),
        _ => String::new(),
    }
}

/// Makes the lines of a log safe like [`block()`], and keeps all of them.
#[must_use]
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let shown = line.trim_end_matches(['\n', '\r']);
        let last = shown.rsplit('\r').next().unwrap_or(shown);
        out.push_str(&printable(last));
        if line.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// Shows each control character by two letters (`^[` for an escape), and each invisible one by its number. Line ends
/// and tabs stay.
#[must_use]
pub fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid().chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\n' | '\t' => out.push(c),
                '\r' if rest.peek() == Some(&'\n') => out.push(c),
                '\0'..='\x1f' => {
                    out.push('^');
                    out.push(char::from(c as u8 + b'@'));
                }
                '\x7f' => out.push_str("^?"),
                _ if c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}') => {
                    let _ = write!(out, "<U+{:04X}>", u32::from(c));
                }
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "<{byte:02X}>");
        }
    }
    out
}

/// Removes escape sequences as a whole, so that none of their letters stay behind. Takes a single line, because an
/// escape sequence without an end swallows the rest of the text.
fn printable(line: &str) -> String {
    let stripped: Cow<'_, str> = console::strip_ansi_codes(line);
    let mut out = String::with_capacity(stripped.len());
    for c in stripped.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\r' | '\u{2028}' | '\u{2029}' => out.push(' '),
            _ if c.is_control() || is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// Checks for characters that Unicode does not call control characters, but that hide or reorder the text beside them
/// (<https://www.unicode.org/reports/tr9/>, "Trojan Source").
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_removed_as_a_whole() {
        assert_eq!(line("\u{1b}[31mred\u{1b}[0m"), "red");
        assert_eq!(
            line("\u{1b}]8;;https://evil.test\u{7}link\u{1b}]8;;\u{7}"),
            "link"
        );
        assert_eq!(line("a\u{9b}31mb"), "ab");
    }

    #[test]
    fn an_escape_sequence_without_an_end_hides_no_other_line() {
        assert_eq!(block("one\n\u{1b}]0;title\nthree"), "one\n\nthree");
        assert_eq!(line("\u{1b}]0;title\nthree"), "three");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(
            line("  two\r\n words\tand\u{2028}more \n"),
            "two words and more"
        );
    }

    #[test]
    fn the_reading_direction_cannot_be_reversed() {
        assert_eq!(line("ok\u{202e}txt.exe\u{2066}"), "oktxt.exe");
    }

    #[test]
    fn an_overwritten_line_keeps_its_last_state() {
        assert_eq!(block("10%\r50%\r100%\r\ndone\r\n"), "100%\ndone");
    }

    #[test]
    fn a_block_keeps_its_indentation_but_no_blank_ends() {
        assert_eq!(block("\n\n  a\n\n\tb  \n\n"), "  a\n\n    b");
        assert_eq!(block(" \n\u{1b}[0m\n"), "");
    }

    #[test]
    fn a_log_keeps_its_lines_and_loses_its_escapes() {
        assert_eq!(lines("\u{1b}[31mred\r\n\n10%\r20%\nend"), "red\n\n20%\nend");
    }

    #[test]
    fn a_patch_shows_what_it_would_do() {
        let patch = b"+a\tb\r\n+\x1b]0;x\x07\r+\xc2\x9b31m \x9b\xe2\x80\xae\x7f\n";
        assert_eq!(
            visible(patch),
            "+a\tb\r\n+^[]0;x^G^M+<U+009B>31m <9B><U+202E>^?\n"
        );
    }

    proptest! {
        #[test]
        fn no_terminal_is_told_anything(bytes in any::<Vec<u8>>()) {
            let is_safe = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
            let shown = visible(&bytes).replace("\r\n", "\n");
            prop_assert!(shown.chars().all(is_safe));
            let shown = lines(&String::from_utf8_lossy(&bytes));
            prop_assert!(shown.chars().all(is_safe));
        }

        #[test]
        fn no_control_character_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(char::is_control));
            prop_assert!(!block(&text).chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
