//! How much a worker may use: what the user says, or else what no usual tool chain needs.
//!
//! A control group bounds the memory and the processes of a worker as a whole. Without one, setrlimit(2) bounds each
//! process alone: then nothing is usual for memory, because compilers and runtimes reserve far more than they use, nor
//! for processes, because the system counts all of the user's.

use std::io;

use nix::libc;

/// How large a file may become, in bytes.
const FILE_SIZE: u64 = 20_000_000_000;

/// How many files a process may have open. Some programs take a moment for each file that they might have open.
const OPEN_FILES: u64 = 65_536;

/// How many processes and threads a worker may have at once.
const PROCESSES: u64 = 4_096;

/// How much a worker may use, as far as the user says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceLimits {
    /// The bytes of memory of a worker in a control group, or that one process may write to.
    pub memory: Option<u64>,
    /// How many processes a worker in a control group may have at once, or else the user: then the system does not
    /// limit root.
    pub processes: Option<u64>,
    /// The size of a file in bytes.
    pub file_size: Option<u64>,
    /// How many files one process may have open.
    pub open_files: Option<u64>,
}

/// What a process takes upon itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ProcessLimits {
    memory: Option<u64>,
    processes: Option<u64>,
    file_size: Option<u64>,
    open_files: Option<u64>,
}

/// What a control group bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupLimits {
    pub(super) memory: u64,
    pub(super) swap: Swap,
    pub(super) processes: u64,
}

/// Whether a worker's memory may be put on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    AsTheSystemLikes,
    Never,
}

impl ResourceLimits {
    /// Returns the first key whose value allows more than what is usual.
    pub(crate) fn above_usual(&self) -> Option<&'static str> {
        let keys = [
            ("processes", self.processes, PROCESSES),
            ("file-size", self.file_size, FILE_SIZE),
            ("open-files", self.open_files, OPEN_FILES),
        ];
        keys.into_iter()
            .find(|(_, named, usual)| named.is_some_and(|named| named > *usual))
            .map(|(key, ..)| key)
    }

    /// Returns how large a file may become, in bytes.
    pub(in crate::process) fn file_size(&self) -> u64 {
        self.file_size.unwrap_or(FILE_SIZE)
    }

    /// Returns the limits of a process that is in no control group.
    pub(super) fn of_a_process(&self) -> ProcessLimits {
        ProcessLimits {
            memory: self.memory,
            processes: self.processes,
            ..self.of_a_process_in_a_group()
        }
    }

    /// Returns what a control group leaves to each process.
    pub(super) fn of_a_process_in_a_group(&self) -> ProcessLimits {
        ProcessLimits {
            memory: None,
            processes: None,
            file_size: Some(self.file_size()),
            open_files: Some(self.open_files.unwrap_or(OPEN_FILES)),
        }
    }

    /// Returns the limits of a control group on a machine with so many bytes of memory, which one worker must not take
    /// all.
    pub(super) fn of_a_group(&self, machine: u64) -> GroupLimits {
        let most = machine / 10 * 9;
        GroupLimits {
            memory: self.memory.map_or(most, |named| named.min(most)),
            swap: match self.memory {
                Some(_) => Swap::Never,
                None => Swap::AsTheSystemLikes,
            },
            processes: self.processes.unwrap_or(PROCESSES),
        }
    }
}

impl ProcessLimits {
    /// Limits this process, and lets it write no dump of its memory. A limit that is lower already stays. Called
    /// between fork and exec: allocates nothing.
    pub(super) fn apply(&self) -> io::Result<()> {
        let all = [
            (libc::RLIMIT_CORE, Some(0)),
            (libc::RLIMIT_DATA, self.memory),
            (libc::RLIMIT_NPROC, self.processes),
            (libc::RLIMIT_FSIZE, self.file_size),
            (libc::RLIMIT_NOFILE, self.open_files),
        ];
        for (resource, limit) in all {
            if let Some(limit) = limit {
                let mut now = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                #[expect(unsafe_code, reason = "setrlimit(2), which may be called after fork")]
                // SAFETY: both calls get a valid pointer to a value on this stack.
                let set = unsafe {
                    libc::getrlimit(resource, &raw mut now);
                    now.rlim_cur = now.rlim_cur.min(limit);
                    now.rlim_max = now.rlim_max.min(limit);
                    libc::setrlimit(resource, &raw const now)
                };
                if set != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_names_is_usual_where_it_breaks_no_tool_chain() {
        let none = ResourceLimits::default();
        let alone = none.of_a_process();
        assert_eq!((alone.memory, alone.processes), (None, None));
        assert_eq!(alone.file_size, Some(FILE_SIZE));
        let group = none.of_a_group(10_000);
        assert_eq!((group.memory, group.processes), (9_000, PROCESSES));
        assert_eq!(group.swap, Swap::AsTheSystemLikes);
    }

    #[test]
    fn a_control_group_takes_memory_and_processes_over() {
        let named = ResourceLimits {
            memory: Some(5),
            processes: Some(6),
            ..ResourceLimits::default()
        };
        let alone = named.of_a_process();
        assert_eq!((alone.memory, alone.processes), (Some(5), Some(6)));
        let within = named.of_a_process_in_a_group();
        assert_eq!((within.memory, within.processes), (None, None));
        let group = named.of_a_group(10_000);
        assert_eq!((group.memory, group.processes), (5, 6));
        assert_eq!(group.swap, Swap::Never);
        let small = ResourceLimits {
            memory: Some(20_000),
            ..named
        };
        assert_eq!(small.of_a_group(10_000).memory, 9_000);
    }

    #[test]
    fn a_number_above_the_usual_one_is_named() {
        let mut limits = ResourceLimits {
            memory: Some(u64::MAX),
            file_size: Some(FILE_SIZE),
            ..ResourceLimits::default()
        };
        assert_eq!(limits.above_usual(), None);
        limits.file_size = Some(FILE_SIZE + 1);
        assert_eq!(limits.above_usual(), Some("file-size"));
    }
}
