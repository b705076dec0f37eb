//! The errors of a settings file.

use std::path::PathBuf;

use crate::words;

/// Why a `batch.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("nothing can be remembered, because neither XDG_STATE_HOME nor HOME is set")]
    NoHome,
    #[error("{} is no regular file inside the repository: put a file in its place", path.display())]
    NoFile { path: PathBuf },
    #[error(
        "{} is larger than {}, which is no settings file: make it smaller",
        path.display(),
        words::bytes(*limit)
    )]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{}, line {line}: {message}", path.display())]
    Fault {
        path: PathBuf,
        line: usize,
        message: String,
    },
}
