//! The durable list of events: SQLite in WAL mode with `synchronous=FULL`, so that what was appended survives a crash
//! and others can read while one process writes.
//!
//! It stores rows of text and never looks into them: what an event means is the business of the rooms above.

mod lock;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

pub use lock::{Holder, RunLock};

/// The version of the tables this program writes, kept in SQLite's `user_version`.
const VERSION: i64 = 1;

/// How long a statement waits for another process's short write.
const BUSY: Duration = Duration::from_secs(10);

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
    #[error("{} cannot be made: {source}", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the journal {} was written by a newer batch (its version is {found}, this one reads up to {VERSION}): update batch",
        path.display()
    )]
    TooNew { path: PathBuf, found: i64 },
    #[error("the journal cannot be written: {0}")]
    Write(rusqlite::Error),
    #[error("the journal cannot be read: {0}")]
    Read(rusqlite::Error),
}

/// An open journal.
pub struct Journal {
    connection: Connection,
}

impl Journal {
    /// Opens the journal for writing, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| JournalError::Folder {
                path: folder.to_path_buf(),
                source,
            })?;
        }
        let fault = |source| JournalError::Open {
            path: path.to_path_buf(),
            source,
        };
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY).map_err(fault)?;
        connection
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .map_err(fault)?;
        prepare(&mut connection, path)?;
        Ok(Self { connection })
    }

    /// Opens the journal to read it; `None` where there is none yet.
    pub fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        if !path.exists() {
            return Ok(None);
        }
        let fault = |source| JournalError::Open {
            path: path.to_path_buf(),
            source,
        };
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(fault)?;
        connection.busy_timeout(BUSY).map_err(fault)?;
        let found = version(&connection).map_err(fault)?;
        match found {
            0 => Ok(None),
            1..=VERSION => Ok(Some(Self { connection })),
            _ => Err(JournalError::TooNew {
                path: path.to_path_buf(),
                found,
            }),
        }
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
            .map_err(JournalError::Write)
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
        read().map_err(JournalError::Read)
    }

    /// The names of all runs, the one that began last first.
    pub fn runs(&self) -> Result<Vec<String>, JournalError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut select = self
                .connection
                .prepare("SELECT run FROM events GROUP BY run ORDER BY min(seq) DESC")?;
            select.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(JournalError::Read)
    }

    /// What SQLite's own check finds wrong with the file; `None` when all is well.
    pub fn damage(&self) -> Result<Option<String>, JournalError> {
        self.connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .optional()
            .map(|found| found.filter(|words| words != "ok"))
            .map_err(JournalError::Read)
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes the tables in one transaction, so that two processes that start at once make them once.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let fault = |source| JournalError::Open {
        path: path.to_path_buf(),
        source,
    };
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(fault)?;
    let found = version(&transaction).map_err(fault)?;
    if found > VERSION {
        return Err(JournalError::TooNew {
            path: path.to_path_buf(),
            found,
        });
    }
    if found == 0 {
        transaction
            .execute_batch(
                "CREATE TABLE events (
                     seq  INTEGER PRIMARY KEY AUTOINCREMENT,
                     run  TEXT NOT NULL,
                     unit TEXT,
                     at   INTEGER NOT NULL,
                     fact TEXT NOT NULL
                 ) STRICT;
                 CREATE INDEX events_of_a_run ON events (run, seq);",
            )
            .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
            .map_err(fault)?;
    }
    transaction.commit().map_err(fault)
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
