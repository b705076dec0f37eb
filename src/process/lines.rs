//! Passes on a child's standard output line by line while the child runs, and keeps it on disk like every output. A
//! slow receiver slows the child down.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{Notify, mpsc};

use super::recorder::Recorder;
use crate::words::Redactor;

/// The longest line in bytes that is passed on. A longer line is only kept on disk.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// The destination of the lines of standard output.
#[derive(Debug, Clone)]
pub struct LineSink {
    /// The file that keeps the lines. An existing file is replaced.
    pub file: PathBuf,
    pub sender: mpsc::Sender<String>,
}

/// Reads lines from a pipe, and passes them on.
#[derive(Debug)]
pub(super) struct LineReader {
    recorder: Recorder,
    pipe: Receiver,
    splitter: Splitter,
    ready: VecDeque<String>,
    sender: mpsc::Sender<String>,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
struct Splitter {
    /// The beginning of a line whose end has not been read yet.
    partial: Vec<u8>,
    /// Whether that line is longer than `MAX_LINE`.
    too_long: bool,
}

impl LineReader {
    pub(super) fn new(
        sink: &LineSink,
        pipe: Receiver,
        head: u64,
        redactor: &Redactor,
    ) -> io::Result<Self> {
        Ok(Self {
            recorder: Recorder::create(&sink.file, head, redactor)?,
            pipe,
            splitter: Splitter::default(),
            ready: VecDeque::new(),
            sender: sink.sender.clone(),
        })
    }

    /// Completes the file.
    pub(super) fn finish(self) -> io::Result<()> {
        self.recorder.finish().map(drop)
    }

    /// Passes on everything until the last writer has closed the pipe, and notifies `activity` of every read. May be
    /// dropped and called again.
    pub(super) async fn drain(&mut self, activity: &Notify) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            while !self.ready.is_empty() {
                match self.sender.reserve().await {
                    Ok(permit) => {
                        if let Some(line) = self.ready.pop_front() {
                            permit.send(line);
                        }
                    }
                    // The receiver is gone; the file still gets the lines.
                    Err(_) => self.ready.clear(),
                }
            }
            match self.pipe.read(&mut buffer).await? {
                0 => {
                    self.ready.extend(self.splitter.rest());
                    if self.ready.is_empty() {
                        return Ok(());
                    }
                }
                read => {
                    self.recorder.take(&buffer[..read])?;
                    self.splitter.take(&buffer[..read], &mut self.ready);
                    activity.notify_one();
                }
            }
        }
    }
}

impl Splitter {
    fn take(&mut self, bytes: &[u8], ready: &mut VecDeque<String>) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.partial.len() + part.len() > MAX_LINE {
                self.too_long = true;
                self.partial = Vec::new();
            }
            if !self.too_long {
                self.partial.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                ready.extend(self.line());
            }
        }
    }

    /// Takes the line read so far, unless it is too long.
    fn line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.partial);
        let is_line = !std::mem::take(&mut self.too_long);
        is_line.then(|| String::from_utf8_lossy(&line).into_owned())
    }

    /// Takes the last line if it has no line end.
    fn rest(&mut self) -> Option<String> {
        self.line().filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut splitter, mut ready) = (Splitter::default(), VecDeque::new());
        for chunk in chunks {
            splitter.take(chunk, &mut ready);
        }
        ready.extend(splitter.rest());
        ready.into()
    }

    #[test]
    fn a_too_long_line_is_skipped_alone() {
        let long = vec![b'x'; MAX_LINE];
        assert_eq!(split([&b"a\n"[..], &long, b"x", b"x\nb\n"]), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_sizes_of_reads(
            text in "[ab\u{e9}\n]{0,40}",
            size in 1_usize..9,
        ) {
            let lines: Vec<&str> = text.lines().collect();
            prop_assert_eq!(split(text.as_bytes().chunks(size)), lines);
        }
    }
}
