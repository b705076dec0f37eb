//! One process drives a run: a lock of the operating system's that dies with its owner, so that a killed process never
//! leaves a run locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// Much longer than it takes to start a program.
const PATIENCE: Duration = Duration::from_secs(2);

/// Held for as long as this process drives the run.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// Who drives a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A living process; its number where it could be read.
    Process(Option<u32>),
    Nobody,
}

impl RunLock {
    /// Takes the lock at `path`; the inner error names who has it already.
    pub fn acquire(path: &Path) -> std::io::Result<Result<Self, Holder>> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        match outlasting_the_dead(&mut file, File::try_lock) {
            Ok(()) => {
                file.set_len(0)?;
                write!(file, "{}", std::process::id())?;
                Ok(Ok(Self { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(Holder::Process(pid_in(&mut file)))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Who has the lock at `path`, without taking it.
    pub fn holder(path: &Path) -> std::io::Result<Holder> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Holder::Nobody);
            }
            Err(error) => return Err(error),
        };
        match outlasting_the_dead(&mut file, File::try_lock_shared) {
            Ok(()) => Ok(Holder::Nobody),
            Err(TryLockError::WouldBlock) => Ok(Holder::Process(pid_in(&mut file))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for RunLock {
    /// Closing the file alone would leave the lock with a child that is just being started and still has it open.
    fn drop(&mut self) {
        // Where this fails, the file is closed all the same.
        let _ = self.file.unlock();
    }
}

/// Tries to lock. A process that was killed while it was starting a child shares its lock with that child until the
/// child has become another program: when the owner is gone, that moment is waited for.
fn outlasting_the_dead(
    file: &mut File,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    let started = Instant::now();
    loop {
        match lock(file) {
            Err(TryLockError::WouldBlock)
                if started.elapsed() < PATIENCE && pid_in(file).is_some_and(is_gone) =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn is_gone(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_driver_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let me = Holder::Process(Some(std::process::id()));
        assert_eq!(RunLock::holder(&path).unwrap(), Holder::Nobody);
        let lock = RunLock::acquire(&path).unwrap().unwrap();
        assert_eq!(RunLock::acquire(&path).unwrap().unwrap_err(), me);
        assert_eq!(RunLock::holder(&path).unwrap(), me);
        drop(lock);
        assert_eq!(RunLock::holder(&path).unwrap(), Holder::Nobody);
        assert!(RunLock::acquire(&path).unwrap().is_ok());
    }
}
