//! Writes the output of a child to a log: the beginning up to a limit, and the end from a small window in memory, so
//! that no output, however long, fills the disk or the memory. Secrets are masked.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;

use crate::words::{RedactedStream, Redactor};

const WINDOW: usize = 16 * 1024;
const TAIL_BYTES: usize = 4 * 1024;
const TAIL_LINES: usize = 40;

/// An open log.
#[derive(Debug)]
pub(super) struct Recorder {
    log: File,
    redacted: RedactedStream,
    /// The number of bytes from the beginning of the output that go to the log.
    head: u64,
    total: u64,
    /// The last bytes of the output: at least `WINDOW`, at most twice that.
    recent: Vec<u8>,
}

/// A complete output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RecordedOutput {
    pub tail: String,
    pub bytes: u64,
    pub truncated: bool,
}

impl Recorder {
    pub(super) fn create(path: &Path, head: u64, redactor: &Redactor) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // A link in place of the log would have another file overwritten.
        if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
            fs::remove_file(path)?;
        }
        let log = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .custom_flags(nix::libc::O_NOFOLLOW)
            .open(path)?;
        Ok(Self {
            log,
            redacted: redactor.stream(),
            head,
            total: 0,
            recent: Vec::new(),
        })
    }

    /// Records everything until the last writer has closed the pipe, and notifies `activity` of every read. May be
    /// dropped and called again.
    pub(super) async fn drain(&mut self, pipe: &mut Receiver, activity: &Notify) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match pipe.read(&mut buffer).await? {
                0 => return Ok(()),
                // This write blocks: it slows down a child that writes faster than the disk.
                read => self.take(&buffer[..read])?,
            }
            activity.notify_one();
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let masked = self.redacted.take(bytes);
        self.write(&masked)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = usize::try_from(self.head.saturating_sub(self.total)).unwrap_or(usize::MAX);
        self.log.write_all(&bytes[..left.min(bytes.len())])?;
        self.total += bytes.len() as u64;
        self.recent.extend_from_slice(bytes);
        if self.recent.len() > 2 * WINDOW {
            self.recent.drain(..self.recent.len() - WINDOW);
        }
        Ok(())
    }

    /// Completes the log: writes the end of an output beyond the limit, after a line with the number of missing bytes.
    pub(super) fn finish(mut self) -> io::Result<RecordedOutput> {
        let rest = self.redacted.finish();
        self.write(&rest)?;
        let beyond = self.total.saturating_sub(self.head);
        let last = usize::try_from(beyond)
            .unwrap_or(usize::MAX)
            .min(self.recent.len());
        let cut = beyond - last as u64;
        if cut > 0 {
            write!(self.log, "\n[{cut} bytes of output left out here]\n")?;
        }
        self.log
            .write_all(&self.recent[self.recent.len() - last..])?;
        let is_whole = self.total == self.recent.len() as u64;
        let recent = if is_whole {
            &self.recent
        } else {
            // The window may begin in the middle of a line, a character or an escape sequence.
            after_first_line(&self.recent)
        };
        Ok(RecordedOutput {
            tail: tail(recent),
            bytes: self.total,
            truncated: cut > 0,
        })
    }
}

/// Returns the text behind the first line end, or the whole text without one.
fn after_first_line(text: &[u8]) -> &[u8] {
    let line_end = text.iter().position(|&byte| byte == b'\n');
    line_end.map_or(text, |at| &text[at + 1..])
}

/// Returns the last lines as plain text: without escape sequences and control characters, and with only the last state
/// of a redrawn line.
fn tail(recent: &[u8]) -> String {
    let text = String::from_utf8_lossy(recent);
    let plain = console::strip_ansi_codes(&text);
    let mut kept: Vec<String> = Vec::new();
    let mut left = TAIL_BYTES;
    for line in plain.lines().rev().take(TAIL_LINES) {
        let line = line.trim_end_matches('\r');
        let shown = line.rsplit('\r').next().unwrap_or(line);
        let clean: String = shown
            .chars()
            .filter(|&c| c == '\t' || !c.is_control())
            .collect();
        if clean.len() >= left {
            let cut = clean.len() - left;
            let cut = (cut..clean.len()).find(|&at| clean.is_char_boundary(at));
            kept.push(clean[cut.unwrap_or(clean.len())..].to_owned());
            break;
        }
        left -= clean.len() + 1;
        kept.push(clean);
    }
    kept.reverse();
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(head: u64, chunks: &[&[u8]]) -> io::Result<(String, RecordedOutput)> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("deep/er/log");
        let mut recorder = Recorder::create(&path, head, &Redactor::default())?;
        for chunk in chunks {
            recorder.take(chunk)?;
        }
        let output = recorder.finish()?;
        Ok((
            String::from_utf8_lossy(&fs::read(path)?).into_owned(),
            output,
        ))
    }

    #[test]
    fn a_short_output_is_kept_whole() -> io::Result<()> {
        let (log, recorded) = record(100, &[b"one\n", b"two\n"])?;
        assert_eq!(log, "one\ntwo\n");
        assert_eq!(recorded.tail, "one\ntwo");
        assert_eq!((recorded.bytes, recorded.truncated), (8, false));
        Ok(())
    }

    #[test]
    fn an_output_slightly_over_the_limit_is_kept_whole() -> io::Result<()> {
        let (log, recorded) = record(5, &[b"one\ntwo\nthree\n"])?;
        assert_eq!(log, "one\ntwo\nthree\n");
        assert!(!recorded.truncated);
        Ok(())
    }

    #[test]
    fn a_long_output_keeps_both_ends_and_counts_the_missing_bytes() -> io::Result<()> {
        let middle = b"middle\n".repeat(20_000);
        let (log, recorded) = record(6, &[b"begin\n", &middle, b"end\n"])?;
        assert!(log.starts_with("begin\n\n["), "{}", &log[..80]);
        assert!(log.contains("bytes of output left out here]\n"));
        assert!(log.ends_with("middle\nend\n"));
        assert!(log.len() < 3 * WINDOW);
        assert!(recorded.truncated);
        assert_eq!(recorded.bytes, 6 + 140_000 + 4);
        assert!(recorded.tail.ends_with("middle\nend"));
        assert_eq!(recorded.tail.lines().count(), TAIL_LINES);
        Ok(())
    }

    #[test]
    fn the_tail_is_plain_text() {
        let raw = b"\x1b[31mred\x1b[0m\r\n10%\r50%\r100%\nbell\x07 \xff tab\t.\n";
        assert_eq!(tail(raw), "red\n100%\nbell \u{fffd} tab\t.");
    }

    #[test]
    fn one_endless_line_is_cut_between_characters() {
        let line = "é".repeat(TAIL_BYTES);
        let shown = tail(format!("x{line}").as_bytes());
        assert!(shown.len() <= TAIL_BYTES && shown.chars().all(|c| c == 'é'));
    }
}
