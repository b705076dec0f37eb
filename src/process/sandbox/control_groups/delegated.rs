//! The group that the system has handed over to this process, if it has, and what this process makes of it.
//!
//! No process may be in a group that hands controllers down. So this process moves into a group below for as long as a
//! worker has one, and goes back afterwards: then everything is as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::place::own_group;

/// The controllers that bound a worker.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// The names of groups begin with this, and go on with the number of the process that made them.
const PREFIX: &str = "batch-";

/// How often everything is moved that is in a group.
const MOVES: usize = 3;

/// Why the processes of a worker have no limits together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGroups {
    #[error("this system has no control groups of version 2")]
    NoTree,
    #[error("the control group of batch has no controller for {0}")]
    NoController(&'static str),
    #[error("other processes are in the control group of batch")]
    Shared,
    #[error("{what} was refused in the control group of batch ({why})")]
    Refused { what: &'static str, why: String },
}

/// The group of this process and what is made in it.
#[derive(Debug)]
pub(super) struct Delegated {
    folder: PathBuf,
    /// The number of this process.
    own: u32,
    /// How many workers have a group now.
    workers: usize,
    /// How many workers have had one.
    made: u64,
    /// Groups that could not be removed yet.
    busy: Vec<PathBuf>,
}

/// What was found out. It holds as long as this process runs.
static FOUND: Mutex<Option<Result<Delegated, NoGroups>>> = Mutex::new(None);

/// Finds out whether the processes of a worker can be limited together.
pub fn try_groups() -> Result<(), NoGroups> {
    with_delegated(|_| ())
}

/// Does something with the group that is handed over, which is looked for once.
pub(super) fn with_delegated<T>(act: impl FnOnce(&mut Delegated) -> T) -> Result<T, NoGroups> {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let delegated =
        found.get_or_insert_with(|| Delegated::tried(own_folder()?, std::process::id()));
    delegated.as_mut().map(act).map_err(|why| why.clone())
}

/// Returns the folder of this process's own group.
fn own_folder() -> Result<PathBuf, NoGroups> {
    #[cfg(debug_assertions)]
    if let Some(folder) = std::env::var_os("BATCH_CONTROL_GROUP") {
        return Ok(folder.into());
    }
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    own_group(&read("mountinfo"), &read("cgroup")).ok_or(NoGroups::NoTree)
}

impl Delegated {
    /// Tries all that a worker's group needs, and puts everything back.
    pub(super) fn tried(folder: PathBuf, own: u32) -> Result<Self, NoGroups> {
        let controllers = read(&folder.join("cgroup.controllers"))?;
        let has = |name: &str| controllers.split_whitespace().any(|it| it == name);
        if let Some(missing) = CONTROLLERS.into_iter().find(|name| !has(name)) {
            return Err(NoGroups::NoController(missing));
        }
        remove_leftovers(&folder);
        let mut delegated = Self {
            folder,
            own,
            workers: 0,
            made: 0,
            busy: Vec::new(),
        };
        let trial = delegated.make()?;
        let limited = ["memory.max", "pids.max"]
            .into_iter()
            .try_for_each(|limit| write(&trial.join(limit), "max"));
        delegated.end(trial);
        limited.map_err(refused("a limit"))?;
        Ok(delegated)
    }

    /// Makes the folder of a worker's group.
    pub(super) fn make(&mut self) -> Result<PathBuf, NoGroups> {
        self.remove_busy();
        if self.workers == 0 {
            self.hand_down()?;
        }
        self.made += 1;
        let group = self
            .folder
            .join(format!("{PREFIX}{}-{}", self.own, self.made));
        match fs::create_dir(&group) {
            Ok(()) => {
                self.workers += 1;
                Ok(group)
            }
            Err(error) => {
                self.take_back_unused();
                Err(refused("a further group")(error))
            }
        }
    }

    /// Ends what is left in a worker's group, and removes it.
    pub(super) fn end(&mut self, group: PathBuf) {
        end_processes(&group);
        self.busy.push(group);
        self.remove_busy();
        self.workers = self.workers.saturating_sub(1);
        self.take_back_unused();
    }

    /// Returns the bytes of memory that are there for all workers: the machine's, or what the own group may have.
    pub(super) fn memory(&self) -> u64 {
        let own = read(&self.folder.join("memory.max")).unwrap_or_default();
        let machine = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        own.trim()
            .parse()
            .unwrap_or(u64::MAX)
            .min(total_memory(&machine).unwrap_or(u64::MAX))
    }

    /// Moves this process into a group below, and hands the controllers down.
    fn hand_down(&self) -> Result<(), NoGroups> {
        let is_other = |member: &u32| !descends(*member, self.own);
        if members(&self.folder).iter().any(is_other) {
            return Err(NoGroups::Shared);
        }
        let below = self.below();
        let made = fs::create_dir(&below).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        });
        made.map_err(refused("a group"))?;
        let moved = self.move_all(&self.folder, &below);
        let handed = moved.map_err(refused("moving a process")).and_then(|()| {
            let words = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
            write(&self.folder.join("cgroup.subtree_control"), &words)
                .map_err(refused("handing the controllers down"))
        });
        if handed.is_err() {
            self.take_back();
        }
        handed
    }

    fn take_back_unused(&self) {
        if self.workers == 0 {
            self.take_back();
        }
    }

    /// Takes the controllers and this process back.
    fn take_back(&self) {
        let below = self.below();
        let words = CONTROLLERS.map(|name| format!("-{name}")).join(" ");
        let back = write(&self.folder.join("cgroup.subtree_control"), &words)
            .and_then(|()| self.move_all(&below, &self.folder))
            .and_then(|()| fs::remove_dir(&below));
        if let Err(error) = back {
            tracing::debug!("{} stays: {error}", below.display());
        }
    }

    /// Moves this process and its descendants from one group to another.
    fn move_all(&self, from: &Path, to: &Path) -> io::Result<()> {
        let procs = to.join("cgroup.procs");
        write(&procs, &self.own.to_string())?;
        // What is moved may start a further process meanwhile.
        for _ in 0..MOVES {
            for member in members(from) {
                if member != self.own {
                    // It may have ended by itself.
                    let _ = write(&procs, &member.to_string());
                }
            }
        }
        Ok(())
    }

    /// The group in which this process is while a worker has one.
    fn below(&self) -> PathBuf {
        self.folder.join(format!("{PREFIX}{}", self.own))
    }

    /// Removes the groups that could not be removed before: a process that was killed takes a moment to end.
    fn remove_busy(&mut self) {
        self.busy.retain(|group| {
            fs::remove_dir(group).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
        });
    }
}

