//! The durable list of events: SQLite in WAL mode with `synchronous=FULL`, so that what was appended survives a crash
//! and others can read while one process writes.
//!
//! It stores rows of text and never looks into them: what an event means is the business of the rooms above.

mod ground;
mod lock;
mod mend;
mod salvage;
mod schema;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use serde::de::IgnoredAny;

pub use lock::{Holder, RunLock};
pub use mend::{Mended, damage, mend};

/// How long a statement waits for another process's short write.
const BUSY: Duration = Duration::from_secs(10);

/// Between two looks whether another process is done.
const AGAIN: Duration = Duration::from_millis(5);

/// One event, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Rises with every event of the journal; not dense within a run.
    pub seq: u64,
    pub run: String,
    /// The unit it is about; `None` for the whole run.
    pub unit: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// The fact as JSON.
    pub fact: String,
}

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal {} cannot be opened: {source}", path.display())]
    Open {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error("{} cannot be read or written: {source}", path.display())]
    Folder {
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
        "the journal {} is damaged ({what}): batch status sets it aside and recovers what can be read",
        path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "the journal {} is damaged ({what}), and another process has it open: try again when no run is going",
        path.display()
    )]
    DamagedInUse { path: PathBuf, what: String },
    #[error(
        "the journal {} would lie on a network file system ({kind}), where what was written may be lost: use a clone on a local disk",
        path.display()
    )]
    Network { path: PathBuf, kind: String },
    #[error("the journal cannot be written: {0}")]
    Write(rusqlite::Error),
    #[error("the journal cannot be read: {0}")]
    Read(rusqlite::Error),
}

impl JournalError {
    /// Tells damage from all that may have gone wrong otherwise.
    fn of(path: &Path, error: rusqlite::Error, otherwise: fn(rusqlite::Error) -> Self) -> Self {
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

    /// Like [`JournalError::of`], where the file is being opened.
    fn opening(path: &Path, source: rusqlite::Error) -> Self {
        match Self::of(path, source, Self::Read) {
            Self::Read(source) => Self::Open {
                path: path.to_path_buf(),
                source,
            },
            damaged => damaged,
        }
    }
}

/// An open journal.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// A writer's: while it is held, nobody replaces the file.
    _kept: Option<File>,
}

