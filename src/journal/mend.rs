//! What is done with a journal that is damaged: it is set aside whole, and what can be read of it begins a new one.
//!
//! A crash in the middle costs nothing: the new journal takes the old one's place in one step, and until then every
//! source is still there to be read again.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::{Journal, JournalError, Row, ground, salvage, schema};
use crate::words;

/// Longer than another process needs to make a journal or to open it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    journal: PathBuf,
    what: String,
    pub aside: PathBuf,
    pub recovered: usize,
    /// How many numbers are missing between the recovered events; what came after the last cannot be told.
    pub missing: u64,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal {} was damaged ({}): it was set aside as {}, and {} recovered into a new one",
            self.journal.display(),
            self.what,
            self.aside.display(),
            match self.recovered {
                0 => "nothing could be".to_owned(),
                1 => "1 event was".to_owned(),
                more => format!("{more} events were"),
            },
        )?;
        match self.missing {
            0 => Ok(()),
            gone => write!(
                f,
                "; {} or more could not be read",
                words::count(gone, "event")
            ),
        }
    }
}

/// Mends the journal at `path` if it is damaged; says what was done, if anything was.
pub fn mend(path: &Path) -> Result<Option<Mended>, JournalError> {
    if let Some(kind) = ground::network(path) {
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
    let lock = lock_file(path)?;
    let Some(lock) = lock else { return Ok(None) };
    let found = || {
        Ok(match damage(path)? {
            None if unfinished.exists() => Some("it was about to be replaced".to_owned()),
            found => found,
        })
    };
    while let Some(what) = found()? {
        match lock.try_lock() {
            // Whoever was making it may have become ready since.
            Ok(()) => {
                return found()?
                    .map(|what| replace(path, what, &unfinished))
                    .transpose();
            }
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                std::thread::sleep(super::AGAIN);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::DamagedInUse {
                    path: path.to_path_buf(),
                    what,
                });
            }
            Err(TryLockError::Error(source)) => return Err(folder(path, source)),
        }
    }
    Ok(None)
}

/// What is wrong with the journal, if there is one and anything is.
pub fn damage(path: &Path) -> Result<Option<String>, JournalError> {
    let known = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| folder(path, source))?,
    };
    if known.len() == 0 {
        return Ok(Some("it is empty".into()));
    }
    let found = Journal::read(path).and_then(|journal| match journal {
        None => Ok(None),
        Some(journal) => journal.damage(),
    });
    match found {
        Err(JournalError::Damaged { what, .. }) => Ok(Some(what)),
        other => other,
    }
}

/// Held shared by everyone who writes, so that a journal is never replaced under a writer's hands. `None` where there
/// is no folder for it yet.
pub(super) fn lock_file(path: &Path) -> Result<Option<File>, JournalError> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"));
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(folder(path, source)),
    }
}

fn replace(path: &Path, what: String, new: &Path) -> Result<Mended, JournalError> {
    let fault = |source| folder(path, source);
    // What an earlier attempt had read already counts as well.
    let mut rows = read(new)?;
    rows.extend(read(path)?);
    let last = rows.keys().next_back().copied().unwrap_or(0);
    let recovered = rows.len();
    let written = beside(path, ".new-part");
    discard(&written).map_err(fault)?;
    write(&written, rows)?;
    fs::rename(&written, new).map_err(fault)?;

    let aside = (1..=u32::MAX)
        .map(|number| beside(path, &format!(".damaged-{number}")))
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| beside(path, ".damaged"));
    fs::copy(path, &aside).map_err(fault)?;
    for ending in ["-wal", "-shm"] {
        // A log of the old journal must never be read as one of the new.
        match fs::rename(beside(path, ending), beside(&aside, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(fault)?,
        }
    }
    File::open(&aside)
        .and_then(|file| file.sync_all())
        .map_err(fault)?;
    fs::rename(new, path).map_err(fault)?;
    Ok(Mended {
        journal: path.to_path_buf(),
        what,
        aside,
        recovered,
        missing: last - recovered as u64,
    })
}

/// The events that the journal at `path` and its log still hold.
fn read(path: &Path) -> Result<BTreeMap<u64, Row>, JournalError> {
    let bytes = |path: &Path| match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|source| folder(path, source)),
    };
    Ok(salvage::events(
        &bytes(path)?,
        &bytes(&beside(path, "-wal"))?,
    ))
}

/// A new journal of these events, closed, and so without a log.
fn write(path: &Path, rows: BTreeMap<u64, Row>) -> Result<(), JournalError> {
    let mut connection = super::connect(path)?;
    schema::bring_up(&mut connection, schema::STEPS)
        .and_then(|_| fill(&mut connection, rows))
        .map_err(JournalError::Write)?;
    connection
        .close()
        .map_err(|(_, error)| JournalError::Write(error))
}

