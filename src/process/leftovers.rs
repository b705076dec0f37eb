//! Ends processes that outlived the runner that started them, and finds them by tags in their environment.
//!
//! A killed runner cannot end its children. But the variables that it sets for each child stay with the child and all
//! its descendants, in any session or group. Reads `/proc` (proc(5)); a system without `/proc` finds no process.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A killed process ends at once, unless it waits for a disk.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// Kills every process with all these variables in its environment, and waits until none is left. Returns the number of
/// killed processes, without those that this user may not kill.
pub fn end_leftover_processes(tags: &[(&str, OsString)]) -> usize {
    let tags: Vec<OsString> = tags
        .iter()
        .map(|(name, value)| {
            let mut tag = OsString::from(format!("{name}="));
            tag.push(value);
            tag
        })
        .collect();
    let started = Instant::now();
    let mut killed = BTreeSet::new();
    loop {
        let leftovers = tagged_processes(&tags);
        // A process may start another one before it dies, so repeat until none is left.
        if leftovers.is_empty() || started.elapsed() > KILL_TIMEOUT {
            return killed.len();
        }
        for pid in leftovers {
            if kill(pid, Signal::SIGKILL).is_ok() {
                killed.insert(pid);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn tagged_processes(tags: &[OsString]) -> Vec<Pid> {
    let own = Pid::this();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(|pid| *pid != own && has_all_tags(*pid, tags))
        .collect()
}

fn has_all_tags(pid: Pid, tags: &[OsString]) -> bool {
    // The environment of a zombie is empty.
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    tags.iter().all(|tag| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == tag.as_bytes())
    })
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
        let end = |run: &str| end_leftover_processes(&[("BATCH_LEFTOVER_TEST", run.into())]);
        assert_eq!(end("mine"), 2);
        assert!(!tagged.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        assert_eq!(end("mine"), 0);
        assert_eq!(end("other"), 2);
        other.wait().unwrap();
    }
}
