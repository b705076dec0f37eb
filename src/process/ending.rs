//! How a child process ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::words;

const SIGKILL: i32 = Signal::SIGKILL as i32;

/// The signals that end a program that broke down by itself.
const CRASHES: [Signal; 7] = [
    Signal::SIGABRT,
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGILL,
    Signal::SIGFPE,
    Signal::SIGTRAP,
    Signal::SIGSYS,
];

/// How a child process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    /// Stopped after this time without any output.
    Silent(Duration),
    Cancelled,
    /// The system ended it for having more memory than these bytes, which the settings allow.
    OutOfMemory(u64),
}

impl Ending {
    /// Checks whether the program ended by itself with exit code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exit(0)
    }

    /// Checks whether something other than batch killed the program, as the system does when memory runs out. A program
    /// that batch kills has another ending.
    #[must_use]
    pub fn is_kill(self) -> bool {
        // A shell reports a killed child by 128 plus the number of the signal.
        matches!(self, Self::Signal(SIGKILL)) || self == Self::Exit(128 + SIGKILL)
    }

    /// Returns the ending of a program whose wrapper reports it as a shell does: a signal as 128 and its number.
    pub(super) fn as_told_by_wrapper(self) -> Self {
        let signals =
            CRASHES
                .into_iter()
                .chain([Signal::SIGKILL, Signal::SIGTERM, Signal::SIGXFSZ]);
        match self {
            Self::Exit(code) => signals
                .map(|signal| signal as i32)
                .find(|signal| code == 128 + signal)
                .map_or(self, Self::Signal),
            other => other,
        }
    }

    /// Checks whether the program broke down by itself: it aborted, or did what the system forbids.
    #[must_use]
    pub fn is_crash(self) -> bool {
        let is_signal = |number| CRASHES.iter().any(|signal| *signal as i32 == number);
        match self {
            Self::Signal(number) => is_signal(number),
            // A shell reports the signal of its child like this, and so do wrappers of programs.
            Self::Exit(code) => is_signal(code - 128),
            Self::TimedOut(_) | Self::Silent(_) | Self::Cancelled | Self::OutOfMemory(_) => false,
        }
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(code),
            (None, Some(signal)) => Self::Signal(signal),
            // A stopped or continued child, which a plain wait never reports.
            (None, None) => Self::Exit(-1),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(out, "exit code {code}"),
            Self::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "ended by {signal}"),
                Err(_) => write!(out, "ended by signal {number}"),
            },
            Self::TimedOut(limit) => write!(out, "not done within {limit:?}"),
            Self::Silent(limit) => write!(out, "silent for {limit:?}"),
            Self::Cancelled => write!(out, "cancelled"),
            Self::OutOfMemory(bytes) => write!(
                out,
                "ended at its limit of {} of memory; memory under [sandbox] sets another",
                words::bytes(*bytes)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_reads_as_part_of_a_sentence() {
        let shown: Vec<String> = [
            Ending::Exit(101),
            Ending::Signal(9),
            Ending::Signal(64),
            Ending::TimedOut(Duration::from_secs(90)),
            Ending::Cancelled,
            Ending::OutOfMemory(8_000_000_000),
        ]
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            shown,
            [
                "exit code 101",
                "ended by SIGKILL",
                "ended by signal 64",
                "not done within 90s",
                "cancelled",
                "ended at its limit of 8 GB of memory; memory under [sandbox] sets another"
            ]
        );
    }

    #[test]
    fn a_program_that_breaks_down_is_told_from_one_that_fails_or_is_killed() {
        for crash in [
            Ending::Signal(6),
            Ending::Signal(11),
            Ending::Exit(134),
            Ending::Exit(139),
        ] {
            assert!(crash.is_crash() && !crash.is_kill(), "{crash}");
        }
        for other in [
            Ending::Exit(1),
            Ending::Exit(255),
            Ending::Exit(137),
            Ending::Signal(15),
            Ending::Cancelled,
        ] {
            assert!(!other.is_crash(), "{other}");
        }
    }

    #[test]
    fn an_ending_is_serialized_without_loss() -> serde_json::Result<()> {
        for ending in [
            Ending::Exit(0),
            Ending::Signal(15),
            Ending::TimedOut(Duration::from_millis(1500)),
            Ending::Silent(Duration::from_secs(1)),
            Ending::Cancelled,
            Ending::OutOfMemory(8_000_000_000),
        ] {
            let text = serde_json::to_string(&ending)?;
            assert_eq!(serde_json::from_str::<Ending>(&text)?, ending);
        }
        Ok(())
    }
}
