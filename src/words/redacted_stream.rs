//! Masks secrets in a text that comes in pieces, so that it does not matter where the pieces end.
//!
//! No secret but a private key goes across lines, so a piece waits until its line is whole. A line that does not end is
//! masked in windows that overlap. A private key is masked line by line, as long as its lines look like a key.

use super::redactor::{MASK, Redactor};

/// A longer line is masked in windows of this size.
const WINDOW: usize = 64 * 1024;
/// How much of a window is looked at again with the next one: more than the longest secret.
const OVERLAP: usize = 8 * 1024;

const BEGIN: &[u8] = b"-----BEGIN";
const KEY: &[u8] = b"PRIVATE KEY";
const END: &[u8] = b"-----END";

/// A text that is being masked.
#[derive(Debug)]
pub(crate) struct RedactedStream {
    redactor: Redactor,
    /// What came and is not masked yet: the beginning of a line.
    pending: Vec<u8>,
    /// How many bytes at its beginning were looked at, and have no line end.
    searched: usize,
    is_in_key: bool,
}

impl Redactor {
    /// Returns the text without its secrets.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut masked = stream.take(text.as_bytes());
        masked.extend(stream.finish());
        // A mask replaces whole characters only: a secret of a known form is ASCII, and a known value is a text.
        String::from_utf8(masked)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Begins a text that comes in pieces.
    pub(crate) fn stream(&self) -> RedactedStream {
        RedactedStream::new(self.clone())
    }
}

impl RedactedStream {
    fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            pending: Vec::new(),
            searched: 0,
            is_in_key: false,
        }
    }

    /// Takes the next piece, and returns what is masked by now.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let mut out = Vec::with_capacity(self.pending.len());
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        let mut searched = self.searched;
        loop {
            let whole = whole_lines(rest, searched);
            searched = 0;
            if whole > 0 {
                self.mask_lines(&rest[..whole], &mut out);
                rest = &rest[whole..];
            } else if rest.len() >= WINDOW {
                let masked = self.mask_window(&rest[..WINDOW], &mut out);
                rest = &rest[masked..];
            } else {
                break;
            }
        }
        self.searched = rest.len();
        self.pending = rest.to_vec();
        out
    }

    /// Returns the rest of the text.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.mask_lines(&rest, &mut out);
        }
        out
    }

    /// Masks whole lines.
    fn mask_lines(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        let has = |text| memchr::memmem::find(lines, text).is_some();
        if !(self.is_in_key || has(BEGIN) && has(KEY)) {
            return mask(lines, &self.redactor.find(lines), out);
        }
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.mask_line(line, out);
        }
    }

    fn mask_line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if self.is_in_key && is_of_a_key(line) {
            out.extend_from_slice(MASK.as_bytes());
            if line.ends_with(b"\n") {
                out.push(b'\n');
            }
            return;
        }
        mask(line, &self.redactor.find(line), out);
        self.is_in_key = begins_a_key(line);
    }

    /// Masks the beginning of a line without an end, and returns how much of it is masked.
    fn mask_window(&mut self, window: &[u8], out: &mut Vec<u8>) -> usize {
        let places = self.redactor.find(window);
        let cut = window.len() - OVERLAP;
        // A secret that the cut would divide is masked as far as it is seen.
        let across = places.iter().find(|place| place.contains(&cut));
        let end = across.map_or(cut, |place| place.end);
        let inside: Vec<_> = places.into_iter().filter(|it| it.end <= end).collect();
        mask(&window[..end], &inside, out);
        self.is_in_key = false;
        end
    }
}

/// Returns the length of the lines that are whole and no longer than a window. The first `searched` bytes have no line
/// end.
fn whole_lines(text: &[u8], searched: usize) -> usize {
    let Some(first) = memchr::memchr(b'\n', &text[searched..]) else {
        return 0;
    };
    let mut end = searched + first + 1;
    if end > WINDOW {
        return 0;
    }
    while let Some(next) = memchr::memchr(b'\n', &text[end..]) {
        if next + 1 > WINDOW {
            break;
        }
        end += next + 1;
    }
    end
}

