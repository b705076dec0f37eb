//! A short question to a program of the user's own, such as `git` or `gh`: answered into memory, synchronously, with the
//! parent's environment and so with the user's credentials, unless it is given another one. With the parent's, never for
//! anything a unit brings along.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::program::locate;
use super::{Environment, ProcessError};

/// How long to wait for the end of output after the program's end: a daemon it left (ssh's connection sharing, a
/// credential cache) may hold a stream open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// How often to look whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// The question being put together.
#[derive(Debug, Clone)]
pub struct Capture {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    /// What to start from; the parent's variables when absent.
    inherited: Option<Environment>,
    without: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    limit: Option<Duration>,
    cancel: Option<CancellationToken>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Overdue,
    Cancelled,
}

/// What the threads around the child report.
enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Closed,
    Exited(io::Result<ExitStatus>),
}

impl Capture {
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            dir: None,
            inherited: None,
            without: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            limit: None,
            cancel: None,
        }
    }

    #[must_use]
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// The program sees this environment instead of the parent's.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.inherited = Some(environment);
        self
    }

    /// The program does not see these variables of the parent's.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.without.extend(names.iter().map(OsString::from));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Without one, the program may take for ever.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The program is ended when this fires.
    #[must_use]
    pub fn until(mut self, cancel: CancellationToken) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Asks. A status other than success is part of the answer, not an error.
    ///
    /// The child leads a process group of its own, so that Ctrl-C does not cut it off; it can therefore not ask
    /// anything at the terminal.
    pub fn run(self) -> Result<Output, ProcessError> {
        let mut child = self.spawn()?;
        let mut group = Group::led_by(Some(child.id()));
        let (reports, heard) = channel();
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let open =
            follow(stdout, Heard::Stdout, &reports) + follow(stderr, Heard::Stderr, &reports);
        let input = self.stdin;
        thread::spawn(move || {
            // A program that does not read all of its input is free to do so.
            stdin.map(|mut pipe| pipe.write_all(&input))
        });
        thread::spawn(move || reports.send(Heard::Exited(child.wait())));

        let answer = listen(&heard, open, self.limit, self.cancel.as_ref(), &mut group);
        // It ended by itself: what it left in the background (git's maintenance) may go on.
        group.release();
        match answer {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(Cut::Cancelled)) => Err(ProcessError::Cancelled {
                program: self.program.to_string_lossy().into_owned(),
            }),
            Ok(Err(Cut::Overdue)) => Err(ProcessError::TimedOut {
                program: self.program.to_string_lossy().into_owned(),
                limit: self.limit.unwrap_or_default(),
            }),
            Err(source) => Err(ProcessError::lost(&self.program, source)),
        }
    }

    fn spawn(&self) -> Result<Child, ProcessError> {
        let dir = self.dir.as_deref().unwrap_or(Path::new("."));
        let path = std::env::var_os("PATH");
        let program = locate(&self.program, dir, path.as_deref())?;
        let mut command = std::process::Command::new(program);
        if let Some(environment) = &self.inherited {
            command.env_clear().envs(environment.iter());
        }
        for name in &self.without {
            command.env_remove(name);
        }
        command
            .args(&self.args)
            .current_dir(dir)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| ProcessError::start(&self.program, source))
    }
}