impl Journal {
    /// Opens the journal for writing, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let folder = |source| JournalError::Folder {
            path: path.parent().unwrap_or(path).to_path_buf(),
            source,
        };
        if let Some(kind) = ground::network(path) {
            return Err(JournalError::Network {
                path: path.to_path_buf(),
                kind,
            });
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(folder)?;
        }
        let kept = mend::lock_file(path)?;
        if let Some(lock) = &kept {
            lock.lock_shared().map_err(folder)?;
        }
        let mut connection = connect(path)?;
        let found = bring_up(&mut connection, path)?;
        refuse_newer(path, found)?;
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            _kept: kept,
        })
    }

    /// Opens the journal to read it; `None` where there is none yet.
    pub fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        if !path.exists() {
            return Ok(None);
        }
        let fault = |source| JournalError::opening(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
        connection.busy_timeout(BUSY).map_err(fault)?;
        refuse_lost_version(&connection, path)?;
        let found = schema::version(&connection).map_err(fault)?;
        refuse_newer(path, found)?;
        if found == 0 {
            return Ok(None);
        }
        if found < schema::version_of(schema::STEPS) {
            // Only a writer can bring it up.
            return Self::open(path).map(Some);
        }
        Ok(Some(Self {
            connection,
            path: path.to_path_buf(),
            _kept: None,
        }))
    }

    /// Appends one event; when this returns it is on the disk. Gives its sequence number.
    pub fn append(
        &mut self,
        run: &str,
        unit: Option<&str>,
        at: i64,
        fact: &str,
    ) -> Result<u64, JournalError> {
        self.connection
            .prepare_cached("INSERT INTO events (run, unit, at, fact) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut insert| insert.insert(params![run, unit, at, fact]))
            .map(i64::cast_unsigned)
            .map_err(|error| JournalError::of(&self.path, error, JournalError::Write))
    }

    /// The events of a run after the one numbered `after`, oldest first; `0` for all.
    pub fn events(&self, run: &str, after: u64) -> Result<Vec<Row>, JournalError> {
        let read = || -> rusqlite::Result<Vec<Row>> {
            let mut select = self.connection.prepare_cached(
                "SELECT seq, run, unit, at, fact FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq",
            )?;
            let rows = select.query_map(params![run, after.cast_signed()], |row| {
                Ok(Row {
                    seq: row.get::<_, i64>(0)?.cast_unsigned(),
                    run: row.get(1)?,
                    unit: row.get(2)?,
                    at: row.get(3)?,
                    fact: row.get(4)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| JournalError::of(&self.path, error, JournalError::Read))
    }

    /// The names of all runs, the one that began last first.
    pub fn runs(&self) -> Result<Vec<String>, JournalError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut select = self
                .connection
                .prepare("SELECT run FROM events GROUP BY run ORDER BY min(seq) DESC")?;
            select.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|error| JournalError::of(&self.path, error, JournalError::Read))
    }

    /// What is wrong with the file or with a row of it; `None` when all is well.
    fn damage(&self) -> Result<Option<String>, JournalError> {
        let look = || -> rusqlite::Result<Option<String>> {
            let found: String =
                self.connection
                    .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                return Ok(Some(found.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
            let mut select = self.connection.prepare("SELECT seq, fact FROM events")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                if !is_json(&row.get::<_, String>(1)?) {
                    let seq: i64 = row.get(0)?;
                    return Ok(Some(format!("event {seq} is not JSON")));
                }
            }
            Ok(None)
        };
        look().map_err(|error| JournalError::of(&self.path, error, JournalError::Read))
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A connection that writes, and makes the file where there is none.
fn connect(path: &Path) -> Result<Connection, JournalError> {
    let connect = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        use_wal(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(connection)
    };
    connect().map_err(|source| JournalError::opening(path, source))
}

/// SQLite does not wait for the lock that a new file needs to become one with a log: of two processes that make the
/// journal at once, one would be refused.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY =>
            {
                std::thread::sleep(AGAIN);
            }
            done => return done,
        }
    }
}

fn bring_up(connection: &mut Connection, path: &Path) -> Result<i64, JournalError> {
    refuse_lost_version(connection, path)?;
    schema::bring_up(connection, schema::STEPS)
        .map_err(|source| JournalError::opening(path, source))
}

/// A file with tables and without a version must not be taken for a new one.
fn refuse_lost_version(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    match schema::has_lost_its_version(connection) {
        Ok(false) => Ok(()),
        Ok(true) => Err(JournalError::Damaged {
            path: path.to_path_buf(),
            what: "its version is lost".into(),
        }),
        Err(source) => Err(JournalError::opening(path, source)),
    }
}

fn refuse_newer(path: &Path, found: i64) -> Result<(), JournalError> {
    if found > schema::version_of(schema::STEPS) {
        return Err(JournalError::TooNew {
            path: path.to_path_buf(),
            found,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_in_order_and_by_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let first = journal.append("a", None, 1, "{}").unwrap();
        journal.append("b", None, 2, "{}").unwrap();
        journal.append("a", Some("01-x"), 3, "{\"n\":1}").unwrap();

        let reader = Journal::read(&path).unwrap().unwrap();
        let facts: Vec<String> = reader
            .events("a", 0)
            .unwrap()
            .into_iter()
            .map(|row| row.fact)
            .collect();
        assert_eq!(facts, ["{}", "{\"n\":1}"]);
        let later = reader.events("a", first).unwrap();
        assert_eq!(later.len(), 1);
        assert_eq!(later[0].unit.as_deref(), Some("01-x"));
        assert_eq!(reader.runs().unwrap(), ["b", "a"]);
        assert_eq!(reader.damage().unwrap(), None);
    }

    #[test]
    fn a_reader_sees_what_is_written_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let reader = Journal::read(&path).unwrap().unwrap();
        journal.append("a", None, 1, "{}").unwrap();
        assert_eq!(reader.events("a", 0).unwrap().len(), 1);
    }

    #[test]
    fn many_may_make_it_at_once() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let begin = std::sync::Barrier::new(8);
            let open = || {
                begin.wait();
                assert_eq!(mend(&path).unwrap(), None);
                let mut journal = Journal::open(&path).unwrap();
                journal.append("a", None, 1, "{}").unwrap();
            };
            std::thread::scope(|threads| {
                for _ in 0..8 {
                    threads.spawn(open);
                }
            });
            let journal = Journal::read(&path).unwrap().unwrap();
            assert_eq!(journal.events("a", 0).unwrap().len(), 8);
        }
    }

    #[test]
    fn without_a_journal_there_is_nothing_to_read_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        assert!(Journal::read(&path).unwrap().is_none());
        assert!(!path.exists());
    }

    #[test]
    fn a_newer_journal_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        drop(Journal::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(
            Journal::open(&path),
            Err(JournalError::TooNew { found: 99, .. })
        ));
        assert!(matches!(
            Journal::read(&path),
            Err(JournalError::TooNew { found: 99, .. })
        ));
    }
}
