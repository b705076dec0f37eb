//! Says which limit has to do with the failure of a program: a program that runs into one seldom says so itself, and
//! never which setting it is. Pure.

use std::sync::LazyLock;

use nix::sys::signal::Signal;
use regex::Regex;

use super::ending::Ending;
use super::sandbox::{Exceeded, ResourceLimits, WorkerGroup};
use crate::words;

/// The signal for a process that would have a file grow beyond its limit.
const XFSZ: i32 = Signal::SIGXFSZ as i32;

/// What programs print when they get no memory.
static NO_MEMORY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"ENOMEM|(?i:cannot allocate memory|out of memory)|MemoryError|OutOfMemoryError|bad_alloc|",
        r"memory allocation of \d+ bytes failed|virtual memory exhausted",
    ))
    .ok()
});

/// What programs print when they cannot start another one.
static NO_PROCESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"EAGAIN|(?i:resource temporarily unavailable|cannot fork|can't fork)").ok()
});

/// What programs print when a file cannot grow.
static NO_LARGER_FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"EFBIG|(?i:file too large|file size limit exceeded)").ok());

/// What programs print when they cannot open another file.
static NO_FURTHER_FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"EMFILE|(?i:too many open files)").ok());

/// Whose memory and processes are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounded {
    /// Each process alone.
    EachProcess,
    /// The worker as a whole, which ran into this limit.
    Worker(Option<Exceeded>),
}

impl Bounded {
    pub(super) fn by(group: Option<&WorkerGroup>) -> Self {
        group.map_or(Self::EachProcess, |group| Self::Worker(group.exceeded()))
    }

    /// Returns the ending of a program, which may be the work of a limit.
    pub(super) fn ending(self, ending: Ending) -> Ending {
        match (self, ending) {
            (_, ending) if ending.is_success() => ending,
            (Self::Worker(Some(Exceeded::Memory(bytes))), Ending::Exit(_) | Ending::Signal(_)) => {
                Ending::OutOfMemory(bytes)
            }
            (_, ending) => ending,
        }
    }

    /// Returns a sentence about the limits that a failed program seems to have run into.
    pub(super) fn note(
        self,
        limits: &ResourceLimits,
        ending: Ending,
        tail: &str,
    ) -> Option<String> {
        if ending.is_success() {
            return None;
        }
        let says = |form: &LazyLock<Option<Regex>>| {
            let form = form.as_ref();
            form.is_some_and(|form| form.is_match(tail))
        };
        let mut found = Vec::new();
        match self {
            Self::Worker(Some(Exceeded::Processes(count))) => found.push(format!(
                "a worker may have {count} processes at once (processes under [sandbox])"
            )),
            Self::Worker(_) => {}
            Self::EachProcess => {
                let memory = limits.memory.filter(|_| says(&NO_MEMORY));
                found.extend(memory.map(|bytes| {
                    format!(
                        "a process may have {} of memory (memory under [sandbox])",
                        words::bytes(bytes)
                    )
                }));
                let processes = limits.processes.filter(|_| says(&NO_PROCESS));
                found.extend(processes.map(|count| {
                    format!(
                        "a worker starts no process while your user has {count} of them (processes under [sandbox])"
                    )
                }));
            }
        }
        let is_signal = [Ending::Signal(XFSZ), Ending::Exit(128 + XFSZ)].contains(&ending);
        if is_signal || says(&NO_LARGER_FILE) {
            found.push(format!(
                "a file may have {} (file-size under [sandbox])",
                words::bytes(limits.file_size())
            ));
        }
        let files = limits.open_files.filter(|_| says(&NO_FURTHER_FILE));
        found.extend(files.map(|count| {
            format!("a process may have {count} files open (open-files under [sandbox])")
        }));
        (!found.is_empty()).then(|| format!("batch: {}", found.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: ResourceLimits = ResourceLimits {
        memory: Some(100_000_000),
        processes: Some(40),
        file_size: Some(1_000_000),
        open_files: Some(64),
    };

    fn note(limits: &ResourceLimits, bounded: Bounded, ending: Ending, tail: &str) -> String {
        let note = bounded.note(limits, ending, tail);
        note.unwrap_or_else(|| "nothing".to_owned())
    }

    #[test]
    fn the_setting_of_a_limit_is_named() {
        let fail = Ending::Exit(1);
        let alone = |tail: &str| note(&NAMED, Bounded::EachProcess, fail, tail);
        let refused = Bounded::Worker(Some(Exceeded::Processes(40)));
        let said = [
            alone("python3: MemoryError"),
            alone("sh: 0: Cannot fork"),
            alone("OSError: [Errno 24] Too many open files"),
            alone("OSError: [Errno 27] File too large"),
            note(&NAMED, Bounded::EachProcess, Ending::Signal(25), ""),
            note(
                &ResourceLimits::default(),
                Bounded::EachProcess,
                Ending::Exit(153),
                "",
            ),
            note(&NAMED, refused, fail, "fork: retry"),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        batch: a process may have 100 MB of memory (memory under [sandbox])
        batch: a worker starts no process while your user has 40 of them (processes under [sandbox])
        batch: a process may have 64 files open (open-files under [sandbox])
        batch: a file may have 1 MB (file-size under [sandbox])
        batch: a file may have 1 MB (file-size under [sandbox])
        batch: a file may have 20 GB (file-size under [sandbox])
        batch: a worker may have 40 processes at once (processes under [sandbox])
        ");
    }

    #[test]
    fn nothing_is_said_of_a_limit_that_did_not_hold() {
        let said = |limits: &ResourceLimits, bounded, ending| {
            note(
                limits,
                bounded,
                ending,
                "Cannot allocate memory, cannot fork",
            )
        };
        let none = ResourceLimits::default();
        let fail = Ending::Exit(1);
        assert_eq!(said(&none, Bounded::EachProcess, fail), "nothing");
        assert_eq!(
            said(&NAMED, Bounded::EachProcess, Ending::Exit(0)),
            "nothing"
        );
        assert_eq!(said(&NAMED, Bounded::Worker(None), fail), "nothing");
    }

    #[test]
    fn a_worker_without_memory_is_told_from_one_that_fails() {
        let ended = Bounded::Worker(Some(Exceeded::Memory(7)));
        assert_eq!(ended.ending(Ending::Signal(9)), Ending::OutOfMemory(7));
        assert_eq!(ended.ending(Ending::Exit(137)), Ending::OutOfMemory(7));
        assert_eq!(ended.ending(Ending::Exit(0)), Ending::Exit(0));
        assert_eq!(ended.ending(Ending::Cancelled), Ending::Cancelled);
        assert_eq!(
            Bounded::Worker(None).ending(Ending::Signal(9)),
            Ending::Signal(9)
        );
    }
}
