//! Calls a program of the user's own, such as `git` or `gh`, and captures its output in memory, synchronously.
//!
//! The program has the environment of this process, and with it the user's credentials, unless the call sets another
//! environment. With the user's credentials, never for a program from a unit.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::environment::Environment;
use super::error::ProcessError;
use super::group::ProcessGroup;
use super::program::locate_program;
use super::sandbox::{Sandbox, Starter};
use super::session::in_own_session;

/// How long to wait for the end of the output after the end of the program: a daemon that it started (ssh's connection
/// sharing, a credential cache) may keep a stream open for ever.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How often to check for cancellation.
const CANCEL_INTERVAL: Duration = Duration::from_millis(100);

/// A call of a program.
#[derive(Debug, Clone)]
pub struct Capture {
    program: OsString,
    args: Vec<OsString>,
    dir: Option<PathBuf>,
    /// The environment of the program, if it is not that of this process.
    environment: Option<Environment>,
    without: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    limit: Option<Duration>,
    most: Option<usize>,
    cancel: Option<CancellationToken>,
    sandbox: Option<Sandbox>,
}

/// The result of a call.
#[derive(Debug)]
enum Answer {
    Output(Output),
    TimedOut,
    Cancelled,
    TooMuch,
}

/// A report of one of the threads around the child.
enum Report {
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
            environment: None,
            without: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            limit: None,
            most: None,
            cancel: None,
            sandbox: None,
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

    /// Gives the program this environment instead of that of this process.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Withholds these variables of this process from the program.
    #[must_use]
    pub fn without_variables(mut self, names: &[&str]) -> Self {
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

    /// Sets the longest time that the program may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Kills the program when it has printed more bytes than this on standard output.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.most = Some(bytes);
        self
    }

    /// Kills the program when `cancel` fires.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: CancellationToken) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Keeps the program from what is not its own.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Runs the program to its end. A status other than success is part of the output, not an error.
    ///
    /// The program has a session of its own, so that Ctrl-C does not reach it. It can therefore not read from the
    /// terminal.
    pub fn run(self) -> Result<Output, ProcessError> {
        let mut child = self.spawn()?;
        let mut group = ProcessGroup::led_by(Some(child.id()), Starter::Itself);
        let (sender, reports) = channel();
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let open = read_on_thread(stdout, Report::Stdout, &sender)
            + read_on_thread(stderr, Report::Stderr, &sender);
        let input = self.stdin;
        thread::spawn(move || {
            // A program need not read all of its input.
            stdin.map(|mut pipe| pipe.write_all(&input))
        });
        thread::spawn(move || sender.send(Report::Exited(child.wait())));

        let stops = Stops {
            limit: self.limit,
            most: self.most.unwrap_or(usize::MAX),
            cancel: self.cancel.as_ref(),
        };
        let answer = collect(&reports, open, &stops, &mut group);
        // After its own end, the program may leave a process in the background (the maintenance of git).
        group.release();
        match answer {
            Ok(Answer::Output(output)) => Ok(output),
            Ok(Answer::Cancelled) => Err(ProcessError::Cancelled {
                program: self.program.to_string_lossy().into_owned(),
            }),
            Ok(Answer::TooMuch) => Err(ProcessError::TooMuchOutput {
                program: self.program.to_string_lossy().into_owned(),
            }),
            Ok(Answer::TimedOut) => Err(ProcessError::TimedOut {
                program: self.program.to_string_lossy().into_owned(),
                limit: self.limit.unwrap_or_default(),
            }),
            Err(source) => Err(ProcessError::lost(&self.program, source)),
        }
    }

    fn spawn(&self) -> Result<Child, ProcessError> {
        let dir = self.dir.as_deref().unwrap_or(Path::new("."));
        let path = std::env::var_os("PATH");
        let program = locate_program(&self.program, dir, path.as_deref())?;
        let mut command = match &self.sandbox {
            Some(sandbox) => sandbox.enclose(program, dir, None)?.command().0,
            None => std::process::Command::new(program),
        };
        in_own_session(&mut command);
        if let Some(environment) = &self.environment {
            command.env_clear().envs(environment.iter());
        }
        for name in &self.without {
            command.env_remove(name);
        }
        if let Some(dir) = self
            .dir
            .as_deref()
            .and_then(|dir| std::path::absolute(dir).ok())
        {
            // Programs believe these variables rather than the system.
            command.env("PWD", dir).env_remove("OLDPWD");
        }
        command
            .args(&self.args)
            .current_dir(dir)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ProcessError::start(&self.program, source))
    }
}

