//! Texts with secrets, in pieces.

use secrecy::SecretString;

use crate::words::Redactor;

/// A value that the redactor knows.
const VALUE: &str = "correct horse";

/// A byte that stands for a long piece of a line, so that a short input reaches the windows of long lines.
const LONG: u8 = 0x01;

/// A byte that stands for the known value.
const KNOWN: u8 = 0x02;

/// Masks a text. The first byte says how large the pieces are. Masking the pieces gives the same as masking the text in
/// one, and the known value is nowhere.
pub fn redactor(input: &[u8]) {
    let Some((size, text)) = input.split_first() else {
        return;
    };
    let text = expanded(text);
    let redactor = Redactor::knowing([SecretString::from(VALUE)]);
    let mut stream = redactor.stream();
    let mut whole = stream.take(&text);
    whole.extend(stream.finish());
    assert!(
        memchr::memmem::find(&whole, VALUE.as_bytes()).is_none(),
        "the value is left"
    );
    let size = match size {
        0 => 1,
        // Large pieces that end near the ends of windows.
        200.. => 64 * 1024 - 228 + usize::from(*size),
        size => usize::from(*size),
    };
    // Many small pieces of a long text take long and show nothing new.
    let size = size.max(text.len() / 2_000);
    let mut stream = redactor.stream();
    let mut pieces = Vec::with_capacity(whole.len());
    for piece in text.chunks(size) {
        pieces.extend(stream.take(piece));
    }
    pieces.extend(stream.finish());
    assert!(
        pieces == whole,
        "pieces of {size} bytes give {:?} instead of {:?}",
        String::from_utf8_lossy(&pieces),
        String::from_utf8_lossy(&whole)
    );
}

fn expanded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut long = 0;
    for byte in text {
        match *byte {
            // Four of them make more than two windows.
            LONG if long < 8 => {
                long += 1;
                out.extend(std::iter::repeat_n(b'x', 28 * 1024));
            }
            KNOWN => out.extend_from_slice(VALUE.as_bytes()),
            byte => out.push(byte),
        }
    }
    out
}
