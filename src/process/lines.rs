//! A child's standard output, line by line, for somebody who acts on it while the child runs. Kept on disk like every
//! output; a reader that is slow holds the child back.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{Notify, mpsc};

use super::recorder::Recorder;

/// A longer line is kept on disk, but nobody is told of it.
const LONGEST: usize = 16 * 1024 * 1024;

/// Where the lines of standard output go.
#[derive(Debug, Clone)]
pub struct Lines {
    /// A file that keeps them. Replaced when it exists.
    pub kept: PathBuf,
    pub to: mpsc::Sender<String>,
}

/// The lines being read.
#[derive(Debug)]
pub(super) struct LineReader {
    recorder: Recorder,
    pipe: Receiver,
    splitter: Splitter,
    ready: VecDeque<String>,
    to: mpsc::Sender<String>,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
struct Splitter {
    /// The beginning of a line whose end was not read yet.
    begun: Vec<u8>,
    /// That line is longer than anybody wants.
    too_long: bool,
}

impl LineReader {
    pub(super) fn new(lines: &Lines, pipe: Receiver, head: u64) -> io::Result<Self> {
        Ok(Self {
            recorder: Recorder::create(&lines.kept, head)?,
            pipe,
            splitter: Splitter::default(),
            ready: VecDeque::new(),
            to: lines.to.clone(),
        })
    }

    /// Completes what is kept.
    pub(super) fn finish(self) -> io::Result<()> {
        self.recorder.finish().map(drop)
    }

    /// Passes on everything until the last writer has closed the pipe, and tells `heard` each time there is something. May
    /// be dropped and called again.
    pub(super) async fn drain(&mut self, heard: &Notify) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            while !self.ready.is_empty() {
                match self.to.reserve().await {
                    Ok(permit) => {
                        if let Some(line) = self.ready.pop_front() {
                            permit.send(line);
                        }
                    }
                    // Nobody listens any more; what comes is still kept.
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
                    heard.notify_one();
                }
            }
        }
    }
}

impl Splitter {
    fn take(&mut self, bytes: &[u8], ready: &mut VecDeque<String>) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.begun.len() + part.len() > LONGEST {
                self.too_long = true;
                self.begun = Vec::new();
            }
            if !self.too_long {
                self.begun.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                ready.extend(self.line());
            }
        }
    }

    /// The line as far as it was read.
    fn line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.begun);
        let is_line = !std::mem::take(&mut self.too_long);
        is_line.then(|| String::from_utf8_lossy(&line).into_owned())
    }

    /// The last line, where it has no end of its own.
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
    fn a_line_without_end_is_passed_over_and_the_next_is_not() {
        let long = vec![b'x'; LONGEST];
        assert_eq!(split([&b"a\n"[..], &long, b"x", b"x\nb\n"]), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_they_arrive(
            text in "[ab\u{e9}\n]{0,40}",
            size in 1_usize..9,
        ) {
            let lines: Vec<&str> = text.lines().collect();
            prop_assert_eq!(split(text.as_bytes().chunks(size)), lines);
        }
    }
}
