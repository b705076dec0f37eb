//! Why settings cannot be used.

use std::path::PathBuf;

/// Why a `batch.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}, line {line}: {message}", path.display())]
    Fault {
        path: PathBuf,
        line: usize,
        message: String,
    },
}
