//! The group of one worker: its limits, the way in, what it ran into, its end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::delegated::{NoGroups, with_delegated, write};
use crate::process::sandbox::limits::{GroupLimits, ResourceLimits, Swap};

/// The group of one worker. When dropped, whatever is left in it is killed, in any session, and the group is removed.
#[derive(Debug)]
pub(in crate::process) struct WorkerGroup {
    folder: PathBuf,
    limits: GroupLimits,
}

/// A limit of a group that a worker ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::process) enum Exceeded {
    /// The worker was ended for having more memory than these bytes.
    Memory(u64),
    /// The worker could not start a process beside this many.
    Processes(u64),
}

impl WorkerGroup {
    /// Makes a group with these limits; `None` where none can be had.
    pub(in crate::process) fn make(limits: &ResourceLimits) -> Option<Self> {
        let made = with_delegated(|delegated| {
            let limits = limits.of_a_group(delegated.memory());
            let folder = delegated.make()?;
            if let Err(why) = limit(&folder, &limits) {
                delegated.end(folder);
                return Err(why);
            }
            Ok(Self { folder, limits })
        });
        match made {
            Ok(Ok(group)) => Some(group),
            Ok(Err(why)) => {
                tracing::warn!("a worker is limited process by process: {why}");
                None
            }
            Err(_) => None,
        }
    }

    /// Opens the file through which a process gets in: it writes `0` there.
    pub(in crate::process) fn entrance(&self) -> io::Result<File> {
        let procs = self.folder.join("cgroup.procs");
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        options.open(procs)
    }

    /// Returns the limit that the worker ran into, if any.
    pub(in crate::process) fn exceeded(&self) -> Option<Exceeded> {
        let GroupLimits {
            memory, processes, ..
        } = self.limits;
        if has_happened(&self.folder.join("memory.events"), "oom_kill") {
            return Some(Exceeded::Memory(memory));
        }
        has_happened(&self.folder.join("pids.events"), "max")
            .then_some(Exceeded::Processes(processes))
    }
}

fn limit(group: &Path, limits: &GroupLimits) -> Result<(), NoGroups> {
    let set = |name: &str, value: &str| write(&group.join(name), value);
    set("memory.max", &limits.memory.to_string())
        .and_then(|()| set("pids.max", &limits.processes.to_string()))
        .map_err(|error| NoGroups::Refused {
            what: "a limit",
            why: error.to_string(),
        })?;
    // A worker that lost some of its processes would go on and tell nonsense. Kernels before 4.19 lack the first of
    // these, and kernels without swap the second.
    let mut lacking = vec![set("memory.oom.group", "1")];
    if limits.swap == Swap::Never {
        lacking.push(set("memory.swap.max", "0"));
    }
    for error in lacking.into_iter().filter_map(Result::err) {
        tracing::debug!("{}: {error}", group.display());
    }
    Ok(())
}

/// Checks whether a file of a group has counted an event.
fn has_happened(file: &Path, event: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let counts = text.lines().filter_map(|line| line.split_once(' '));
    counts
        .filter(|(name, _)| *name == event)
        .any(|(_, count)| count.trim().parse::<u64>().is_ok_and(|count| count > 0))
}

impl Drop for WorkerGroup {
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.folder);
        let _ = with_delegated(|delegated| delegated.end(folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_group_counted_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ResourceLimits::default().of_a_group(10);
        let group = std::mem::ManuallyDrop::new(WorkerGroup {
            folder: folder.path().into(),
            limits,
        });
        assert_eq!(group.exceeded(), None);
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("memory.events", "low 0\nmax 31\noom 0\noom_kill 0\n");
        put("pids.events", "max 0\n");
        assert_eq!(group.exceeded(), None);
        put("pids.events", "max 2\n");
        assert_eq!(group.exceeded(), Some(Exceeded::Processes(4_096)));
        put(
            "memory.events",
            "max 31\noom 1\noom_kill 3\noom_group_kill 1\n",
        );
        assert_eq!(group.exceeded(), Some(Exceeded::Memory(9)));
    }

    #[test]
    fn limits_are_written_into_the_group() {
        let folder = tempfile::tempdir().unwrap();
        let named = ResourceLimits {
            memory: Some(100),
            ..ResourceLimits::default()
        };
        limit(folder.path(), &named.of_a_group(1_000)).unwrap();
        let at = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        let all = [
            "memory.max",
            "memory.swap.max",
            "memory.oom.group",
            "pids.max",
        ]
        .map(at);
        let expected = ["100", "0", "1", "4096"].map(|value| Some(value.to_owned()));
        assert_eq!(all, expected);
    }
}
