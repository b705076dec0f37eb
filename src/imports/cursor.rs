//! A place in a text, and the steps that the readers of all languages take from there.
//!
//! Over bytes, because not every text is UTF-8; a letter outside of ASCII counts as part of a word.

use memchr::{memchr, memmem};

/// A place in a text. No step goes beyond the end; there, the next byte is 0.
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

    /// The next byte.
    pub(super) fn peek(&self) -> u8 {
        self.ahead(0)
    }

    /// The byte that many places further.
    pub(super) fn ahead(&self, places: usize) -> u8 {
        self.text.get(self.at + places).copied().unwrap_or(0)
    }

    /// The byte before this place.
    pub(super) fn before(&self) -> u8 {
        match self.at {
            0 => 0,
            at => self.text[at - 1],
        }
    }

    /// What lies between an earlier place and this one.
    pub(super) fn since(&self, earlier: &Self) -> &'a [u8] {
        &self.text[earlier.at..self.at]
    }

    pub(super) fn skip(&mut self, places: usize) {
        self.at = (self.at + places).min(self.text.len());
    }

    /// Goes past `what` if it comes next.
    pub(super) fn eat(&mut self, what: &[u8]) -> bool {
        let comes = self.rest().starts_with(what);
        if comes {
            self.at += what.len();
        }
        comes
    }

    /// Goes past `word` if it comes next and nothing is joined to it.
    pub(super) fn eat_word(&mut self, word: &[u8]) -> bool {
        let comes = self.rest().starts_with(word) && !is_word(self.ahead(word.len()));
        if comes {
            self.at += word.len();
        }
        comes
    }

    /// Goes past a word, which may be empty.
    pub(super) fn word(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let len = rest
            .iter()
            .position(|&byte| !is_word(byte))
            .unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// Goes to the end of the line, before its newline.
    pub(super) fn skip_line(&mut self) {
        self.at = memchr(b'\n', self.rest()).map_or(self.text.len(), |at| self.at + at);
    }

    /// Goes past the next `end`, or to the end of the text.
    pub(super) fn skip_past(&mut self, end: &[u8]) {
        self.at =
            memmem::find(self.rest(), end).map_or(self.text.len(), |at| self.at + at + end.len());
    }

    /// Goes past blanks, but not newlines.
    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\x0c') {
            self.at += 1;
        }
    }

    /// Goes past blanks, newlines and comments as C has them.
    pub(super) fn skip_space(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => self.at += 1,
                b'/' if matches!(self.ahead(1), b'/' | b'*') => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// Goes past a comment as C has them, which begins here.
    pub(super) fn skip_comment(&mut self) {
        if self.ahead(1) == b'/' {
            self.skip_line();
        } else {
            self.skip(2);
            self.skip_past(b"*/");
        }
    }

    /// Goes past blanks, newlines and comments, where comments may stand in comments.
    pub(super) fn skip_nested_space(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => self.at += 1,
                b'/' if self.ahead(1) == b'/' => self.skip_line(),
                b'/' if self.ahead(1) == b'*' => self.skip_nested_comment(),
                _ => return,
            }
        }
    }

    /// Goes past a comment that begins here and may hold others.
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

    /// Goes past a literal on one line that begins here with its quote, and gives what is in it as it stands there.
    /// Where the line ends first, it is none: only the quote is passed.
    pub(super) fn quoted(&mut self) -> Option<&'a [u8]> {
        let quote = self.peek();
        self.at = (self.at + 1).min(self.text.len());
        let rest = self.rest();
        let mut at = 0;
        while at < rest.len() {
            match rest[at] {
                // A line may go on after a backslash.
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

    /// Goes past a literal that may go over many lines, of which the opening quote is passed already.
    pub(super) fn skip_quoted(&mut self, quote: u8) {
        while !self.is_at_end() {
            let byte = self.peek();
            self.skip(if byte == b'\\' { 2 } else { 1 });
            if byte == quote {
                return;
            }
        }
    }

    /// Goes past a bracket that opens here and all up to the one that closes it, over C's strings and comments.
    pub(super) fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while !self.is_at_end() {
            match self.peek() {
                b'/' if matches!(self.ahead(1), b'/' | b'*') => {
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

/// Whether a byte is part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The text of a name; nothing where it is not UTF-8, as no file can be meant by it.
pub(super) fn text(name: &[u8]) -> &str {
    str::from_utf8(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_ends_on_its_line_unless_the_line_goes_on() {
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