/// Reads a stream on its own thread, because a full pipe on one side must not block the other. Returns the number of
/// streams that are read.
fn read_on_thread(
    stream: Option<impl Read + Send + 'static>,
    report: fn(Vec<u8>) -> Report,
    sender: &Sender<Report>,
) -> usize {
    let Some(mut stream) = stream else { return 0 };
    let sender = sender.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => {
                    // The call has returned without waiting for the end of this stream.
                    if sender.send(report(buffer[..read].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        let _ = sender.send(Report::Closed);
    });
    1
}

/// What ends a program early.
struct Stops<'a> {
    limit: Option<Duration>,
    /// How many bytes of standard output are too many.
    most: usize,
    cancel: Option<&'a CancellationToken>,
}

/// Collects the reports into an answer.
fn collect(
    reports: &Receiver<Report>,
    mut open: usize,
    stops: &Stops<'_>,
    group: &mut ProcessGroup,
) -> io::Result<Answer> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut status = None;
    let cancel = stops.cancel;
    let mut deadline = stops.limit.map(|limit| Instant::now() + limit);
    let mut stopped = None;
    while status.is_none() || open > 0 {
        let check = cancel.map(|_| Instant::now() + CANCEL_INTERVAL);
        let report = match deadline.into_iter().chain(check).min() {
            Some(at) => reports.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => reports.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match report {
            Ok(Report::Stdout(_)) if matches!(stopped, Some(Answer::TooMuch)) => {}
            Ok(Report::Stdout(bytes)) => {
                stdout.extend(bytes);
                if stdout.len() > stops.most && stopped.is_none() {
                    stopped = Some(Answer::TooMuch);
                    stdout = Vec::new();
                    group.kill();
                }
            }
            Ok(Report::Stderr(bytes)) => stderr.extend(bytes),
            Ok(Report::Closed) => open -= 1,
            Ok(Report::Exited(ended)) => {
                status = Some(ended?);
                deadline = Some(Instant::now() + DRAIN_TIMEOUT);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let overdue = deadline.is_some_and(|at| at <= Instant::now());
                if status.is_some() {
                    if overdue {
                        break;
                    }
                } else if stopped.is_none() {
                    stopped = if overdue {
                        Some(Answer::TimedOut)
                    } else {
                        cancel
                            .filter(|cancel| cancel.is_cancelled())
                            .map(|_| Answer::Cancelled)
                    };
                    if stopped.is_some() {
                        group.kill();
                        deadline = None;
                    }
                }
            }
        }
    }
    let status = status.ok_or_else(|| io::Error::other("its exit status was not reported"))?;
    Ok(stopped.unwrap_or(Answer::Output(Output {
        status,
        stdout,
        stderr,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Capture {
        Capture::new("sh").args(["-c", script])
    }

    #[test]
    fn the_output_has_both_streams_and_the_status() -> Result<(), ProcessError> {
        let output = shell("echo out; echo $WORD >&2; exit 4")
            .env("WORD", "err")
            .run()?;
        assert_eq!(output.stdout, b"out\n");
        assert_eq!(output.stderr, b"err\n");
        assert_eq!(output.status.code(), Some(4));
        Ok(())
    }

    #[test]
    fn large_input_and_output_do_not_deadlock() -> Result<(), ProcessError> {
        let input = vec![b'x'; 1_000_000];
        let output = shell("tee /dev/stderr").stdin(input.clone()).run()?;
        assert!(output.stdout == input && output.stderr == input);
        Ok(())
    }

    #[test]
    fn unread_input_is_no_error() -> Result<(), ProcessError> {
        let output = shell("exit 0").stdin(vec![b'x'; 1_000_000]).run()?;
        assert!(output.status.success());
        Ok(())
    }

    #[test]
    fn the_time_limit_ends_the_group() {
        let answer = shell("sleep 600 & sleep 600")
            .limit(Duration::from_millis(50))
            .run();
        let why = answer.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(why, "'sh' was not done within 50ms and was stopped");
    }

    #[test]
    fn a_cancelled_call_returns_at_once() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let answer = shell("sleep 600").cancelled_by(cancel).run();
        let why = answer.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(why, "'sh' was stopped");
    }

    #[test]
    fn another_environment_replaces_that_of_this_process() -> Result<(), ProcessError> {
        let mut only = Environment::default();
        only.set("PATH", std::env::var_os("PATH").unwrap_or_default());
        let output = shell("echo ${HOME-none} $WORD")
            .environment(only)
            .env("WORD", "own")
            .run()?;
        assert_eq!(output.stdout, b"none own\n");
        let output = shell("echo ${HOME-none}")
            .without_variables(&["HOME"])
            .run()?;
        assert_eq!(output.stdout, b"none\n");
        Ok(())
    }

    #[test]
    fn the_program_runs_in_its_folder_which_must_exist() -> Result<(), Box<dyn std::error::Error>> {
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