/// Removes the groups of processes of batch that are gone, and ends the workers in them.
fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let Some((maker, whose)) = name.to_str().and_then(parts) else {
            continue;
        };
        if kill(maker, None) == Err(Errno::ESRCH) {
            if whose == Whose::Worker {
                end_processes(&entry.path());
            }
            if let Err(error) = fs::remove_dir(entry.path()) {
                tracing::debug!("{} stays: {error}", entry.path().display());
            }
        }
    }
}

/// Who is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The process that made it, and what that one started for itself.
    Maker,
    Worker,
}

/// Returns the process that made the group with this name, and who is in the group.
fn parts(name: &str) -> Option<(Pid, Whose)> {
    let numbers = name.strip_prefix(PREFIX)?;
    let (maker, whose) = match numbers.split_once('-') {
        Some((maker, _)) => (maker, Whose::Worker),
        None => (numbers, Whose::Maker),
    };
    Some((Pid::from_raw(maker.parse().ok()?), whose))
}

/// Kills every process in a group, whatever session it is in.
fn end_processes(group: &Path) {
    if let Err(error) = write(&group.join("cgroup.kill"), "1") {
        tracing::debug!("{} is not ended: {error}", group.display());
    }
}

fn members(group: &Path) -> Vec<u32> {
    let members = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    members
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect()
}

