//! The program while it runs, for tests that talk to it meanwhile. Every wait has an end, so that a program that hangs
//! fails its test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Output, typed_line};

const PATIENCE: Duration = Duration::from_mins(1);

/// Does what may block in a thread of its own; fails when it has not come back after a minute.
#[track_caller]
pub fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = channel();
    thread::spawn(move || done.send(work()));
    wait.recv_timeout(PATIENCE)
        .unwrap_or_else(|_| panic!("{what}: nothing for a minute"))
}

/// A program that was started and has not been waited for.
pub struct Session {
    line: String,
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// The lines of stderr that were taken already.
    said: String,
    root: std::path::PathBuf,
}

impl Session {
    pub(super) fn start(mut command: Command, root: &Path) -> Self {
        let line = typed_line(&command);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = lines_of(child.stdout.take().expect("a pipe was asked for"));
        let stderr = lines_of(child.stderr.take().expect("a pipe was asked for"));
        Self {
            line,
            child,
            stdout,
            stderr,
            said: String::new(),
            root: root.to_owned(),
        }
    }

    /// What Ctrl-C does to the program alone.
    pub fn interrupt(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id"));
        kill(pid, Signal::SIGINT).expect("the program still runs");
    }

    /// What the end of a terminal does to the program alone.
    pub fn hang_up(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a process id"));
        kill(pid, Signal::SIGHUP).expect("the program still runs");
    }

    /// Ends the program at once, without a word to it; what it started lives on.
    pub fn kill(mut self) {
        self.child.kill().expect("the program still runs");
        self.child.wait().expect("the program was started here");
    }

    /// How much memory the program has taken for itself, in bytes; nothing where the system does not tell.
    pub fn memory(&self) -> Option<u64> {
        // Counted page by page, and without pages of files, which a system takes back and brings in again as it likes.
        let pages = format!("/proc/{}/smaps_rollup", self.child.id());
        let pages = std::fs::read_to_string(pages).ok()?;
        let line = pages
            .lines()
            .find_map(|line| line.strip_prefix("Anonymous:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// Waits for a line on stderr that holds `text`.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        while let Ok(line) = self.stderr.recv_timeout(PATIENCE) {
            self.said.push_str(&line);
            if line.contains(text) {
                return;
            }
        }
        panic!("nothing about {text:?}; it said:\n{}", self.said);
    }

    /// Waits for a line on stdout that holds `text`; it and those before it are not part of what `finish` gives.
    #[track_caller]
    pub fn wait_for_output(&mut self, text: &str) {
        let mut printed = String::new();
        while let Ok(line) = self.stdout.recv_timeout(PATIENCE) {
            printed.push_str(&line);
            if line.contains(text) {
                return;
            }
        }
        panic!("nothing about {text:?}; it printed:\n{printed}");
    }

    /// Waits for the end.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        // Both pipes end with the program and all that it started.
        let stdout = rest(&self.stdout);
        let stderr = format!("{}{}", self.said, rest(&self.stderr));
        let status: ExitStatus = self.child.wait().expect("the program was started here");
        Output::new(
            std::mem::take(&mut self.line),
            &std::process::Output {
                status,
                stdout: stdout.into_bytes(),
                stderr: stderr.into_bytes(),
            },
            &self.root,
        )
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // After `finish` there is nobody left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            if send
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
            line.clear();
        }
    });
    lines
}

/// All lines until the pipe is closed.
#[track_caller]
fn rest(lines: &Receiver<String>) -> String {
    use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
    let mut text = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => text.push_str(&line),
            Err(Disconnected) => return text,
            Err(Timeout) => panic!("the program does not end; it said:\n{text}"),
        }
    }
}
