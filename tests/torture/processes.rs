//! The agents and checks that work somewhere below a folder, found in `/proc`.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Every process that a run below `root` started for a unit.
pub fn workers(root: &Path) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let of = |what: &str| format!("/proc/{pid}/{what}");
            let marked = fs::read(of("environ")).is_ok_and(|environment| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|variable| variable.starts_with(b"BATCH_UNIT="))
            });
            marked && fs::read_link(of("cwd")).is_ok_and(|place| place.starts_with(root))
        })
        .map(Pid::from_raw)
        .collect()
}

/// Kills one of them; whether there was one.
pub fn kill_one(root: &Path, random: &mut fastrand::Rng) -> bool {
    let workers = workers(root);
    if workers.is_empty() {
        return false;
    }
    let chosen = workers[random.usize(..workers.len())];
    kill(chosen, Signal::SIGKILL).is_ok()
}
