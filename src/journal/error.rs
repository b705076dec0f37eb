//! The errors of the journal: what failed, with which file, and the remedy.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::schema;

/// An error of the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal {} cannot be opened: {source}", path.display())]
    Open {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error("{} cannot be read or written: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the journal {} was written by a newer batch (its version is {found}, this one reads up to {}): update batch",
        path.display(),
        schema::version_of(schema::STEPS)
    )]
    TooNew { path: PathBuf, found: i64 },
    #[error(
        "the journal {} is damaged ({what}): batch status sets it aside and recovers its readable events",
        path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "the journal {} is damaged ({what}), and another process has it open: try again when no run is active",
        path.display()
    )]
    DamagedInUse { path: PathBuf, what: String },
    #[error(
        "the journal {} would lie on a network file system ({kind}), which may lose events: \
         use a clone on a local disk",
        path.display()
    )]
    Network { path: PathBuf, kind: String },
    #[error("the journal cannot be written: {0}")]
    Write(rusqlite::Error),
    #[error("the journal cannot be read: {0}")]
    Read(rusqlite::Error),
}

impl JournalError {
    /// Classifies an error of SQLite: damage to the file, or else the error that `otherwise` makes.
    pub(super) fn of(
        path: &Path,
        error: rusqlite::Error,
        otherwise: fn(rusqlite::Error) -> Self,
    ) -> Self {
        let damaged = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => matches!(
                failure.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ),
            rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..) => true,
            _ => false,
        };
        if damaged {
            Self::Damaged {
                path: path.to_path_buf(),
                what: error.to_string(),
            }
        } else {
            otherwise(error)
        }
    }

    /// Classifies an error of SQLite while the file is being opened.
    pub(super) fn opening(path: &Path, source: rusqlite::Error) -> Self {
        match Self::of(path, source, Self::Read) {
            Self::Read(source) => Self::Open {
                path: path.to_path_buf(),
                source,
            },
            damaged => damaged,
        }
    }

    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            source,
        }
    }
}
