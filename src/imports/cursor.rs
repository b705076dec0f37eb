//! A position in a text, and the lexical steps that the readers of all languages share.
//!
//! Works on bytes, because not every text is UTF-8. A byte outside ASCII counts as part of a word.

use memchr::{memchr, memmem};

/// A position in a text. No step goes beyond the end, where the next byte reads as 0.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// Returns the next byte.
    pub(super) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    /// Returns the byte `distance` bytes ahead.
    pub(super) fn peek_at(&self, distance: usize) -> u8 {
        self.text.get(self.at + distance).copied().unwrap_or(0)
    }

    /// Returns the byte before this position.
    pub(super) fn previous(&self) -> u8 {
        match self.at {
            0 => 0,
            at => self.text[at - 1],
        }
    }

    /// Returns the text between an earlier position and this one.
    pub(super) fn since(&self, earlier: &Self) -> &'a [u8] {
        &self.text[earlier.at..self.at]
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.text.len());
    }

    /// Skips `expected` if it comes next, and returns whether it did.
    pub(super) fn eat(&mut self, expected: &[u8]) -> bool {
        let comes_next = self.rest().starts_with(expected);
        if comes_next {
            self.at += expected.len();
        }
        comes_next
    }

    /// Skips `word` if it comes next as a whole word, and returns whether it did.
    pub(super) fn eat_word(&mut self, word: &[u8]) -> bool {
        let comes_next = self.rest().starts_with(word) && !is_word(self.peek_at(word.len()));
        if comes_next {
            self.at += word.len();
        }
        comes_next
    }

    /// Reads a word, which may be empty.
    pub(super) fn word(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = rest
            .iter()
            .position(|&byte| !is_word(byte))
            .unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// Skips to the end of the line, before its newline.
    pub(super) fn skip_line(&mut self) {
        self.at = memchr(b'\n', self.rest()).map_or(self.text.len(), |at| self.at + at);
    }

    /// Skips to behind the next `end`, or to the end of the text.
    pub(super) fn skip_past(&mut self, end: &[u8]) {
        self.at =
            memmem::find(self.rest(), end).map_or(self.text.len(), |at| self.at + at + end.len());
    }

    /// Skips blanks, but not newlines.
    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\x0c') {
            self.at += 1;
        }
    }

    /// Skips blanks, newlines and C comments.
    pub(super) fn skip_space(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => self.at += 1,
                b'/' if matches!(self.peek_at(1), b'/' | b'*') => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// Skips a C comment that begins here.
    pub(super) fn skip_comment(&mut self) {
        if self.peek_at(1) == b'/' {
            self.skip_line();
        } else {
            self.skip(2);
            self.skip_past(b"*/");
        }
    }

    /// Skips blanks, newlines and comments, where comments nest.
    pub(super) fn skip_nested_space(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => self.at += 1,
                b'/' if self.peek_at(1) == b'/' => self.skip_line(),
                b'/' if self.peek_at(1) == b'*' => self.skip_nested_comment(),
                _ => return,
            }
        }
    }

    /// Skips a comment that begins here, where comments nest.
    pub(super) fn skip_nested_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.is_at_end() {
            if self.eat(b"/*") {
                depth += 1;
            } else if self.eat(b"*/") {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
    }

    /// Reads a one-line literal that begins here with its quote, and returns its raw content. When the line ends first,
    /// skips the quote only and returns `None`.
    pub(super) fn quoted(&mut self) -> Option<&'a [u8]> {
        let quote = self.peek();
        self.at = (self.at + 1).min(self.text.len());
        let rest = self.rest();
        let mut at = 0;
        while at < rest.len() {
            match rest[at] {
                // A backslash may continue the line.
                b'\\' if rest[at + 1..].starts_with(b"\r\n") => at += 3,
                b'\\' => at += 2,
                b'\n' => return None,
                byte if byte == quote => {
                    self.at += at + 1;
                    return Some(&rest[..at]);
                }
                _ => at += 1,
            }
        }
        None
    }

    /// Skips the rest of a literal that may span lines, behind its opening quote.
    pub(super) fn skip_to_quote(&mut self, quote: u8) {
        while !self.is_at_end() {
            let byte = self.peek();
            self.skip(if byte == b'\\' { 2 } else { 1 });
            if byte == quote {
                return;
            }
        }
    }

    /// Skips from an opening bracket to behind the bracket that closes it; brackets in C strings and comments do not
    /// count.
    pub(super) fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while !self.is_at_end() {
            match self.peek() {
                b'/' if matches!(self.peek_at(1), b'/' | b'*') => {
                    self.skip_comment();
                    continue;
                }
                b'"' | b'\'' => {
                    self.quoted();
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

/// Checks whether a byte is part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Returns a name as text, or an empty text if it is not UTF-8: such a name cannot refer to a file.
pub(super) fn text(name: &[u8]) -> &str {
    str::from_utf8(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_ends_on_its_line_unless_a_backslash_continues_it() {
        let read = |text: &'static str| {
            let mut cursor = Cursor::new(text.as_bytes());
            (cursor.quoted().map(super::text), super::text(cursor.rest()))
        };
        assert_eq!(read("'a' b"), (Some("a"), " b"));
        assert_eq!(read(r#""a\"b" c"#), (Some(r#"a\"b"#), " c"));
        assert_eq!(read("'don\nt'"), (None, "don\nt'"));
        assert_eq!(read("'a\\\nb' c"), (Some("a\\\nb"), " c"));
        assert_eq!(read("'a\\\r\nb' c"), (Some("a\\\r\nb"), " c"));
        assert_eq!(read("'"), (None, ""));
        assert_eq!(read("'\\"), (None, "\\"));
    }

    #[test]
    fn a_group_is_closed_by_its_own_bracket() {
        let mut cursor = Cursor::new(b"(a [b] ')' /* ) */ \"(\" {)}) c");
        cursor.skip_group();
        assert_eq!(text(cursor.rest()), ") c");
        let mut open = Cursor::new(b"((a)");
        open.skip_group();
        assert!(open.is_at_end());
    }
}
