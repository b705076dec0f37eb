//! Child processes. Only this room starts them; it knows nothing of what they are for.

mod capture;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use capture::Capture;

/// How a child process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    Cancelled,
}

/// Why a child process could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error(
        "cannot start {program:?}: there is no such program on PATH: install it, or give its full path"
    )]
    NotFound { program: String },
    #[error("cannot start {program:?}: the folder {} does not exist", dir.display())]
    NoFolder { program: String, dir: PathBuf },
    #[error("cannot run {program:?}: {source}")]
    Io {
        program: String,
        source: std::io::Error,
    },
}
