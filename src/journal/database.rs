//! An open journal: appends events to its SQLite file and reads them back.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::error::JournalError;
use super::row::{Row, is_json};
use super::{network_fs, schema, write_lock};

/// How long a statement waits for a short write of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause between two attempts while another process creates the file.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// An open journal.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// Held by a writer, so that no repair replaces the file.
    _write_lock: Option<File>,
}

impl Journal {
    /// Opens the journal for writing, and creates it if it does not exist.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let fault = |source| JournalError::file(path.parent().unwrap_or(path), source);
        if let Some(kind) = network_fs::detect(path) {
            return Err(JournalError::Network {
                path: path.to_path_buf(),
                kind,
            });
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(fault)?;
        }
        let write_lock = write_lock::open(path)?;
        if let Some(lock) = &write_lock {
            lock.lock_shared().map_err(fault)?;
        }
        let mut connection = connect(path)?;
        let found = migrate(&mut connection, path)?;
        refuse_newer(path, found)?;
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            _write_lock: write_lock,
        })
    }

    /// Opens the journal for reading; returns `None` if it does not exist yet.
    pub fn read(path: &Path) -> Result<Option<Self>, JournalError> {
        if !path.exists() {
            return Ok(None);
        }
        let fault = |source| JournalError::opening(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
        refuse_lost_version(&connection, path)?;
        let found = schema::version(&connection).map_err(fault)?;
        refuse_newer(path, found)?;
        if found == 0 {
            return Ok(None);
        }
        if found < schema::version_of(schema::STEPS) {
            // Only a writer can migrate the file.
            return Self::open(path).map(Some);
        }
        Ok(Some(Self {
            connection,
            path: path.to_path_buf(),
            _write_lock: None,
        }))
    }

    /// Appends one event, and returns its sequence number as soon as the event is on disk.
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

    /// Returns the events of a run with a sequence number above `after`, oldest first.
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

    /// Returns the ids of all runs, the latest first.
    pub fn runs(&self) -> Result<Vec<String>, JournalError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut select = self
                .connection
                .prepare("SELECT run FROM events GROUP BY run ORDER BY min(seq) DESC")?;
            select.query_map([], |row| row.get(0))?.collect()
        };
        read().map_err(|error| JournalError::of(&self.path, error, JournalError::Read))
    }

    /// Describes the damage to the file or to one of its rows. Returns `None` for a sound journal.
    pub(super) fn find_damage(&self) -> Result<Option<String>, JournalError> {
        let check = || -> rusqlite::Result<Option<String>> {
            let integrity: String =
                self.connection
                    .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if integrity != "ok" {
                return Ok(Some(
                    integrity.split_whitespace().collect::<Vec<_>>().join(" "),
                ));
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
        check().map_err(|error| JournalError::of(&self.path, error, JournalError::Read))
    }
}

/// Opens a connection for writing, and creates the file if it does not exist.
pub(super) fn connect(path: &Path) -> Result<Connection, JournalError> {
    let connect = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        use_wal(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(connection)
    };
    connect().map_err(|source| JournalError::opening(path, source))
}

/// Switches the file to WAL mode. Retries, because SQLite does not wait for the lock that a new file needs for that:
/// when two processes create the journal at once, SQLite would refuse one of them.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(RETRY_INTERVAL);
            }
            result => return result,
        }
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<i64, JournalError> {
    refuse_lost_version(connection, path)?;
    schema::migrate(connection, schema::STEPS).map_err(|source| JournalError::opening(path, source))
}

/// Refuses a file with tables but without a version, which must not pass for a new file.
fn refuse_lost_version(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    match schema::has_lost_version(connection) {
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
        assert_eq!(reader.find_damage().unwrap(), None);
    }

    #[test]
    fn a_reader_sees_later_events() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        let reader = Journal::read(&path).unwrap().unwrap();
        journal.append("a", None, 1, "{}").unwrap();
        assert_eq!(reader.events("a", 0).unwrap().len(), 1);
    }

    #[test]
    fn reading_a_missing_journal_creates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        assert!(Journal::read(&path).unwrap().is_none());
        assert!(!path.exists());
    }

    #[test]
    fn a_newer_journal_is_refused() {
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
