//! The lock that lets one process drive a run. The operating system releases it when its owner dies, so a killed
//! process never leaves a run locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// How long to wait for the lock of a dead process: much longer than starting a program takes.
const DEAD_OWNER_WAIT: Duration = Duration::from_secs(2);

/// The lock of a run, held while this process drives the run.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

/// The process that drives a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A living process, with its id if the lock file names one.
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
        match lock_or_outwait_dead_owner(&mut file, File::try_lock) {
            Ok(()) => {
                file.set_len(0)?;
                write!(file, "{}", std::process::id())?;
                Ok(Ok(Self { file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(Holder::Process(pid_in(&mut file)))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Returns the process that holds the lock at `path`, without taking the lock.
    pub fn holder(path: &Path) -> std::io::Result<Holder> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Holder::Nobody);
            }
            Err(error) => return Err(error),
        };
        match lock_or_outwait_dead_owner(&mut file, File::try_lock_shared) {
            Ok(()) => Ok(Holder::Nobody),
            Err(TryLockError::WouldBlock) => Ok(Holder::Process(pid_in(&mut file))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for RunLock {
    /// Unlocks the file: closing it would leave the lock with a child that is just being started and still has it open.
    fn drop(&mut self) {
        // If unlocking fails, the file is closed all the same.
        let _ = self.file.unlock();
    }
}

/// Tries to lock, and waits when the owner is dead. An owner that was killed while it started a child shares its lock
/// with the child until the child runs its own program.
fn lock_or_outwait_dead_owner(
    file: &mut File,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    let started = Instant::now();
    loop {
        match lock(file) {
            Err(TryLockError::WouldBlock)
                if started.elapsed() < DEAD_OWNER_WAIT && pid_in(file).is_some_and(is_gone) =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
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
    fn a_second_process_learns_which_one_holds_the_lock() {
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
