//! A command that must pass, and where it runs.

use crate::config::CommandLine;

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

    /// A command that was found for the files in `dir`.
    pub(super) fn found<W: Into<String>>(
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