fn mask(text: &[u8], places: &[std::ops::Range<usize>], out: &mut Vec<u8>) {
    let mut from = 0;
    for place in places {
        out.extend_from_slice(&text[from..place.start]);
        out.extend_from_slice(MASK.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(&text[from..]);
}

/// Checks whether a private key goes on after this line.
fn begins_a_key(line: &[u8]) -> bool {
    let Some(begin) = memchr::memmem::rfind(line, BEGIN) else {
        return false;
    };
    let after = &line[begin..];
    memchr::memmem::find(after, KEY).is_some() && memchr::memmem::find(after, END).is_none()
}

/// Checks whether a line after the beginning of a private key belongs to it: its letters, a header, or nothing.
fn is_of_a_key(line: &[u8]) -> bool {
    let is_around = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`+,;|>\\".contains(byte);
    let begin = line.iter().position(|byte| !is_around(byte));
    let Some(begin) = begin else {
        return true;
    };
    let end = line.iter().rposition(|byte| !is_around(byte));
    let text = &line[begin..=end.unwrap_or(begin)];
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\\".contains(byte);
    let headers: [&[u8]; 5] = [
        b"Proc-Type:",
        b"DEK-Info:",
        b"Version:",
        b"Comment:",
        b"Hash:",
    ];
    text.iter().all(is_letter) || headers.iter().any(|header| text.starts_with(header))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    const VALUE: &str = "correct horse";

    fn masked<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut stream = Redactor::knowing([SecretString::from(VALUE)]).stream();
        let mut out = Vec::new();
        for piece in pieces {
            out.extend(stream.take(piece));
        }
        out.extend(stream.finish());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_private_key_is_masked_and_what_follows_is_not() {
        let key = "-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEvQ+/\nAbc=\n\
                   -----END PRIVATE KEY-----\nok\n";
        assert_eq!(
            masked([key.as_bytes()]),
            "-----BEGIN PRIVATE KEY-----\n***\n***\n***\n***\n-----END PRIVATE KEY-----\nok\n"
        );
        let cut = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nThe end is missing.\nMIIEvQ\n";
        assert!(masked([cut.as_bytes()]).ends_with("***\nThe end is missing.\nMIIEvQ\n"));
    }

    #[test]
    fn an_endless_line_is_masked_also_where_windows_meet() {
        for at in (WINDOW - OVERLAP - 20..WINDOW - OVERLAP + 5).chain(WINDOW - 20..WINDOW + 5) {
            let text = format!("{}{VALUE}{}", "x".repeat(at), "y".repeat(3 * WINDOW));
            let out = masked(text.as_bytes().chunks(10_000));
            assert!(!out.contains("horse") && out.contains("x***y"), "{at}");
        }
    }

    /// Pieces of a text that are likely to make trouble together.
    fn text() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just(VALUE.to_owned()),
            Just("correct ".to_owned()),
            Just("-----BEGIN PRIVATE KEY-----".to_owned()),
            Just("-----END PRIVATE KEY-----".to_owned()),
            Just("postgres://app:s3cr3t-pw@db/x".to_owned()),
            Just("DB_PASSWORD=a1b2c3d4e5f6".to_owned()),
            Just("token: \"a1b2c3d4e5f6\"".to_owned()),
            Just("\n".to_owned()),
            Just("\u{e9}\r\n".to_owned()),
            "[a-zA-Z0-9+/=]{1,70}",
            any::<String>(),
        ];
        proptest::collection::vec(part, 0..20).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_pieces_end(text in text(), size in 1_usize..40) {
            let whole = masked([text.as_bytes()]);
            prop_assert_eq!(&masked(text.as_bytes().chunks(size)), &whole);
            prop_assert!(!whole.contains(VALUE) && !whole.contains("s3cr3t-pw"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn nor_where_they_end_in_a_long_line(at in 0_usize..2 * WINDOW, size in 1_000_usize..90_000) {
            let text = format!("{}{VALUE}{}\n{VALUE}", "x".repeat(at), "y".repeat(2 * WINDOW - at));
            let whole = masked([text.as_bytes()]);
            prop_assert_eq!(&masked(text.as_bytes().chunks(size)), &whole);
            prop_assert!(!whole.contains(VALUE));
        }
    }
}
