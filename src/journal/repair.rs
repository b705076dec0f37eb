//! Repairs a damaged journal: sets the whole file aside, and starts a new journal with the readable events.
//!
//! A crash during a repair loses nothing: the new journal replaces the old one in one step, and all sources stay in
//! place until then.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::database::{Journal, connect};
use super::error::JournalError;
use super::row::Row;
use super::{network_fs, recover, schema, write_lock};
use crate::words;

/// How long to wait for another process that creates or opens the journal.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// The result of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    journal: PathBuf,
    damage: String,
    /// The path of the damaged file.
    set_aside: PathBuf,
    /// The number of recovered events.
    recovered: usize,
    /// The number of sequence numbers that are missing between the recovered events. Events after the last recovered
    /// one leave no trace.
    missing: u64,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal {} was damaged ({}): it was set aside as {}, and {} recovered into a new one",
            self.journal.display(),
            self.damage,
            self.set_aside.display(),
            match self.recovered {
                0 => "nothing could be".to_owned(),
                1 => "1 event was".to_owned(),
                more => format!("{more} events were"),
            },
        )?;
        match self.missing {
            0 => Ok(()),
            missing => write!(
                f,
                "; {} or more could not be read",
                words::count(missing, "event")
            ),
        }
    }
}

/// Repairs the journal at `path` if it is damaged. Returns `None` for a sound or missing journal.
pub fn repair(path: &Path) -> Result<Option<Repair>, JournalError> {
    if let Some(kind) = network_fs::detect(path) {
        return Err(JournalError::Network {
            path: path.to_path_buf(),
            kind,
        });
    }
    let unfinished = beside(path, ".new");
    if !path.exists() && !unfinished.exists() {
        return Ok(None);
    }
    let started = Instant::now();
    let Some(lock) = write_lock::open(path)? else {
        return Ok(None);
    };
    let find = || {
        Ok(match find_damage(path)? {
            None if unfinished.exists() => Some("it was about to be replaced".to_owned()),
            damage => damage,
        })
    };
    while let Some(damage) = find()? {
        match lock.try_lock() {
            // Another process may have finished creating the journal meanwhile.
            Ok(()) => {
                return find()?
                    .map(|damage| replace(path, damage, &unfinished))
                    .transpose();
            }
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_TIMEOUT => {
                std::thread::sleep(RETRY_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::DamagedInUse {
                    path: path.to_path_buf(),
                    what: damage,
                });
            }
            Err(TryLockError::Error(source)) => return Err(JournalError::file(path, source)),
        }
    }
    Ok(None)
}

/// Describes the damage to the journal at `path`. Returns `None` for a sound or missing journal.
pub fn find_damage(path: &Path) -> Result<Option<String>, JournalError> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| JournalError::file(path, source))?,
    };
    if metadata.len() == 0 {
        return Ok(Some("it is empty".into()));
    }
    let damage = Journal::read(path).and_then(|journal| match journal {
        None => Ok(None),
        Some(journal) => journal.find_damage(),
    });
    match damage {
        Err(JournalError::Damaged { what, .. }) => Ok(Some(what)),
        other => other,
    }
}

