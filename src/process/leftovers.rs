//! Ends processes that outlived the runner that started them, and finds them by tags in their environment.
//!
//! A killed runner cannot end its children. But the variables that it sets for each child stay with the child and all
//! its descendants, in any session or group. Reads `/proc` (proc(5)); a system without `/proc` finds no process.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A killed process ends at once, unless it waits for a disk.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// The variables with which a process was started.
pub struct StartVariables(Vec<u8>);

impl StartVariables {
    /// Returns the value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.split(|byte| *byte == 0).find_map(|variable| {
            let value = variable.strip_prefix(name.as_bytes())?;
            value.strip_prefix(b"=").map(OsStr::from_bytes)
        })
    }
}

/// Lists the processes, but for this one, whose variables say that they are meant.
pub fn find_processes(is_meant: impl Fn(&StartVariables) -> bool) -> Vec<(u32, StartVariables)> {
    let own = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .filter_map(|pid| {
            // The environment of a zombie is empty, and that of another user's process cannot be read.
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            Some((pid, StartVariables(environment)))
        })
        .filter(|(_, variables)| is_meant(variables))
        .collect()
}

/// Kills every process whose variables say that it is meant, and waits until none is left. Returns the number of killed
/// processes, without those that this user may not kill.
pub fn end_processes(is_meant: impl Fn(&StartVariables) -> bool) -> usize {
    let started = Instant::now();
    let mut killed = BTreeSet::new();
    loop {
        let leftovers = find_processes(&is_meant);
        // A process may start another one before it dies, so repeat until none is left.
        if leftovers.is_empty() || started.elapsed() > KILL_TIMEOUT {
            return killed.len();
        }
        for (pid, _) in leftovers {
            let killable = i32::try_from(pid).map(Pid::from_raw);
            if killable.is_ok_and(|pid| kill(pid, Signal::SIGKILL).is_ok()) {
                killed.insert(pid);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_tagged_processes_are_ended_in_any_session() {
        let start = |run: &str| {
            Command::new("sh")
                .args(["-c", "setsid sleep 600 & echo; exec sleep 600"])
                .env("BATCH_LEFTOVER_TEST", run)
                .stdout(Stdio::piped())
                .process_group(0)
                .spawn()
                .unwrap()
        };
        let (mut tagged, mut other) = (start("mine"), start("other"));
        for child in [&mut tagged, &mut other] {
            // Wait until the grandchild is started.
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        }
        let end = |run: &str| {
            end_processes(|variables| variables.get("BATCH_LEFTOVER_TEST") == Some(run.as_ref()))
        };
        assert_eq!(end("mine"), 2);
        assert!(!tagged.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        assert_eq!(end("mine"), 0);
        assert_eq!(end("other"), 2);
        other.wait().unwrap();
    }
}
