//! The lines that a program prints beside its own language: a question to a person, a notice of an update, a crash.
//! Where the program ends without working, they say why.

use std::collections::VecDeque;

use crate::words;

/// So many of the last lines are kept.
const LINES: usize = 20;
/// Each line is kept up to so many characters.
const CHARS: usize = 400;

/// The last lines that a program printed beside its own language.
#[derive(Debug, Default)]
pub(super) struct PrintedLines {
    lines: VecDeque<String>,
    /// The program printed at least one line in its own language.
    is_understood: bool,
}

impl PrintedLines {
    /// Takes in a line of a program that prints JSON objects, and returns its text where it is none.
    pub(super) fn take(&mut self, line: &str) -> Option<String> {
        if line.trim_start().starts_with('{') {
            self.is_understood = true;
            return None;
        }
        let text: String = words::line(line).chars().take(CHARS).collect();
        if text.is_empty() {
            return None;
        }
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(text.clone());
        Some(text)
    }

    /// Returns the lines, where the program printed nothing in its own language.
    pub(super) fn alone(&self) -> Option<String> {
        (!self.is_understood && !self.lines.is_empty()).then(|| self.text())
    }

    /// Puts the lines before the last lines of the program's error output.
    pub(super) fn before(&self, tail: &str) -> String {
        let mut text = self.text();
        if !text.is_empty() && !tail.is_empty() {
            text.push('\n');
        }
        text + tail
    }

    fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(lines: &[&str]) -> PrintedLines {
        let mut printed = PrintedLines::default();
        for line in lines {
            printed.take(line);
        }
        printed
    }

    #[test]
    fn the_last_lines_beside_the_programs_language_are_kept() {
        let it = printed(&["\u{1b}[1mTrust this folder?\u{1b}[0m", "", " 1. Yes"]);
        assert_eq!(it.alone().as_deref(), Some("Trust this folder?\n1. Yes"));
        assert_eq!(
            it.before("warning: x"),
            "Trust this folder?\n1. Yes\nwarning: x"
        );
        let spoken = printed(&["a notice", r#"{"type":"result"}"#]);
        assert_eq!(
            (spoken.alone(), spoken.before("")),
            (None, "a notice".into())
        );
        let many = vec!["x"; 3 * LINES];
        assert_eq!(printed(&many).before("").lines().count(), LINES);
    }
}
