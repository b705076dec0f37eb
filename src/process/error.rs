//! The reasons why a child process cannot be started or observed. A program that ran and failed is no such error: its
//! exit code is an [`Ending`](super::Ending).

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sandbox::NoSandbox;

/// A child process that cannot be started or observed, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error(
        "cannot start '{program}': no such program on PATH; install it, or name it by its full path"
    )]
    NotOnPath { program: String },
    #[error("cannot start '{program}': no such file in {}; check the path", dir.display())]
    NoSuchFile { program: String, dir: PathBuf },
    #[error("cannot start '{program}': the file is not executable; try 'chmod +x {program}'")]
    NotExecutable { program: String },
    #[error("cannot start '{program}': the interpreter in its first line is not installed")]
    NoInterpreter { program: String },
    #[error("cannot start '{program}': its folder {} does not exist", dir.display())]
    NoDirectory { program: String, dir: PathBuf },
    #[error("cannot start '{program}'")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    NoSandbox(#[from] NoSandbox),
    #[error("cannot start '{program}' in its sandbox")]
    Sandbox {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("lost track of '{program}' while it was running")]
    Lost {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("'{program}' was not done within {limit:?} and was stopped")]
    TimedOut { program: String, limit: Duration },
    #[error("'{program}' printed too much and was stopped")]
    TooMuchOutput { program: String },
    #[error("'{program}' was stopped")]
    Cancelled { program: String },
    #[error("cannot read {}", path.display())]
    Input {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write the log {}; check free space and permissions", path.display())]
    Log {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl ProcessError {
    /// Checks whether the program was stopped because it printed too much.
    pub(crate) fn is_too_much_output(&self) -> bool {
        matches!(self, Self::TooMuchOutput { .. })
    }

    /// Explains why `program` is not found from `dir`.
    pub(super) fn not_found(program: &OsStr, dir: &Path) -> Self {
        let name = program.to_string_lossy().into_owned();
        if !name.contains('/') {
            Self::NotOnPath { program: name }
        } else if dir.join(program).exists() {
            Self::NotExecutable { program: name }
        } else {
            Self::NoSuchFile {
                program: name,
                dir: dir.to_owned(),
            }
        }
    }

    /// Explains why a program that was found could not be started.
    pub(super) fn start(program: &OsStr, source: io::Error) -> Self {
        let program = program.to_string_lossy().into_owned();
        match source.kind() {
            // The file exists, so its `#!` interpreter is missing.
            io::ErrorKind::NotFound => Self::NoInterpreter { program },
            io::ErrorKind::PermissionDenied => Self::NotExecutable { program },
            _ => Self::Start { program, source },
        }
    }

    pub(super) fn lost(program: &OsStr, source: io::Error) -> Self {
        Self::Lost {
            program: program.to_string_lossy().into_owned(),
            source,
        }
    }
}