/// Reads one stream on a thread of its own, for a full pipe on one side must not block the other. How many streams that is.
fn follow(
    stream: Option<impl Read + Send + 'static>,
    heard: fn(Vec<u8>) -> Heard,
    reports: &Sender<Heard>,
) -> usize {
    let Some(mut stream) = stream else { return 0 };
    let reports = reports.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => {
                    // Nobody listens any more: the answer was given without this stream's end.
                    if reports.send(heard(buffer[..read].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let _ = reports.send(Heard::Closed);
    });
    1
}

/// Collects the reports into an answer, or says why there is none.
fn listen(
    heard: &Receiver<Heard>,
    mut open: usize,
    limit: Option<Duration>,
    cancel: Option<&CancellationToken>,
    group: &mut Group,
) -> io::Result<Result<Output, Cut>> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut status = None;
    let mut until = limit.map(|limit| Instant::now() + limit);
    let mut cut = None;
    while status.is_none() || open > 0 {
        let look = cancel.map(|_| Instant::now() + LOOK);
        let report = match until.into_iter().chain(look).min() {
            Some(at) => heard.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match report {
            Ok(Heard::Stdout(bytes)) => stdout.extend(bytes),
            Ok(Heard::Stderr(bytes)) => stderr.extend(bytes),
            Ok(Heard::Closed) => open -= 1,
            Ok(Heard::Exited(ended)) => {
                status = Some(ended?);
                until = Some(Instant::now() + DRAIN);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let overdue = until.is_some_and(|at| at <= Instant::now());
                if status.is_some() {
                    if overdue {
                        break;
                    }
                } else if cut.is_none() {
                    cut = if overdue {
                        Some(Cut::Overdue)
                    } else {
                        cancel
                            .filter(|it| it.is_cancelled())
                            .map(|_| Cut::Cancelled)
                    };
                    if cut.is_some() {
                        group.kill();
                        until = None;
                    }
                }
            }
        }
    }
    let status = status.ok_or_else(|| io::Error::other("its end was not told"))?;
    Ok(cut.map_or(
        Ok(Output {
            status,
            stdout,
            stderr,
        }),
        Err,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Capture {
        Capture::new("sh").args(["-c", script])
    }

    #[test]
    fn the_answer_has_both_streams_and_the_status() -> Result<(), ProcessError> {
        let output = shell("echo out; echo $WORD >&2; exit 4")
            .env("WORD", "err")
            .run()?;
        assert_eq!(output.stdout, b"out\n");
        assert_eq!(output.stderr, b"err\n");
        assert_eq!(output.status.code(), Some(4));
        Ok(())
    }

    #[test]
    fn much_in_both_directions_does_not_deadlock() -> Result<(), ProcessError> {
        let input = vec![b'x'; 1_000_000];
        let output = shell("tee /dev/stderr").stdin(input.clone()).run()?;
        assert!(output.stdout == input && output.stderr == input);
        Ok(())
    }

    #[test]
    fn input_that_nobody_reads_is_no_error() -> Result<(), ProcessError> {
        let output = shell("exit 0").stdin(vec![b'x'; 1_000_000]).run()?;
        assert!(output.status.success());
        Ok(())
    }

    #[test]
    fn the_limit_ends_the_group() {
        let answer = shell("sleep 600 & sleep 600")
            .limit(Duration::from_millis(50))
            .run();
        let why = answer.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(why, "'sh' was not done within 50ms and was stopped");
    }

    #[test]
    fn an_answer_that_is_no_longer_wanted_is_not_waited_for() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let answer = shell("sleep 600").until(cancel).run();
        let why = answer.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(why, "'sh' was stopped");
    }

    #[test]
    fn another_environment_takes_the_place_of_the_parents() -> Result<(), ProcessError> {
        let mut only = Environment::default();
        only.set("PATH", std::env::var_os("PATH").unwrap_or_default());
        let output = shell("echo ${HOME-none} $WORD")
            .environment(only)
            .env("WORD", "told")
            .run()?;
        assert_eq!(output.stdout, b"none told\n");
        let output = shell("echo ${HOME-none}").without(&["HOME"]).run()?;
        assert_eq!(output.stdout, b"none\n");
        Ok(())
    }

    #[test]
    fn the_folder_counts_and_must_exist() -> Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("here"), "")?;
        assert_eq!(shell("ls").dir(dir.path()).run()?.stdout, b"here\n");
        let gone = shell("ls").dir(&dir.path().join("gone")).run();
        assert!(matches!(gone, Err(ProcessError::NoDirectory { .. })));
        Ok(())
    }

    #[test]
    fn a_missing_program_is_named() {
        let why = Capture::new("no-such-program").run();
        assert!(
            matches!(why, Err(ProcessError::NotOnPath { program }) if program == "no-such-program")
        );
    }
}
