//! How a child process ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

const SIGKILL: i32 = Signal::SIGKILL as i32;

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
                "cancelled"
            ]
        );
    }

    #[test]
    fn an_ending_is_serialized_without_loss() -> serde_json::Result<()> {
        for ending in [
            Ending::Exit(0),
            Ending::Signal(15),
            Ending::TimedOut(Duration::from_millis(1500)),
            Ending::Silent(Duration::from_secs(1)),
            Ending::Cancelled,
        ] {
            let text = serde_json::to_string(&ending)?;
            assert_eq!(serde_json::from_str::<Ending>(&text)?, ending);
        }
        Ok(())
    }
}
