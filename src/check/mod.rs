//! Commands that must pass, and what they say of a unit.
//!
//! A [`Check`] is one command and where it runs: [given](Check::given) by the user, or [`discover`]ed from the files of
//! the base for what a unit claims. [`run`] runs it in a worktree and tells which tests failed; [`obstacle`] says
//! beforehand why it could not. A [`Failure`] that is held against that of the untouched base gives a [`Verdict`]. This
//! room knows nothing of runs, plans or agents, and it does not repeat what failed.

mod cargo;
mod discover;
mod execute;
mod failed;
mod go;
mod gradle;
mod make;
mod maven;
mod node;
mod packages;
mod python;
#[cfg(test)]
mod tests;
mod tree;
mod verdict;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::config::CommandLine;
use crate::process::Ending;

pub use discover::discover;
pub use execute::{CheckError, obstacle, run};
pub use verdict::{Failure, Verdict};

/// A command that must pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The command as a person would type it.
    pub name: String,
    pub command: CommandLine,
    /// Where it runs, as a path from the worktree's root; empty for the root itself.
    pub dir: String,
    /// Why this command: `--check`, `Cargo.toml of crates/foo`.
    pub source: String,
}

impl Check {
    /// A shell line that the user wrote, run in the worktree's root; `source` is where they wrote it.
    pub fn given(line: &str, source: &str) -> Self {
        Self {
            name: line.to_owned(),
            command: CommandLine::Shell(line.to_owned()),
            dir: String::new(),
            source: source.to_owned(),
        }
    }

    fn found<W: Into<String>>(
        words: impl IntoIterator<Item = W>,
        dir: &str,
        source: String,
    ) -> Self {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        // A word with a NUL byte cannot be quoted; no path in git holds one.
        let name =
            shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
        Self {
            name,
            command: CommandLine::Direct(words),
            dir: dir.to_owned(),
            source,
        }
    }
}

/// What came of one run of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub ending: Ending,
    /// The tests that failed; empty where it passed, and where the runner names none.
    pub tests: BTreeSet<String>,
    pub took: Duration,
    /// The last lines of its output as plain text.
    pub tail: String,
}

impl Ran {
    /// How it failed; nothing where it passed.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        (!self.ending.is_success()).then(|| Failure {
            ending: self.ending,
            tests: self.tests.clone(),
        })
    }
}
