//! Describes a program and starts it, with pipes that carry its output to a log and to a receiver of lines.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeWriter};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::sync::Notify;

use super::environment::Environment;
use super::error::ProcessError;
use super::lines::{LineReader, LineSink};
use super::program::locate_program;
use super::recorder::{RecordedOutput, Recorder};
use super::sandbox::{Sandbox, Starter, WorkerGroup};
use super::session::in_own_session;

/// A program to run.
#[derive(Debug, Clone)]
pub struct Command {
    pub program: OsString,
    pub args: Vec<OsString>,
    pub dir: PathBuf,
    pub env: Environment,
    /// What keeps the program from everything that is not its own.
    pub sandbox: Sandbox,
    /// The file that the program reads. Without one, its input is empty.
    pub input: Option<PathBuf>,
    /// The longest time that the program may take.
    pub limit: Option<Duration>,
    /// The longest time that the program may be silent.
    pub idle: Option<Duration>,
    /// The file for stdout and stderr, in the order of writing. An existing file is replaced.
    pub log: PathBuf,
}

/// A running child.
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) by: Starter,
    pub(super) output: ChildOutput,
    /// The control group of the child, where there is one.
    pub(super) group: Option<WorkerGroup>,
}

/// The output of a running child.
pub(super) struct ChildOutput {
    recorder: Recorder,
    pipe: Receiver,
    lines: Option<LineReader>,
}

impl ChildOutput {
    /// Records everything until the last writer has closed its pipe, and notifies `activity` of every read. May be
    /// dropped and called again.
    pub(super) async fn drain(&mut self, activity: &Notify) -> io::Result<()> {
        let log = self.recorder.drain(&mut self.pipe, activity);
        match &mut self.lines {
            Some(lines) => tokio::try_join!(log, lines.drain(activity)).map(|_| ()),
            None => log.await,
        }
    }

    /// Completes the files.
    pub(super) fn finish(self) -> io::Result<RecordedOutput> {
        if let Some(lines) = self.lines {
            lines.finish()?;
        }
        self.recorder.finish()
    }
}

/// Starts the child.
pub(super) fn spawn(
    command: &Command,
    recorder: Recorder,
    sink: Option<&LineSink>,
    head: u64,
) -> Result<Spawned, ProcessError> {
    let program = locate_program(&command.program, &command.dir, command.env.get("PATH"))?;
    let group = WorkerGroup::make(command.sandbox.limits());
    let enclosed = command
        .sandbox
        .enclose(program, &command.dir, group.as_ref())?;
    let (start, by) = enclosed.command();
    let failed = |source| ProcessError::lost(&command.program, source);
    let pipe = || -> io::Result<(Receiver, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        Ok((Receiver::from_owned_fd(reader.into())?, writer))
    };
    let (log, stderr) = pipe().map_err(failed)?;
    let (lines, stdout) = match sink {
        None => (None, stderr.try_clone().map_err(failed)?),
        Some(sink) => {
            let (reader, writer) = pipe().map_err(failed)?;
            let reader =
                LineReader::new(sink, reader, head, command.env.redactor()).map_err(|source| {
                    ProcessError::Log {
                        path: sink.file.clone(),
                        source,
                    }
                })?;
            (Some(reader), writer)
        }
    };
    let stdin = match &command.input {
        None => Stdio::null(),
        Some(path) => File::open(path)
            .map_err(|source| ProcessError::Input {
                path: path.clone(),
                source,
            })?
            .into(),
    };
    // The builder holds the writing ends of the pipes: while it lives, the output does not end.
    let mut builder = tokio::process::Command::from(start);
    in_own_session(builder.as_std_mut());
    let child = builder
        .args(&command.args)
        .current_dir(&command.dir)
        .env_clear()
        .envs(command.env.iter())
        // Programs believe this variable rather than the system.
        .env(
            "PWD",
            std::path::absolute(&command.dir).unwrap_or_else(|_| command.dir.clone()),
        )
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| ProcessError::start(&command.program, source))?;
    Ok(Spawned {
        child,
        by,
        output: ChildOutput {
            recorder,
            pipe: log,
            lines,
        },
        group,
    })
}