fn fill(connection: &mut Connection, rows: BTreeMap<u64, Row>) -> rusqlite::Result<()> {
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

fn discard(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// The path with something added to its end.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn folder(path: &Path, source: io::Error) -> JournalError {
    JournalError::Folder {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> (tempfile::TempDir, PathBuf, Vec<Row>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open(&path).unwrap();
        journal.connection.execute_batch("BEGIN").unwrap();
        for number in 0..count {
            // Some go over several pages; one is the longest of all for a page.
            let length = [20, 300, 4031, 9000, 50_000][number % 5];
            let unit = (number % 3 > 0).then_some("01-a");
            let fact = format!("{{\"n\":\"{}\"}}", "é".repeat(length / 2));
            let at = [0, 1, -5, 70_000, 1_795_000_000_000][number % 5];
            journal.append("r", unit, at, &fact).unwrap();
        }
        journal.connection.execute_batch("COMMIT").unwrap();
        let rows = journal.events("r", 0).unwrap();
        (folder, path, rows)
    }

    fn overwrite(path: &Path, range: std::ops::Range<usize>) {
        let mut bytes = fs::read(path).unwrap();
        bytes[range].fill(0x5a);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn every_event_is_found_without_sqlite() {
        let (_folder, path, rows) = rows(60);
        let found: Vec<Row> = read(&path).unwrap().into_values().collect();
        assert!(found == rows);
    }

    #[test]
    fn events_that_only_the_log_holds_are_found() {
        let (_folder, path, rows) = rows(7);
        let mut open = Journal::open(&path).unwrap();
        open.append("later", None, 3, "{}").unwrap();
        assert!(fs::metadata(beside(&path, "-wal")).unwrap().len() > 0);
        let found = read(&path).unwrap();
        assert_eq!(found.len(), rows.len() + 1);
        assert_eq!(found[&8].run, "later");
    }

    #[test]
    fn without_its_header_nothing_is_lost() {
        let (_folder, path, rows) = rows(60);
        overwrite(&path, 0..100);
        assert!(matches!(
            Journal::open(&path),
            Err(JournalError::Damaged { .. })
        ));
        let mended = mend(&path).unwrap().unwrap();
        assert_eq!((mended.recovered, mended.missing), (60, 0));
        assert!(Journal::open(&path).unwrap().events("r", 0).unwrap() == rows);
        assert!(mended.aside.exists());
        assert_eq!(mend(&path).unwrap(), None);
    }

    #[test]
    fn a_page_in_the_middle_costs_only_what_stood_there() {
        let (_folder, path, _) = rows(200);
        let whole = fs::metadata(&path).unwrap().len();
        let middle = usize::try_from(whole).unwrap() / 8192 * 4096;
        overwrite(&path, middle..middle + 4096);
        overwrite(&path, 4096..8192);
        let mended = mend(&path).unwrap().unwrap();
        assert!(mended.recovered > 190, "{mended}");
        assert!(mended.recovered < 200 || mended.missing == 0, "{mended}");
        let mut journal = Journal::open(&path).unwrap();
        assert_eq!(journal.events("r", 0).unwrap().len(), mended.recovered);
        // Numbers go on after the last that was known.
        let next = journal.append("r", None, 1, "{}").unwrap();
        assert!(next > mended.recovered as u64);
    }

    #[test]
    fn a_journal_that_is_being_written_is_not_replaced() {
        let (_folder, path, _) = rows(60);
        let writer = Journal::open(&path).unwrap();
        overwrite(&path, 4096..8192);
        let why = mend(&path).unwrap_err().to_string();
        assert!(why.contains("another process"), "{why}");
        drop(writer);
    }

    #[test]
    fn an_empty_file_is_no_new_journal() {
        let (_folder, path, _) = rows(1);
        fs::write(&path, "").unwrap();
        let said = mend(&path).unwrap().unwrap().to_string();
        assert!(
            said.contains("it is empty") && said.contains("nothing could be"),
            "{said}"
        );
    }

    #[test]
    fn what_is_sound_or_not_there_is_left_alone() {
        let (folder, path, _) = rows(1);
        assert_eq!(mend(&path).unwrap(), None);
        assert_eq!(mend(&folder.path().join("no/journal.db")).unwrap(), None);
    }

    #[test]
    fn a_replacement_that_was_broken_off_is_made_again() {
        let (_folder, path, rows) = rows(20);
        fs::copy(&path, beside(&path, ".new")).unwrap();
        overwrite(&path, 0..8192);
        let mended = mend(&path).unwrap().unwrap();
        assert_eq!(mended.recovered, rows.len());
        assert!(!beside(&path, ".new").exists());
    }
}