/// Checks whether a process is this one or was started by it, directly or not.
fn descends(process: u32, from: u32) -> bool {
    let parent = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the program may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(1)?.parse::<u32>().ok()
    };
    std::iter::successors(Some(process), |process| parent(*process)).any(|it| it == from)
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn read(path: &Path) -> Result<String, NoGroups> {
    fs::read_to_string(path).map_err(refused("reading"))
}

/// Writes a value into a file of a group.
pub(super) fn write(path: &Path, value: &str) -> io::Result<()> {
    fs::write(path, value)
}

fn refused(what: &'static str) -> impl FnOnce(io::Error) -> NoGroups {
    move |error| NoGroups::Refused {
        what,
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a group with these processes in it.
    fn tree(controllers: &str, procs: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.controllers"), controllers).unwrap();
        fs::write(folder.path().join("cgroup.procs"), procs).unwrap();
        folder
    }

    fn tried(controllers: &str, procs: &str) -> Result<(), String> {
        let folder = tree(controllers, procs);
        let found = Delegated::tried(folder.path().into(), std::process::id());
        found.map(drop).map_err(|why| why.to_string())
    }

    #[test]
    fn a_group_of_this_process_alone_with_both_controllers_will_do() {
        let own = format!("{}\n", std::process::id());
        assert_eq!(tried("cpu memory pids\n", &own), Ok(()));
        let why = |controllers: &str, procs: &str| tried(controllers, procs).unwrap_err();
        insta::assert_snapshot!(
            [
                why("hugetlb\n", &own),
                why("memory\n", &own),
                why("memory pids\n", &format!("{own}1\n")),
            ]
            .join("\n"),
            @r"
        the control group of batch has no controller for memory
        the control group of batch has no controller for pids
        other processes are in the control group of batch
        "
        );
    }

    #[test]
    fn the_controllers_are_handed_down_while_a_worker_has_a_group() {
        let folder = tree("memory pids", "");
        let own = std::process::id();
        let at = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        let mut delegated = Delegated::tried(folder.path().into(), own).unwrap();
        assert_eq!(at("cgroup.subtree_control"), "-memory -pids");
        let group = delegated.make().unwrap();
        assert_eq!(group, folder.path().join(format!("batch-{own}-2")));
        assert_eq!(at("cgroup.subtree_control"), "+memory +pids");
        assert_eq!(at(&format!("batch-{own}/cgroup.procs")), own.to_string());
        let other = delegated.make().unwrap();
        delegated.end(group.clone());
        assert_eq!(fs::read_to_string(group.join("cgroup.kill")).unwrap(), "1");
        assert_eq!(at("cgroup.subtree_control"), "+memory +pids");
        delegated.end(other);
        assert_eq!(at("cgroup.subtree_control"), "-memory -pids");
        assert_eq!(at("cgroup.procs"), own.to_string());
    }

    #[test]
    fn groups_of_processes_that_are_gone_are_removed() {
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        let (gone, own) = (gone.id(), std::process::id());
        let folder = tree("memory pids", "");
        let left = folder.path().join(format!("batch-{gone}-7"));
        let makers = folder.path().join(format!("batch-{gone}"));
        let held = folder.path().join(format!("batch-{own}-7"));
        let others = folder.path().join("init.scope");
        for group in [&left, &makers, &held, &others] {
            fs::create_dir(group).unwrap();
        }
        Delegated::tried(folder.path().into(), own).unwrap();
        // A file is there, unlike in a real group, whose folder goes with its files.
        assert_eq!(fs::read_to_string(left.join("cgroup.kill")).unwrap(), "1");
        assert!(!makers.exists() && held.exists() && others.exists());
        assert!(!held.join("cgroup.kill").exists() && !others.join("cgroup.kill").exists());
    }

    #[test]
    fn what_this_process_started_descends_from_it() {
        let own = std::process::id();
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(descends(own, own));
        assert!(cfg!(not(target_os = "linux")) || descends(child.id(), own));
        assert!(!descends(1, own));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
