//! A check: a command that must pass, and the folder it runs in.

use std::path::{Path, PathBuf};

use crate::config::CommandLine;
use crate::words;

/// A command that must pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// The command as a person would type it, without the secrets in it.
    pub name: String,
    pub command: CommandLine,
    /// The folder it runs in, as a path from the worktree's root; empty for the root itself.
    pub dir: String,
    /// Where the command comes from: `--check`, `Cargo.toml of crates/foo`.
    pub source: String,
}

impl Check {
    /// Makes a check of a shell line that the user wrote. It runs in the worktree's root; `source` says where they
    /// wrote it.
    pub(crate) fn given(line: &str, source: &str) -> Self {
        Self {
            name: words::command_line(line),
            command: CommandLine::Shell(line.to_owned()),
            dir: String::new(),
            source: source.to_owned(),
        }
    }

    /// Returns the folder in which the check runs in this worktree.
    pub(super) fn folder(&self, worktree: &Path) -> PathBuf {
        // Joining an empty path would add a slash, and `PWD` would have it, too.
        if self.dir.is_empty() {
            worktree.to_owned()
        } else {
            worktree.join(&self.dir)
        }
    }

    /// Makes a check of a command that was found for a package; `source` names the manifest.
    pub(super) fn found<W: Into<String>>(
        words: impl IntoIterator<Item = W>,
        dir: &str,
        source: String,
    ) -> Self {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        // Only a word with a NUL byte cannot be quoted, and no path in git has one.
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