/// Sets the journal at `path` aside and puts a journal with its readable events in its place. `new` is the path of the
/// new journal until then.
fn replace(path: &Path, damage: String, new: &Path) -> Result<Repair, JournalError> {
    let fault = |source| JournalError::file(path, source);
    // An interrupted repair may have left recovered events.
    let mut rows = read_events(new)?;
    rows.extend(read_events(path)?);
    let last = rows.keys().next_back().copied().unwrap_or(0);
    let recovered = rows.len();
    let written = beside(path, ".new-part");
    remove_database(&written).map_err(fault)?;
    write_journal(&written, rows)?;
    fs::rename(&written, new).map_err(fault)?;

    let set_aside = (1..=u32::MAX)
        .map(|number| beside(path, &format!(".damaged-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| beside(path, ".damaged"));
    fs::copy(path, &set_aside).map_err(fault)?;
    for ending in ["-wal", "-shm"] {
        // SQLite must not read a log of the old journal as a log of the new one.
        match fs::rename(beside(path, ending), beside(&set_aside, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(fault)?,
        }
    }
    File::open(&set_aside)
        .and_then(|file| file.sync_all())
        .map_err(fault)?;
    fs::rename(new, path).map_err(fault)?;
    Ok(Repair {
        journal: path.to_path_buf(),
        damage,
        set_aside,
        recovered,
        missing: last - recovered as u64,
    })
}

/// Returns the readable events in the journal at `path` and in its log.
fn read_events(path: &Path) -> Result<BTreeMap<u64, Row>, JournalError> {
    let bytes = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|source| JournalError::file(path, source)),
    };
    Ok(recover::events(
        &bytes(path)?,
        &bytes(&beside(path, "-wal"))?,
    ))
}

/// Writes a new journal with these events, and closes it, so that it has no log.
fn write_journal(path: &Path, rows: BTreeMap<u64, Row>) -> Result<(), JournalError> {
    let mut connection = connect(path)?;
    schema::migrate(&mut connection, schema::STEPS)
        .and_then(|_| insert_events(&mut connection, rows))
        .map_err(JournalError::Write)?;
    connection
        .close()
        .map_err(|(_, error)| JournalError::Write(error))
}

fn insert_events(connection: &mut Connection, rows: BTreeMap<u64, Row>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut insert = transaction
        .prepare("INSERT INTO events (seq, run, unit, at, fact) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (seq, row) in rows {
        let seq = seq.cast_signed();
        insert.execute(params![seq, row.run, row.unit, row.at, row.fact])?;
    }
    drop(insert);
    transaction.commit()
}

/// Removes a database with its log, if there is one.
fn remove_database(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// Returns the path with `ending` appended to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal with this many events, and the events.
    fn journal(count: usize) -> (tempfile::TempDir, PathBuf, Vec<Row>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let row = |number: usize| {
            // Some rows span several pages; 4031 bytes just fit one page.
            let length = [20, 300, 4031, 9000, 50_000][number % 5];
            Row {
                seq: number as u64 + 1,
                run: "r".to_owned(),
                unit: (!number.is_multiple_of(3)).then(|| "01-a".to_owned()),
                at: [0, 1, -5, 70_000, 1_795_000_000_000][number % 5],
                fact: format!("{{\"n\":\"{}\"}}", "é".repeat(length / 2)),
            }
        };
        let rows: Vec<Row> = (0..count).map(row).collect();
        let by_seq = rows.iter().cloned().map(|row| (row.seq, row));
        write_journal(&path, by_seq.collect()).unwrap();
        (folder, path, rows)
    }

    fn overwrite(path: &Path, range: std::ops::Range<usize>) {
        let mut bytes = fs::read(path).unwrap();
        bytes[range].fill(0x5a);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn every_event_is_recovered_without_sqlite() {
        let (_folder, path, rows) = journal(60);
        let found: Vec<Row> = read_events(&path).unwrap().into_values().collect();
        assert!(found == rows);
    }

    #[test]
    fn events_in_the_log_are_recovered() {
        let (_folder, path, rows) = journal(7);
        let mut open = Journal::open(&path).unwrap();
        open.append("later", None, 3, "{}").unwrap();
        assert!(fs::metadata(beside(&path, "-wal")).unwrap().len() > 0);
        let found = read_events(&path).unwrap();
        assert_eq!(found.len(), rows.len() + 1);
        assert_eq!(found[&8].run, "later");
    }

    #[test]
    fn a_lost_header_costs_no_event() {
        let (_folder, path, rows) = journal(60);
        overwrite(&path, 0..100);
        assert!(matches!(
            Journal::open(&path),
            Err(JournalError::Damaged { .. })
        ));
        let repair = super::repair(&path).unwrap().unwrap();
        assert_eq!((repair.recovered, repair.missing), (60, 0));
        assert!(Journal::open(&path).unwrap().events("r", 0).unwrap() == rows);
        assert!(repair.set_aside.exists());
        assert_eq!(super::repair(&path).unwrap(), None);
    }

    #[test]
    fn a_lost_page_costs_only_its_own_events() {
        let (_folder, path, _) = journal(200);
        let whole = fs::metadata(&path).unwrap().len();
        let middle = usize::try_from(whole).unwrap() / 8192 * 4096;
        overwrite(&path, middle..middle + 4096);
        overwrite(&path, 4096..8192);
        let repair = super::repair(&path).unwrap().unwrap();
        assert!(repair.recovered > 190, "{repair}");
        assert!(repair.recovered < 200 || repair.missing == 0, "{repair}");
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.events("r", 0).unwrap().len(), repair.recovered);
        // New sequence numbers continue after the last known one.
        let next = journal.append("r", None, 1, "{}").unwrap();
        assert!(next > repair.recovered as u64);
    }

    #[test]
    fn an_open_journal_is_not_replaced() {
        let (_folder, path, _) = journal(60);
        let writer = Journal::open(&path).unwrap();
        overwrite(&path, 4096..8192);
        let why = repair(&path).unwrap_err().to_string();
        assert!(why.contains("another process"), "{why}");
        drop(writer);
    }

    #[test]
    fn an_empty_file_is_damaged_and_not_new() {
        let (_folder, path, _) = journal(1);
        fs::write(&path, "").unwrap();
        let text = repair(&path).unwrap().unwrap().to_string();
        assert!(
            text.contains("it is empty") && text.contains("nothing could be"),
            "{text}"
        );
    }

    #[test]
    fn a_sound_or_missing_journal_is_not_repaired() {
        let (folder, path, _) = journal(1);
        assert_eq!(super::repair(&path).unwrap(), None);
        assert_eq!(
            super::repair(&folder.path().join("no/journal.db")).unwrap(),
            None
        );
    }

    #[test]
    fn an_interrupted_repair_is_finished() {
        let (_folder, path, rows) = journal(20);
        fs::copy(&path, beside(&path, ".new")).unwrap();
        overwrite(&path, 0..8192);
        let repair = super::repair(&path).unwrap().unwrap();
        assert_eq!(repair.recovered, rows.len());
        assert!(!beside(&path, ".new").exists());
    }

    #[test]
    fn several_processes_may_create_the_journal_at_once() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.db");
            let barrier = std::sync::Barrier::new(8);
            let open = || {
                barrier.wait();
                assert_eq!(super::repair(&path).unwrap(), None);
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
}
