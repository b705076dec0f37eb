//! A file that records when changes were sent to a server: the server's limits also hold for a process that was killed
//! and resumed, and for two processes at once.
//!
//! The process that holds the file's lock may send. A file that cannot be written keeps no pull request from being
//! opened. Knows nothing of limits.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No limit reaches further back than this.
const MEMORY: Duration = Duration::from_hours(1);

/// The time between two attempts to lock the file.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The number of outdated lines at which the file is rewritten.
const MOST_OUTDATED: usize = 2_000;

/// The file, without its lock.
#[derive(Debug)]
pub(super) struct ChangeHistory {
    path: PathBuf,
}

/// The file, locked until this is dropped.
#[derive(Debug)]
pub(super) struct LockedHistory {
    file: File,
}

impl ChangeHistory {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Waits for the lock, and returns it with how long ago changes were sent, the oldest first.
    pub(super) async fn lock(&self) -> Option<(LockedHistory, Vec<Duration>)> {
        let read = async {
            let mut history = LockedHistory::lock(&self.path).await?;
            let ages = history.read()?;
            io::Result::Ok((history, ages))
        };
        match read.await {
            Ok(locked) => Some(locked),
            Err(error) => {
                tracing::warn!("{} cannot be kept: {error}", self.path.display());
                None
            }
        }
    }
}

impl LockedHistory {
    async fn lock(path: &Path) -> io::Result<Self> {
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
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn read(&mut self) -> io::Result<Vec<Duration>> {
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        let now = now();
        // A line that a crash cut short counts as now, and so does one from before the clock was set back: too slow is
        // no harm.
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
        if moments.len() - recent.len() > MOST_OUTDATED {
            let line = |moment: &u64| format!("{moment}\n");
            let lines: Vec<String> = recent.iter().map(line).collect();
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(lines.concat().as_bytes())?;
        }
        Ok(recent.iter().map(age).collect())
    }

    /// Records that a change is sent now.
    pub(super) fn add_now(&mut self) {
        let line = format!("{}\n", now());
        let written = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!("a change to a server cannot be recorded: {error}");
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
    async fn the_next_holder_of_the_lock_sees_earlier_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = || ChangeHistory::at(folder.path().join("pace/server"));
        let (mut locked, ages) = history().lock().await.expect("the lock");
        assert_eq!(ages, []);
        locked.add_now();
        let other = history();
        let waiting = other.lock();
        tokio::pin!(waiting);
        let early = tokio::time::timeout(2 * LOCK_INTERVAL, &mut waiting).await;
        assert!(early.is_err(), "two have the lock");
        drop(locked);
        let (_, ages) = waiting.await.expect("the lock");
        assert_eq!(ages.len(), 1);
    }

    #[tokio::test]
    async fn old_and_broken_lines_do_no_harm() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("server");
        let old = "1700000000000\n".repeat(MOST_OUTDATED + 1);
        std::fs::write(&path, format!("{old}99999999999999999\n17000")).expect("a file");
        let history = ChangeHistory::at(path.clone());
        let (locked, ages) = history.lock().await.expect("the lock");
        drop(locked);
        assert_eq!(ages.len(), 1);
        let left = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(left.lines().count(), 1);
    }

    #[tokio::test]
    async fn a_history_that_cannot_be_written_is_no_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let history = ChangeHistory::at(file.join("server"));
        assert!(history.lock().await.is_none());
    }
}
