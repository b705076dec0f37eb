//! The only room that starts child processes, so that every one of them has a time limit, a process group that can be
//! ended as a whole, bounded output and an environment chosen on purpose.
//!
//! [`run`] is for what works on a unit (agents, checks, setup): asynchronous, cancellable, output into a log file.
//! [`Capture`] is for short questions to programs of the user's own (`git`, `gh`): synchronous, output into memory, the
//! parent's environment kept. [`foreground`] is the one exception to all of that: a program that the user works in, such
//! as an editor, gets the terminal for as long as it likes. None of them knows what a unit or an agent is.

mod background;
mod capture;
mod command;
mod environment;
mod error;
mod foreground;
mod group;
mod lines;
mod program;
mod recorder;
mod strays;

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

pub use background::background;
pub use capture::Capture;
pub use command::{Command, Finished, run, run_heard};
pub use environment::Environment;
pub use error::ProcessError;
pub use foreground::foreground;
pub use lines::Lines;
pub use program::{find_program, locate};
pub use strays::end_strays;

const SIGKILL: i32 = Signal::SIGKILL as i32;

/// How a child process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    /// Stopped after so long without any output.
    Silent(Duration),
    Cancelled,
}

impl Ending {
    /// Whether the program ended by itself and said that all went well.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exit(0)
    }

    /// Whether something other than batch killed it, as the system does when memory runs out. What we kill ourselves ends
    /// in other ways.
    #[must_use]
    pub fn is_kill(self) -> bool {
        // By 128 and the signal's number a shell tells it of its own child.
        matches!(self, Self::Signal(SIGKILL)) || self == Self::Exit(128 + SIGKILL)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exit(code),
            (None, Some(signal)) => Self::Signal(signal),
            // Neither: a stopped or continued child, which a plain wait never reports.
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
    fn an_ending_reads_like_a_sentence_part() {
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
    fn an_ending_survives_the_journal() -> serde_json::Result<()> {
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
