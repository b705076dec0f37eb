//! Processes that outlived the one that started them: found by a mark in their environment, and ended.
//!
//! A killed runner cannot end its children. What it sets for each of them in the environment stays with them and with
//! all that they start, whatever session or group that goes to. Reads `/proc` (proc(5)); where there is none, nothing is
//! found.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A killed process is gone in no time; one that waits for a disk may take longer than anybody wants to wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends every process whose environment holds all of `marks`, and waits until they are gone. Gives how many there were;
/// what this user may not end is left alone.
pub fn end_strays(marks: &[(&str, OsString)]) -> usize {
    let marks: Vec<OsString> = marks
        .iter()
        .map(|(name, value)| {
            let mut mark = OsString::from(format!("{name}="));
            mark.push(value);
            mark
        })
        .collect();
    let started = Instant::now();
    let mut ended = std::collections::BTreeSet::new();
    loop {
        let strays = marked(&marks);
        // New ones may have been started by those that are ended, so this goes on until none is left.
        if strays.is_empty() || started.elapsed() > PATIENCE {
            return ended.len();
        }
        for pid in strays {
            if kill(pid, Signal::SIGKILL).is_ok() {
                ended.insert(pid);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn marked(marks: &[OsString]) -> Vec<Pid> {
    let own = Pid::this();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .filter(|pid| *pid != own && holds_all(*pid, marks))
        .collect()
}

fn holds_all(pid: Pid, marks: &[OsString]) -> bool {
    // Empty for a process that has ended and was not waited for yet.
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
        return false;
    };
    marks.iter().all(|mark| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
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
    fn marked_processes_are_ended_also_in_other_sessions_and_no_others() {
        let start = |run: &str| {
            Command::new("sh")
                .args(["-c", "setsid sleep 600 & echo; exec sleep 600"])
                .env("BATCH_STRAY_TEST", run)
                .stdout(Stdio::piped())
                .process_group(0)
                .spawn()
                .unwrap()
        };
        let (mut marked, mut other) = (start("mine"), start("other"));
        for child in [&mut marked, &mut other] {
            // Wait until the grandchild is started.
            child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        }
        let end = |run: &str| end_strays(&[("BATCH_STRAY_TEST", run.into())]);
        assert_eq!(end("mine"), 2);
        assert!(!marked.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        assert_eq!(end("mine"), 0);
        assert_eq!(end("other"), 2);
        other.wait().unwrap();
    }
}
