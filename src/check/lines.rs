//! Reads what a program printed, line by line, as plain text.

use std::io::{self, BufRead, Read};

/// Longer lines are cut. Only a JSON report, which is one line, comes near this size.
const LINE_LIMIT: u64 = 16 * 1024 * 1024;

/// Passes on each line without escape sequences.
pub(super) fn each_line(mut output: impl BufRead, mut take: impl FnMut(&str)) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut part = output.by_ref().take(LINE_LIMIT);
        if part.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        take(&console::strip_ansi_codes(
            text.trim_end_matches(['\r', '\n']),
        ));
    }
}
