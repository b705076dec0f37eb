//! When changes were sent to a server, kept in a file: what a server allows holds also for a process that was killed and
//! resumed, and for two at once.
//!
//! Who has the file locked has the turn. One that cannot be kept is a pity, but no reason to open no pull requests. Knows
//! nothing of limits.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is older matters to no limit.
const MEMORY: Duration = Duration::from_hours(1);

/// Between two looks whether another process has had its turn.
const LOOK: Duration = Duration::from_millis(50);

/// With so many lines that do not matter any longer, the file is written anew.
const STALE: usize = 2_000;

/// The file, while nobody has its lock.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

/// The file with its lock.
#[derive(Debug)]
pub(super) struct Page {
    file: File,
}

impl Ledger {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Waits for the lock, and gives how long ago changes were sent, the oldest first.
    pub(super) async fn turn(&self) -> Option<(Page, Vec<Duration>)> {
        let read = async {
            let mut page = Page::locked(&self.path).await?;
            let past = page.read()?;
            io::Result::Ok((page, past))
        };
        match read.await {
            Ok(turn) => Some(turn),
            Err(error) => {
                tracing::warn!("{} cannot be kept: {error}", self.path.display());
                None
            }
        }
    }
}

impl Page {
    async fn locked(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn read(&mut self) -> io::Result<Vec<Duration>> {
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        let now = now();
        // A line that a crash cut short, or a clock that was set back, counts as just now: too slow is no harm.
        let moments: Vec<u64> = text
            .lines()
            .map(|line| line.parse().map_or(now, |moment: u64| moment.min(now)))
            .collect();
        let age = |moment: &u64| Duration::from_millis(now - moment);
        let recent: Vec<u64> = moments
            .iter()
            .filter(|moment| age(moment) < MEMORY)
            .copied()
            .collect();
        if moments.len() - recent.len() > STALE {
            let line = |moment: &u64| format!("{moment}\n");
            let lines: Vec<String> = recent.iter().map(line).collect();
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(lines.concat().as_bytes())?;
        }
        Ok(recent.iter().map(age).collect())
    }

    /// Writes down that a change is sent now.
    pub(super) fn note(&mut self) {
        let line = format!("{}\n", now());
        let written = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!("a change to a server cannot be noted: {error}");
        }
    }
}

/// Milliseconds since 1970-01-01 UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_noted_is_known_to_the_next_who_has_the_turn() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = || Ledger::at(folder.path().join("pace/server"));
        let (mut page, past) = ledger().turn().await.expect("a turn");
        assert_eq!(past, []);
        page.note();
        let other = ledger();
        let waiting = other.turn();
        tokio::pin!(waiting);
        let early = tokio::time::timeout(2 * LOOK, &mut waiting).await;
        assert!(early.is_err(), "two have the turn");
        drop(page);
        let (_, past) = waiting.await.expect("a turn");
        assert_eq!(past.len(), 1);
    }

    #[tokio::test]
    async fn old_and_broken_lines_do_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server");
        let old = "1700000000000\n".repeat(STALE + 1);
        std::fs::write(&path, format!("{old}99999999999999999\n17000")).expect("a file");
        let (page, past) = Ledger::at(path.clone()).turn().await.expect("a turn");
        drop(page);
        assert_eq!(past.len(), 1);
        let left = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(left.lines().count(), 1);
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_written_is_done_without() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        assert!(Ledger::at(file.join("server")).turn().await.is_none());
    }
}
